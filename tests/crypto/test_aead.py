from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import independent_reader, loading

from jupyter_secure.crypto import aead

KEY = bytes(range(32))
VECTORS = loading.load("cobblestone.json")
VECTOR_KEY, VECTOR_CONTEXT = bytes.fromhex(VECTORS["key"]), bytes.fromhex(VECTORS["context"])
ACCEPTED = {v["name"]: base64.b64decode(v["ciphertext"]) for v in VECTORS["accepted"]}


def name_of(vector: dict[str, Any]) -> str:
    """Name a test case for its vector."""
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=name_of)
def test_frozen_messages_open(vector: dict[str, Any]) -> None:
    """Every frozen ciphertext opens to its message, here and in the independent reader."""
    expected = loading.content(vector["size"])
    sealed = ACCEPTED[vector["name"]]
    assert aead.open_sealed(VECTOR_KEY, VECTOR_CONTEXT, sealed) == expected
    assert independent_reader.open_cobblestone(VECTOR_KEY, VECTOR_CONTEXT, sealed) == expected


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=name_of)
def test_frozen_alterations_are_refused(vector: dict[str, Any]) -> None:
    """Every frozen alteration is refused, here and in the independent reader."""
    sealed = loading.altered(vector, ACCEPTED)
    with pytest.raises(aead.InvalidSeal):
        aead.open_sealed(VECTOR_KEY, VECTOR_CONTEXT, sealed)
    with pytest.raises(independent_reader.Refused):
        independent_reader.open_cobblestone(VECTOR_KEY, VECTOR_CONTEXT, sealed)


@given(st.lists(st.binary(max_size=20_000), max_size=4), st.integers(1, 20_000))
def test_streaming_round_trip(pieces: list[bytes], step: int) -> None:
    """However a message is cut on the way in and out, it comes out as it went in."""
    sealer = aead.Sealer(KEY, b"context")
    sealed = b"".join([*map(sealer.update, pieces), sealer.finalize()])
    assert len(sealed) == aead.ciphertext_size(sum(map(len, pieces)))
    opener = aead.Opener(KEY, b"context")
    parts = [opener.update(sealed[at : at + step]) for at in range(0, len(sealed), step)]
    assert b"".join([*parts, opener.finalize()]) == b"".join(pieces)
    assert independent_reader.open_cobblestone(KEY, b"context", sealed) == b"".join(pieces)


@pytest.mark.parametrize(
    ("key", "context"), [(bytes(32), b"context"), (KEY, b"contexT"), (KEY, b"")]
)
def test_key_and_context_are_bound(key: bytes, context: bytes) -> None:
    """Neither another key nor another context opens a message."""
    sealed = aead.seal(KEY, b"context", b"message")
    assert aead.open_sealed(KEY, b"context", sealed) == b"message"
    with pytest.raises(aead.InvalidSeal):
        aead.open_sealed(key, context, sealed)


def test_two_seals_differ() -> None:
    """The same message sealed twice gives two ciphertexts."""
    assert aead.seal(KEY, b"", b"message") != aead.seal(KEY, b"", b"message")


def test_generated_keys_differ() -> None:
    """Generated keys have 32 bytes and do not repeat."""
    keys = {aead.generate_key() for _ in range(8)}
    assert {len(key) for key in keys} == {aead.KEY_BYTES}
    assert len(keys) == 8


def test_nothing_comes_out_after_a_failure() -> None:
    """An opener that has met a bad chunk refuses even the good chunks that follow."""
    sealed = aead.seal(KEY, b"", bytes(40_000))
    opener = aead.Opener(KEY, b"")
    with pytest.raises(aead.InvalidSeal):
        opener.update(sealed[:100] + b"\xff" + sealed[101:17_000])
    with pytest.raises(aead.InvalidSeal):
        opener.update(sealed[17_000:])
    with pytest.raises(aead.InvalidSeal):
        opener.finalize()


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 16385, 32768, 5_000_000])
def test_sizes_are_inverse(size: int) -> None:
    """The size of the message can be told from the size of the ciphertext."""
    assert aead.plaintext_size(aead.ciphertext_size(size)) == size


@pytest.mark.parametrize("size", [-1, 0, 55, 56, 71, 56 + 16400, 56 + 16400 + 15])
def test_impossible_sizes_are_refused(size: int) -> None:
    """A size that no message has is refused instead of rounded."""
    with pytest.raises(aead.InvalidSeal):
        aead.plaintext_size(size)
