from __future__ import annotations

import pytest
from vectors import independent_keys, independent_reader, loading

from jupyter_secure.errors import InvalidInput, StateUnusable, UnsupportedFormat, WrongKey
from jupyter_secure.vault.key_file import FileKey
from jupyter_secure.vault.keyring import Keyring

VECTORS = loading.load("key-file.json")
ROOT, PREVIOUS = (bytes.fromhex(VECTORS[name]) for name in ("root_key", "previous_root_key"))
TEXT: str = VECTORS["text"]
KEY_FILE = VECTORS["key_files"][0].encode()


def altered(vector: dict[str, str]) -> bytes:
    """Make the alteration that a vector describes."""
    assert vector["replace"] in TEXT
    return TEXT.replace(vector["replace"], vector["with"], 1).encode()


@pytest.mark.parametrize("text", VECTORS["key_files"], ids=repr)
def test_frozen_key_file_opens(text: str) -> None:
    """The frozen key file opens the frozen vault, however its line ends, in both readers."""
    keyring = Keyring.from_json(TEXT.encode())
    root, slot = keyring.open_with_key_file(FileKey.from_text(text.encode()))
    previous = keyring.previous_root(root)
    assert previous is not None
    assert (root.expose(), previous.expose(), slot.name) == (ROOT, PREVIOUS, VECTORS["slot"])
    key = independent_keys.read_key_file(text.encode())
    assert independent_keys.open_vault_with_key_file(TEXT.encode(), key) == (ROOT, PREVIOUS)


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
        keyring.open_with_key_file(FileKey.from_text(KEY_FILE))
    assert caught.value.reason == vector["reason"]
    key = independent_keys.read_key_file(KEY_FILE)
    with pytest.raises(independent_reader.Refused):
        independent_keys.open_vault_with_key_file(altered(vector), key)


@pytest.mark.parametrize("vector", VECTORS["refused_files"], ids=lambda vector: vector["name"])
def test_frozen_files_are_refused(vector: dict[str, str]) -> None:
    """Every frozen text that is no key file is refused, here and in the independent reader."""
    with pytest.raises(InvalidInput):
        FileKey.from_text(vector["text"].encode())
    with pytest.raises(independent_reader.Refused):
        independent_keys.read_key_file(vector["text"].encode())
