from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_secure.errors import Conflict, StateUnusable, WrongKey
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

OLD, NEW = RootKey(bytes(range(32))), RootKey(bytes(range(32, 64)))
VAULT_ID = b"v" * 16


@pytest.fixture
def between() -> Keyring:
    """A vault between two root keys."""
    return Keyring.from_root(OLD, VAULT_ID, 4).with_new_root(OLD, NEW, 7)


def test_only_forward(between: Keyring) -> None:
    """The new key gives the old one; the old one gives nothing."""
    read = Keyring.from_json(between.to_json())
    assert read == between
    assert (read.epoch, read.slots, read.key_files) == (7, (), ())
    found = read.previous_root(NEW)
    assert found is not None
    assert found.expose() == OLD.expose()
    with pytest.raises(WrongKey):
        read.previous_root(OLD)


def test_afterwards(between: Keyring) -> None:
    """When it is finished nothing of the old key is left."""
    after = between.without_previous(NEW)
    assert after.previous_root(NEW) is None
    with pytest.raises(WrongKey):
        between.without_previous(OLD)
    assert b"previous" not in after.to_json()
    assert after.with_epoch(NEW, 8).epoch == 8


def test_one_at_a_time(between: Keyring) -> None:
    """Meanwhile there is neither another epoch nor another root key."""
    with pytest.raises(Conflict, match="--full"):
        between.with_epoch(NEW, 8)
    with pytest.raises(ValueError, match="One change"):
        between.with_new_root(NEW, RootKey.generate(), 9)
    with pytest.raises(ValueError, match="epoch of its own"):
        Keyring.from_root(OLD, VAULT_ID, 4).with_new_root(OLD, NEW, 4)
    with pytest.raises(WrongKey):
        Keyring.from_root(OLD, VAULT_ID, 4).with_new_root(NEW, OLD, 5)


@pytest.mark.parametrize("change", ["epoch", "wrapped", "moved"])
def test_altered(between: Keyring, change: str) -> None:
    """An old key that was altered, or is of another vault or change, is not taken."""
    assert between.previous is not None
    if change == "moved":
        other = Keyring.from_root(OLD, b"w" * 16, 4).with_new_root(OLD, NEW, 7)
        altered = replace(between, previous=other.previous)
    elif change == "epoch":
        altered = replace(between, previous=replace(between.previous, epoch=5))
    else:
        wrapped = bytes([between.previous.wrapped[0] ^ 1]) + between.previous.wrapped[1:]
        altered = replace(between, previous=replace(between.previous, wrapped=wrapped))
    with pytest.raises(StateUnusable, match="altered"):
        altered.previous_root(NEW)
