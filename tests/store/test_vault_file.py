from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import NotSetUp, StateUnusable, StorageFailed, UnsupportedFormat
from jupyter_secure.store.vault_file import VAULT_FILE, load_keyring, save_keyring
from jupyter_secure.vault.keyring import Keyring


@pytest.fixture(scope="module")
def keyring() -> Keyring:
    """A vault at the least cost."""
    return Keyring.create("alice", "correct horse", profile=OWASP_MINIMUM)[0]


def test_round_trip(tmp_path: Path, keyring: Keyring) -> None:
    """A saved keyring is loaded as it was."""
    save_keyring(tmp_path, keyring)
    assert load_keyring(tmp_path) == keyring


def test_only_the_owner_may_read_it(tmp_path: Path, keyring: Keyring) -> None:
    """The file is readable by its owner only, also where it was readable by all before."""
    path = tmp_path / VAULT_FILE
    path.write_bytes(b"old")
    path.chmod(0o644)
    save_keyring(tmp_path, keyring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_missing_means_not_set_up(tmp_path: Path) -> None:
    """Without the file, the message names it and says what to run."""
    with pytest.raises(NotSetUp, match="jupyter secure init") as caught:
        load_keyring(tmp_path)
    assert str(tmp_path / VAULT_FILE) in str(caught.value)


def test_unreadable_is_explained(tmp_path: Path) -> None:
    """What cannot be read as a file is refused by name, and is not taken for missing."""
    (tmp_path / VAULT_FILE).mkdir()
    with pytest.raises(StateUnusable, match="could not be read") as caught:
        load_keyring(tmp_path)
    assert not isinstance(caught.value, NotSetUp)
    assert str(tmp_path / VAULT_FILE) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b'"epoch": 1', b'"epoch": 0', StateUnusable),
        (b'"version": 1', b'"version": 2', UnsupportedFormat),
    ],
)
def test_damage_names_the_file_and_leaves_it(
    tmp_path: Path, keyring: Keyring, old: bytes, new: bytes, error: type[Exception]
) -> None:
    """A damaged file, or one of a later version, is refused by its path and stays as it is."""
    path = tmp_path / VAULT_FILE
    path.write_bytes(keyring.to_json().replace(old, new))
    before = path.read_bytes()
    with pytest.raises(error) as caught:
        load_keyring(tmp_path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_a_failed_save_keeps_the_old_one(
    tmp_path: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When saving fails, the vault that was there is there."""
    save_keyring(tmp_path, keyring)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed, match="disk is full"):
        save_keyring(tmp_path, replace(keyring, slots=()))
    assert load_keyring(tmp_path) == keyring


@pytest.mark.parametrize("what", ["pipe", "device", "folder", "huge"])
def test_something_else_in_its_place(tmp_path: Path, what: str) -> None:
    """What was put there from outside is refused at once, and takes no memory."""
    path = tmp_path / VAULT_FILE
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)
    with pytest.raises(StateUnusable):
        load_keyring(tmp_path)
