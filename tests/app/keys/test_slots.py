from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_secure.app.content import files
from jupyter_secure.app.keys.slots import add_key_file, remove_slot
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    Refused,
    SecureError,
    StateUnusable,
    StorageFailed,
    WrongKey,
)
from jupyter_secure.store import vault_file
from jupyter_secure.store.vault_file import load_keyring, save_keyring
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

KEY = bytes(range(32))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with a vault of one account."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_SECURE_DIR", str(folder))
    root = RootKey(KEY)
    keyring = Keyring.from_root(root, b"v" * 16, 1)
    keyring = keyring.add_password_slot(root, "alice", "correct horse", profile=OWASP_MINIMUM)
    save_keyring(folder, keyring)
    return folder


def test_made(state: Path, tmp_path: Path) -> None:
    """The file is made, opens the vault, and is listed; the password opens it as before."""
    path = tmp_path / "vault.key"
    added = add_key_file(RootKey(KEY), path, "Night Job")
    assert (added.name, added.made) == ("night job", True)
    assert files.root_from_key_file(path).expose() == KEY
    assert load_keyring(state).names == ("alice", "night job")
    assert files.root_from_password("alice", "correct horse").expose() == KEY
    assert files.account_names() == ("alice",)


def test_used_as_it_is(state: Path, tmp_path: Path) -> None:  # noqa: ARG001  # a fixture for what it does
    """A key file that exists, of another vault for instance, is used and not written to."""
    path = tmp_path / "vault.key"
    add_key_file(RootKey(KEY), path)
    before = path.read_bytes()
    remove_slot(RootKey(KEY), "key file")
    with pytest.raises(WrongKey):
        files.root_from_key_file(path)
    assert path.read_bytes() == before
    added = add_key_file(RootKey(KEY), path)
    assert (added.made, path.read_bytes()) == (False, before)
    assert files.root_from_key_file(path).expose() == KEY


@pytest.mark.parametrize(
    ("prepare", "name", "error"),
    [
        (lambda _: None, "alice", Conflict),
        (lambda _: None, "", InvalidInput),
        (lambda _: None, "a\u202eb", InvalidInput),
        (lambda path: path.write_text("precious"), "key file", SecureError),
        (lambda path: add_key_file(RootKey(KEY), path, "first"), "second", Conflict),
    ],
    ids=["account", "empty", "hidden", "another file", "known already"],
)
def test_refused(
    state: Path,
    tmp_path: Path,
    prepare: Callable[[Path], object],
    name: str,
    error: type[SecureError],
) -> None:
    """What cannot be added changes nothing, and leaves no new file behind."""
    path = tmp_path / "vault.key"
    prepare(path)
    before = (path.read_bytes() if path.exists() else None, (state / "vault.json").read_bytes())
    with pytest.raises(error):
        add_key_file(RootKey(KEY), path, name)
    after = (path.read_bytes() if path.exists() else None, (state / "vault.json").read_bytes())
    assert after == before


def test_beside_the_vault(state: Path, tmp_path: Path) -> None:
    """A key file in the state directory would be in every copy of it, and no link helps."""
    (tmp_path / "link").symlink_to(state)
    for path in (state / "vault.key", tmp_path / "link" / "vault.key"):
        with pytest.raises(InvalidInput, match="state directory"):
            add_key_file(RootKey(KEY), path)
    assert not (state / "vault.key").exists()


def test_full_disk(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When vault.json cannot be written, the key file that was made goes again."""

    def full(*_: object) -> None:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(vault_file, "save_keyring", full)
    with pytest.raises(StorageFailed):
        add_key_file(RootKey(KEY), tmp_path / "vault.key")
    assert not (tmp_path / "vault.key").exists()
    assert load_keyring(state).key_files == ()


def test_other_vaults_key(state: Path, tmp_path: Path) -> None:
    """Another vault's root key neither adds nor removes."""
    with pytest.raises(WrongKey):
        add_key_file(RootKey.generate(), tmp_path / "vault.key")
    assert not (tmp_path / "vault.key").exists()
    add_key_file(RootKey(KEY), tmp_path / "vault.key")
    with pytest.raises(WrongKey):
        remove_slot(RootKey.generate(), "key file")
    assert len(load_keyring(state).key_files) == 1


def test_removed(state: Path, tmp_path: Path) -> None:
    """A key file goes by its name as typed; an account's slot and an unknown one do not."""
    add_key_file(RootKey(KEY), tmp_path / "vault.key", "Night Job")
    with pytest.raises(Refused, match="vault password"):
        remove_slot(RootKey(KEY), "alice")
    with pytest.raises(NotFound, match="night job"):
        remove_slot(RootKey(KEY), "day job")
    remove_slot(RootKey(KEY), "Night Job")
    assert load_keyring(state).names == ("alice",)
    assert (tmp_path / "vault.key").exists()


def test_altered_vault(state: Path, tmp_path: Path) -> None:
    """A key file of a vault.json that was altered elsewhere opens nothing, and it is said why."""
    add_key_file(RootKey(KEY), tmp_path / "vault.key")
    path = state / "vault.json"
    path.write_text(path.read_text().replace('"epoch": 1', '"epoch": 2'))
    with pytest.raises(StateUnusable, match="altered"):
        files.root_from_key_file(tmp_path / "vault.key")
