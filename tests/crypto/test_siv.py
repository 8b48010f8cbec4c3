from __future__ import annotations

import os

import pytest

from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.crypto.siv import KEY_BYTES, TAG_BYTES, Siv


def test_frozen_vector() -> None:
    """RFC 5297, appendix A.1."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    context = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    message = bytes.fromhex("112233445566778899aabbccddee")
    sealed = bytes.fromhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c")
    assert Siv(key).seal(message, context) == sealed
    assert Siv(key).open_sealed(sealed, context) == message


def test_same_message_same_ciphertext() -> None:
    """A message is sealed the same each time, under its key and context, and under no other."""
    key = os.urandom(KEY_BYTES)
    sealed = Siv(key).seal(b"text", b"a")
    assert sealed == Siv(key).seal(b"text", b"a")
    assert len(sealed) == len(b"text") + TAG_BYTES
    assert sealed != Siv(key).seal(b"text", b"b")
    assert sealed != Siv(os.urandom(KEY_BYTES)).seal(b"text", b"a")


def test_altered() -> None:
    """Not one bit of what was sealed may differ, nor its length, nor its context."""
    siv = Siv(os.urandom(KEY_BYTES))
    sealed = siv.seal(b"text", b"a")
    altered = [
        *(bytes([*sealed[:at], byte ^ 1, *sealed[at + 1 :]]) for at, byte in enumerate(sealed)),
        *(sealed[:length] for length in range(len(sealed))),
        sealed + b"\0",
    ]
    for one in altered:
        with pytest.raises(InvalidSeal):
            siv.open_sealed(one, b"a")
    with pytest.raises(InvalidSeal):
        siv.open_sealed(sealed, b"b")
