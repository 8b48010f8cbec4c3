from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.crypto import aead
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import Conflict, InvalidInput, NotFound, StateUnusable, WrongKey
from jupyter_secure.vault.key_file import MAX_TEXT_BYTES, FileKey, KeyFileSlot
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

ROOT = RootKey(bytes(range(32)))
VAULT_ID = b"v" * 16
DIGITS = bytes(range(32)).hex().encode()
TEXT = b"jsec-key-file-1:" + DIGITS + b"\n"


@pytest.fixture
def keyring() -> Keyring:
    """A vault without any slot."""
    return Keyring.from_root(ROOT, VAULT_ID, 1)


@pytest.mark.parametrize("text", [TEXT, TEXT.rstrip(), TEXT.rstrip() + b"\r\n"])
def test_text(text: bytes) -> None:
    """The line end may be missing, or be that of Windows; it is written with a line feed."""
    assert len(text) <= MAX_TEXT_BYTES
    assert FileKey.from_text(text).expose() == bytes(range(32))
    assert FileKey.from_text(text).to_text() == TEXT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "empty"),
        (b"\n", "does not begin"),
        (bytes(32), "does not begin"),
        (DIGITS, "does not begin"),
        (b"\xef\xbb\xbf" + TEXT, "does not begin"),
        (b"jsec-key-file-2:" + DIGITS, "does not begin"),
        (TEXT[:-2], "cut short"),
        (TEXT[:16], "cut short"),
        (TEXT + b"\n", "something else"),
        (TEXT + TEXT, "something else"),
        (TEXT.rstrip() + b"00", "something else"),
        (TEXT.rstrip() + b"\r", "something else"),
        (TEXT.rstrip() + b" ", "something else"),
        (b"jsec-key-file-1: " + DIGITS[1:], "something else"),
        (b"jsec-key-file-1:" + DIGITS.upper(), "something else"),
        (b"jsec-key-file-1:" + b"zz" * 32, "something else"),
        (b"jsec-key-file-1:" + "\u0661".encode() * 32, "something else"),
    ],
)
def test_what_is_no_key_file(text: bytes, words: str) -> None:
    """Whatever else stands there is refused, with the reason and without a byte of it."""
    with pytest.raises(InvalidInput, match=words) as caught:
        FileKey.from_text(text, name="/k/vault.key")
    assert str(caught.value).startswith("/k/vault.key is not a key file.")
    assert "slots add --key-file" in caught.value.remedy
    assert DIGITS[1:].decode() not in str(caught.value).lower()


@given(st.binary(max_size=100))
def test_wild_text(text: bytes) -> None:
    """Any bytes are a key file in exactly one way, or refused."""
    try:
        key = FileKey.from_text(text)
    except InvalidInput:
        return
    assert key.to_text().rstrip() == text.rstrip()


def test_opens(keyring: Keyring) -> None:
    """A key file opens its own slot and no other, and says which."""
    one, two, stranger = FileKey.generate(), FileKey.generate(), FileKey.generate()
    both = keyring.add_key_file(ROOT, "one", one).add_key_file(ROOT, "two", two)
    read = Keyring.from_json(both.to_json())
    assert read == both
    for name, key in (("one", one), ("two", two)):
        root, slot = read.open_with_key_file(key)
        assert (root.expose(), slot.name) == (ROOT.expose(), name)
    with pytest.raises(WrongKey, match="2 slots"):
        read.open_with_key_file(stranger)
    with pytest.raises(WrongKey, match="no slot"):
        keyring.open_with_key_file(one)


@pytest.mark.parametrize("change", ["slot_id", "name", "vault", "wrapped"])
def test_bound_to_what_it_says(change: str) -> None:
    """A slot that was renamed, altered or moved to another vault opens no more."""
    key = FileKey.generate()
    slot = KeyFileSlot.wrap(VAULT_ID, ROOT, "one", key)
    altered = {
        "slot_id": replace(slot, slot_id=bytes(16)),
        "name": replace(slot, name="two"),
        "wrapped": replace(slot, wrapped=bytes(len(slot.wrapped))),
    }.get(change, slot)
    with pytest.raises(WrongKey):
        altered.unwrap(bytes(16) if change == "vault" else VAULT_ID, key)


def test_a_password_slot_is_no_key_file_slot(keyring: Keyring) -> None:
    """The two kinds differ in what they are bound to, so that neither passes for the other."""
    key = FileKey.generate()
    slot = KeyFileSlot.wrap(VAULT_ID, ROOT, "one", key)
    with pytest.raises(aead.InvalidSeal):
        aead.open_sealed(key.expose(), b"jsec/slot/v1" + VAULT_ID, slot.wrapped)
    mixed = keyring.add_password_slot(ROOT, "alice", "correct horse", profile=OWASP_MINIMUM)
    mixed = mixed.add_key_file(ROOT, "one", key)
    with pytest.raises(WrongKey):
        mixed.open_with_password("one", "correct horse")
    with pytest.raises(WrongKey):
        mixed.open_with_password("one", key.to_text().decode())


def test_impossible_changes(keyring: Keyring) -> None:
    """One name, one key, one vault: what would break that is refused."""
    key = FileKey.generate()
    mixed = keyring.add_key_file(ROOT, "one", key)
    with pytest.raises(Conflict, match="name"):
        mixed.add_key_file(ROOT, "one", FileKey.generate())
    with pytest.raises(Conflict, match="“one”"):
        mixed.add_key_file(ROOT, "two", key)
    with pytest.raises(Conflict, match="name"):
        mixed.add_password_slot(ROOT, "one", "correct horse", profile=OWASP_MINIMUM)
    with pytest.raises(WrongKey):
        mixed.add_key_file(RootKey.generate(), "two", FileKey.generate())
    with pytest.raises(InvalidInput):
        mixed.add_key_file(ROOT, "", FileKey.generate())
    with pytest.raises(NotFound):
        mixed.remove_key_file(ROOT, "two")
    assert mixed.remove_key_file(ROOT, "one") == keyring


def test_root_check(keyring: Keyring) -> None:
    """A slot that opens in a vault.json that was altered elsewhere gives out nothing."""
    key = FileKey.generate()
    altered = replace(keyring.add_key_file(ROOT, "one", key), root_check=bytes(32))
    with pytest.raises(StateUnusable, match="altered"):
        altered.open_with_key_file(key)


def test_kept_to_itself() -> None:
    """The key shows in no printed form, is not pickled, and is gone when wiped."""
    key = FileKey(bytes(range(32)))
    assert DIGITS.decode() not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    key.wipe()
    key.wipe()
    with pytest.raises(ValueError, match="wiped"):
        key.expose()
    with pytest.raises(ValueError, match="32 bytes"):
        FileKey(b"short")
