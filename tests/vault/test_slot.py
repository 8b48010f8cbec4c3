from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_secure.crypto.kdf import OWASP_MINIMUM, Argon2idProfile
from jupyter_secure.errors import InvalidInput, WrongKey
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.slot import Slot

VAULT_ID = bytes(16)
KEY = bytes(range(32))


@pytest.fixture(scope="module")
def slot() -> Slot:
    """Alice's slot."""
    return Slot.wrap(VAULT_ID, RootKey(KEY), "alice", "pâssé ﬁne", OWASP_MINIMUM)


@pytest.mark.parametrize("typed", ["pâssé ﬁne", "pa\u0302sse\u0301 fine"])
def test_opens(slot: Slot, typed: str) -> None:
    """The password opens it however a keyboard composes its letters."""
    assert slot.unwrap(VAULT_ID, typed).expose() == KEY


@pytest.mark.parametrize(
    "change",
    [
        {"name": "bob"},
        {"slot_id": bytes(16)},
        {"salt": bytes(16)},
        {"profile": Argon2idProfile(3, 1, 19456)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_bound_to_what_it_says(slot: Slot, change: dict[str, object]) -> None:
    """A slot that was given another name, or was altered otherwise, opens no more."""
    with pytest.raises(WrongKey):
        replace(slot, **change).unwrap(VAULT_ID, "pâssé ﬁne")


def test_bound_to_its_vault(slot: Slot) -> None:
    """A slot that was moved into another vault's file opens nothing there."""
    with pytest.raises(WrongKey):
        slot.unwrap(bytes([1]) * 16, "pâssé ﬁne")


@pytest.mark.parametrize(
    ("name", "password"),
    [("", "good"), ("x" * 1025, "good"), ("\ud800", "good"), ("alice", ""), ("alice", "\udfff")],
)
def test_what_cannot_be_stored(name: str, password: str) -> None:
    """A name or password that is empty, too long or not valid text is refused."""
    with pytest.raises(InvalidInput):
        Slot.wrap(VAULT_ID, RootKey(KEY), name, password, OWASP_MINIMUM)
