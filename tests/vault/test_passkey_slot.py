from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import Conflict, InvalidInput, StateUnusable, WrongKey
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keyring_passkeys import (
    open_with_passkey,
    passkey_slot,
    with_passkey,
    without_passkeys,
)
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passkey_slot import secret_input

ROOT = RootKey(bytes(range(32)))
SECRET, OTHER = bytes(range(32, 64)), bytes(range(64, 96))
EMPTY = Keyring.from_root(ROOT, bytes(16), 1)
KEYRING = with_passkey(with_passkey(EMPTY, ROOT, "one", SECRET), ROOT, "other", OTHER)


def test_each_opens_its_own_slot() -> None:
    """A passkey's secret opens the slot of that passkey and no other."""
    read = Keyring.from_json(KEYRING.to_json())
    assert open_with_passkey(read, "one", SECRET).expose() == ROOT.expose()
    assert open_with_passkey(read, "other", OTHER).expose() == ROOT.expose()
    for name, secret in (("one", OTHER), ("other", SECRET), ("none", SECRET)):
        with pytest.raises(WrongKey):
            open_with_passkey(read, name, secret)


@given(st.binary(max_size=80).filter(lambda secret: secret != SECRET))
def test_nothing_else_opens_it(secret: bytes) -> None:
    """No other bytes, of any length, open a slot."""
    with pytest.raises(WrongKey):
        open_with_passkey(KEYRING, "one", secret)


def test_one_secret_has_two_keys_in_two_slots() -> None:
    """The same secret twice gives two slots of which neither opens in the other's place."""
    twice = with_passkey(with_passkey(EMPTY, ROOT, "a", SECRET), ROOT, "b", SECRET)
    first, second = twice.passkeys
    assert first.wrapped != second.wrapped
    with pytest.raises(WrongKey):
        type(first)(second.slot_id, second.name, first.wrapped).unwrap(bytes(16), SECRET)


def test_it_is_replaced_in_place_and_removed() -> None:
    """A passkey has one slot; without it the others stay."""
    again = with_passkey(KEYRING, ROOT, "one", OTHER)
    assert [slot.name for slot in again.passkeys] == ["other", "one"]
    assert open_with_passkey(again, "one", OTHER).expose() == ROOT.expose()
    rest = without_passkeys(again, ROOT, {"one", "unknown"})
    assert [slot.name for slot in rest.passkeys] == ["other"]
    assert passkey_slot(rest, "one") is None
    rest.require_authentic(ROOT)


def test_names_are_shared_with_the_other_slots() -> None:
    """No two slots of any kinds have one name."""
    alice = EMPTY.add_password_slot(ROOT, "alice", "a password", profile=OWASP_MINIMUM)
    with pytest.raises(Conflict):
        with_passkey(alice, ROOT, "alice", SECRET)
    assert KEYRING.names == ("one", "other")
    with pytest.raises(Conflict):
        KEYRING.add_password_slot(ROOT, "one", "a password", profile=OWASP_MINIMUM)


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33), bytes(64)], ids=len)
def test_a_secret_of_another_length_is_none(secret: bytes) -> None:
    """A secret has 32 bytes."""
    with pytest.raises(InvalidInput):
        with_passkey(EMPTY, ROOT, "one", secret)


def test_it_takes_the_root_key() -> None:
    """Nobody adds or removes a slot with the key of another vault, or beside the MAC."""
    wrong = RootKey(bytes(32))
    for attempt in (
        lambda: with_passkey(KEYRING, wrong, "x", SECRET),
        lambda: without_passkeys(KEYRING, wrong, {"one"}),
    ):
        with pytest.raises(WrongKey):
            attempt()
    taken_out = KEYRING.to_json().decode().replace('"other"', '"others"').encode()
    with pytest.raises(StateUnusable, match="altered"):
        open_with_passkey(Keyring.from_json(taken_out), "one", SECRET)


def test_a_new_root_key_drops_them() -> None:
    """A change of the root key leaves no passkey's slot: what opens them is not at hand."""
    assert KEYRING.with_new_root(ROOT, RootKey.generate(), 2).passkeys == ()


def test_each_vault_asks_for_another_secret() -> None:
    """A passkey computes another secret for another vault."""
    assert len(secret_input(bytes(16))) == 32
    assert secret_input(bytes(16)) != secret_input(bytes(15) + b"\1")
