from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_secure.app.keys.recover import find_vault
from jupyter_secure.errors import Conflict, NotFound, WrongKey
from jupyter_secure.vault.envelope import FileClass
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

KEY, VAULT_ID = bytes(range(32)), b"v" * 16


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Put a sealed file below the folder, of that epoch, vault and key."""

    def write(name: str, epoch: int = 1, *, vault_id: bytes = VAULT_ID, key: bytes = KEY) -> Path:
        root = RootKey(key)
        vault = Vault(Keyring.from_root(root, vault_id, epoch))
        vault.unseal(root)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(vault.seal_bytes(b"x", file_class=FileClass.CONTENT))
        return path

    return write


def test_id_and_newest_epoch(put: Callable[..., Path], tmp_path: Path) -> None:
    """The vault's id and newest epoch come from the files that the key fits; others are counted."""
    put("a.ipynb", 1)
    put("sub/b.ipynb", 7)
    put("c.ipynb", 3)
    put("theirs.ipynb", 9, key=os.urandom(32))
    (tmp_path / "plain.ipynb").write_text("{}")
    (tmp_path / "cut.ipynb").write_bytes(put("c.ipynb").read_bytes()[:50])
    found = find_vault(RootKey(KEY), [tmp_path])
    assert found.keyring == Keyring.from_root(RootKey(KEY), VAULT_ID, 7)
    assert (found.fitting, found.others, len(found.failures)) == (3, 1, 1)
    assert "cut.ipynb" in str(found.failures[0])


def test_a_planted_header_chooses_nothing(put: Callable[..., Path], tmp_path: Path) -> None:
    """A header whose id or epoch was altered does not fit the key, so it decides nothing."""
    put("good.ipynb", 2)
    for at in (12, 27, 60, 67):
        blob = bytearray(put("bad.ipynb", 2).read_bytes())
        blob[at] ^= 0x40
        (tmp_path / f"bad{at}.ipynb").write_bytes(blob)
    (tmp_path / "bad.ipynb").unlink()
    found = find_vault(RootKey(KEY), [tmp_path])
    assert (found.keyring.vault_id, found.keyring.epoch) == (VAULT_ID, 2)
    assert (found.fitting, found.others) == (1, 4)


def test_nothing_sealed(tmp_path: Path) -> None:
    """Without a sealed file nothing can be known of the vault."""
    (tmp_path / "plain.ipynb").write_text("{}")
    with pytest.raises(NotFound, match="no sealed file"):
        find_vault(RootKey(KEY), [tmp_path])


def test_another_vaults_key(put: Callable[..., Path], tmp_path: Path) -> None:
    """A recovery key that fits no file is told apart from there being no file."""
    put("a.ipynb")
    with pytest.raises(WrongKey, match="opens none of the 1"):
        find_vault(RootKey.generate(), [tmp_path])


def test_two_vaults_with_one_key(put: Callable[..., Path], tmp_path: Path) -> None:
    """Which of two vaults is meant is not guessed."""
    one = put("a.ipynb")
    put("b.ipynb", vault_id=b"w" * 16)
    with pytest.raises(Conflict, match="several vaults"):
        find_vault(RootKey(KEY), [tmp_path])
    assert find_vault(RootKey(KEY), [one]).keyring.vault_id == VAULT_ID
