from __future__ import annotations

import pytest
from vectors import independent_keys, independent_reader, loading

from jupyter_secure.errors import StateUnusable, UnsupportedFormat, WrongKey
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keyring_passkeys import open_with_passkey
from jupyter_secure.vault.passkey_slot import secret_input

VECTORS = loading.load("passkey.json")
TEXT: str = VECTORS["text"]
SLOT: str = VECTORS["slot"]
SECRET = bytes.fromhex(VECTORS["secret"])


def altered(vector: dict[str, str]) -> bytes:
    """Make the alteration that a vector describes."""
    assert vector["replace"] in TEXT
    return TEXT.replace(vector["replace"], vector["with"], 1).encode()


def test_frozen_secret_opens() -> None:
    """The frozen secret opens the frozen vault, in both readers, and is asked for alike."""
    root = open_with_passkey(Keyring.from_json(TEXT.encode()), SLOT, SECRET)
    assert root.expose().hex() == VECTORS["root_key"]
    other = independent_keys.open_vault_with_passkey(TEXT.encode(), SLOT, SECRET)
    assert other.hex() == VECTORS["root_key"]
    vault_id = bytes.fromhex(VECTORS["vault_id"])
    assert secret_input(vault_id).hex() == VECTORS["secret_input"]
    assert independent_keys.passkey_input(vault_id).hex() == VECTORS["secret_input"]


def test_frozen_text_is_written_as_it_was() -> None:
    """Reading the frozen vault and writing it again changes no byte."""
    assert Keyring.from_json(TEXT.encode()).to_json().decode() == TEXT


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_frozen_alterations_are_refused(vector: dict[str, str]) -> None:
    """Every frozen malformed vault is refused before any key is tried, for the reason given."""
    expected = UnsupportedFormat if vector["reason"] == "unsupported-format" else StateUnusable
    with pytest.raises(expected) as caught:
        Keyring.from_json(altered(vector))
    assert caught.value.reason == vector["reason"]


@pytest.mark.parametrize("vector", VECTORS["unopened"], ids=lambda vector: vector["name"])
def test_frozen_alterations_give_no_key(vector: dict[str, str]) -> None:
    """A well-formed alteration gives out no root key, here or in the independent reader."""
    keyring = Keyring.from_json(altered(vector))
    with pytest.raises((WrongKey, StateUnusable)) as caught:
        open_with_passkey(keyring, SLOT, SECRET)
    assert caught.value.reason == vector["reason"]
    with pytest.raises(independent_reader.Refused):
        independent_keys.open_vault_with_passkey(altered(vector), SLOT, SECRET)


@pytest.mark.parametrize("secret", VECTORS["refused_secrets"], ids=len)
def test_frozen_secrets_do_not_open(secret: str) -> None:
    """Every frozen wrong secret is refused, here and in the independent reader."""
    with pytest.raises(WrongKey):
        open_with_passkey(Keyring.from_json(TEXT.encode()), SLOT, bytes.fromhex(secret))
    with pytest.raises(independent_reader.Refused):
        independent_keys.open_vault_with_passkey(TEXT.encode(), SLOT, bytes.fromhex(secret))
