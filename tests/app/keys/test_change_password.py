from __future__ import annotations

import threading
from pathlib import Path

import pytest

from jupyter_secure.app.keys.change_password import change_password, check_new, check_old
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import InvalidInput, NotSetUp, StorageFailed, WeakPassword, WrongKey
from jupyter_secure.store import vault_file
from jupyter_secure.store.database import Database
from jupyter_secure.store.vault_file import change_keyring, load_keyring, save_keyring
from jupyter_secure.vault.keyring import Keyring

OLD, NEW = "a kestrel over Brecon", "an otter under Hay bridge"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with the vault of two accounts."""
    monkeypatch.setenv("JUPYTER_SECURE_DIR", str(tmp_path))
    keyring, root = Keyring.create("alice", OLD, profile=OWASP_MINIMUM)
    save_keyring(tmp_path, keyring.add_password_slot(root, "bob", OLD, profile=OWASP_MINIMUM))
    root.wipe()
    Database.create(tmp_path / "state.db").close()
    return tmp_path


def change(old: str, new: str, username: str = "Alice") -> None:
    change_password(username, old, new, profile=OWASP_MINIMUM)


def test_the_new_one_opens_and_the_old_one_does_not(state: Path) -> None:
    """The same root key opens with the new password only; other accounts are left alone."""
    before = load_keyring(state)
    change(OLD, NEW)
    after = load_keyring(state)
    root = after.open_with_password("alice", NEW)
    assert root.expose() == before.open_with_password("alice", OLD).expose()
    with pytest.raises(WrongKey):
        after.open_with_password("alice", OLD)
    assert (after.slots[1], after.vault_id, after.epoch) == (
        before.slots[1],
        before.vault_id,
        before.epoch,
    )
    assert after.slots[0].salt != before.slots[0].salt


def test_a_copy_of_before_opens_with_the_old_one(state: Path) -> None:
    """What the command warns of is so: an older vault.json opens with the old password."""
    copy = (state / "vault.json").read_bytes()
    change(OLD, NEW)
    root = load_keyring(state).open_with_password("alice", NEW)
    assert Keyring.from_json(copy).open_with_password("alice", OLD).expose() == root.expose()


@pytest.mark.parametrize(
    ("username", "old", "new", "error"),
    [
        ("alice", "not the password", NEW, WrongKey),
        ("carol", OLD, NEW, WrongKey),
        ("alice", OLD, "password12", WeakPassword),
        ("alice", OLD, OLD, WeakPassword),
        ("alice", OLD, "x" * 2000, InvalidInput),
    ],
)
def test_refused(state: Path, username: str, old: str, new: str, error: type[Exception]) -> None:
    """A wrong old password or a poor new one changes no byte."""
    before = (state / "vault.json").read_bytes()
    with pytest.raises(error):
        change(old, new, username)
    assert (state / "vault.json").read_bytes() == before


def test_a_slot_that_does_not_open_is_not_written(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the new slot not open with the new password, the old one stays."""
    real = Keyring.replace_password

    def spoilt(self: Keyring, *arguments: object, **options: object) -> Keyring:
        return real(self, arguments[0], arguments[1], "another", **options)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(Keyring, "replace_password", spoilt)
    before = (state / "vault.json").read_bytes()
    with pytest.raises(WrongKey):
        change(OLD, NEW)
    assert (state / "vault.json").read_bytes() == before


def test_a_full_disk_keeps_the_old_one(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When vault.json cannot be written, the old password is still the password."""

    def full(*_: object) -> None:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(vault_file, "save_keyring", full)
    with pytest.raises(StorageFailed):
        change(OLD, NEW)
    monkeypatch.undo()
    load_keyring(state).open_with_password("alice", OLD)


def test_asked_before(state: Path) -> None:  # noqa: ARG001  # a fixture for what it does
    """A wrong old password, or a poor new one, can be told while the person is asked."""
    check_old("alice", OLD)
    with pytest.raises(WrongKey):
        check_old("alice", NEW)
    check_new("alice", OLD, NEW)
    with pytest.raises(WeakPassword):
        check_new("alice", OLD, "password12")


def test_two_changes_at_once(state: Path) -> None:
    """Changes from two sides both take effect: neither is written over by the other."""
    inside, go_on = threading.Event(), threading.Event()

    def slowly(keyring: Keyring) -> Keyring:
        inside.set()
        assert go_on.wait(20)
        return keyring.remove_slot(keyring.open_with_password("alice", OLD), "bob")

    first = threading.Thread(target=change_keyring, args=(state, slowly))
    first.start()
    assert inside.wait(20)
    second = threading.Thread(target=change, args=(OLD, NEW))
    second.start()
    go_on.set()
    first.join()
    second.join()
    keyring = load_keyring(state)
    assert [slot.name for slot in keyring.slots] == ["alice"]
    keyring.open_with_password("alice", NEW)


def test_not_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a vault it says what to run."""
    monkeypatch.setenv("JUPYTER_SECURE_DIR", str(tmp_path / "none"))
    with pytest.raises(NotSetUp):
        change(OLD, NEW)
