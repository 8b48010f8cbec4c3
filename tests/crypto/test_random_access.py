from __future__ import annotations

import base64
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import example, given
from hypothesis import strategies as st
from vectors import loading

from jupyter_secure.crypto import aead
from jupyter_secure.crypto.random_access import RandomOpener, ReadAt

KEY, CONTEXT = bytes(range(32)), b"context"
CHUNK, SEALED_CHUNK, PREFIX = 16384, 16400, 56
VECTORS = loading.load("cobblestone.json")
VECTOR_KEY, VECTOR_CONTEXT = bytes.fromhex(VECTORS["key"]), bytes.fromhex(VECTORS["context"])
ACCEPTED = {v["name"]: base64.b64decode(v["ciphertext"]) for v in VECTORS["accepted"]}
# Where things begin to go wrong: at the borders of chunks, and of the parts that are read at once.
BORDERS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 16 * CHUNK - 1, 16 * CHUNK, 17 * CHUNK]


def name_of(vector: dict[str, Any]) -> str:
    """Name a test case for its vector."""
    return str(vector["name"])


def reading(data: bytes) -> ReadAt:
    return lambda offset, length: data[offset : offset + length]


def opened(sealed: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> RandomOpener:
    return RandomOpener(key, context, reading(sealed), len(sealed))


def whole(opener: RandomOpener) -> bytes:
    return b"".join(opener.parts())


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=name_of)
def test_frozen_messages_open(vector: dict[str, Any]) -> None:
    """Every frozen ciphertext opens to its message, and so does every part at a chunk's border."""
    expected = loading.content(vector["size"])
    opener = opened(ACCEPTED[vector["name"]], VECTOR_KEY, VECTOR_CONTEXT)
    assert opener.size == len(expected)
    assert whole(opener) == expected
    for start in BORDERS:
        assert b"".join(opener.parts(start, start + 2)) == expected[start : start + 2]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=name_of)
def test_frozen_alterations_are_refused(vector: dict[str, Any]) -> None:
    """Every frozen alteration is refused, at once or at the part that holds it."""
    sealed = loading.altered(vector, ACCEPTED)
    with pytest.raises(aead.InvalidSeal):
        whole(opened(sealed, VECTOR_KEY, VECTOR_CONTEXT))


@given(st.data())
def test_every_slice_is_what_the_library_opens(data: st.DataObject) -> None:
    """Any slice of a message that the library sealed, in any order, is that slice."""
    size = data.draw(st.one_of(st.sampled_from(BORDERS), st.integers(0, 18 * CHUNK)), "size")
    message = random.Random(size).randbytes(size)  # hypothesis draws no such amounts
    sealed = aead.seal(KEY, CONTEXT, message)
    assert aead.open_sealed(KEY, CONTEXT, sealed) == message
    opener = opened(sealed)
    assert opener.size == size
    at = st.one_of(st.sampled_from(BORDERS), st.integers(0, size + 5))
    for start, end in data.draw(st.lists(st.tuples(at, st.one_of(st.none(), at)), max_size=5)):
        assert b"".join(opener.parts(start, end)) == message[start:end]


@given(
    st.sampled_from(BORDERS),
    st.lists(
        st.tuples(st.sampled_from(["flip", "cut", "add"]), st.integers(0)), min_size=1, max_size=3
    ),
)
@example(CHUNK, [("cut", 16)])
def test_agrees_with_the_library_on_damage(size: int, edits: list[tuple[str, int]]) -> None:
    """What the library refuses is refused here too, and what it opens opens to the same."""
    sealed = bytearray(aead.seal(KEY, CONTEXT, bytes(size)))
    for kind, number in edits:
        at = number % (len(sealed) or 1)
        if kind == "flip" and sealed:
            sealed[at] ^= 1 + number % 255
        elif kind == "cut":
            del sealed[at:]
        else:
            sealed += bytes(1 + number % 20_000)
    damaged = bytes(sealed)
    try:
        expected = aead.open_sealed(KEY, CONTEXT, damaged)
    except aead.InvalidSeal:
        with pytest.raises(aead.InvalidSeal):
            whole(opened(damaged))
    else:
        assert whole(opened(damaged)) == expected


@pytest.mark.parametrize(("key", "context"), [(bytes(32), CONTEXT), (KEY, b"contexT"), (KEY, b"")])
def test_key_and_context_are_bound(key: bytes, context: bytes) -> None:
    """Neither another key nor another context opens a message, whatever its first chunks hold."""
    sealed = aead.seal(KEY, CONTEXT, bytes(3 * CHUNK))
    with pytest.raises(aead.InvalidSeal):
        opened(sealed, key, context)


def test_the_commitment_is_checked_first() -> None:
    """A message whose commitment is another's is refused though every chunk of it would open."""
    sealed = bytearray(aead.seal(KEY, CONTEXT, bytes(3 * CHUNK)))
    sealed[30] ^= 1
    reads: list[int] = []

    def read(offset: int, length: int) -> bytes:
        reads.append(offset)
        return bytes(sealed[offset : offset + length])

    with pytest.raises(aead.InvalidSeal):
        RandomOpener(KEY, CONTEXT, read, len(sealed))
    assert reads == [0]


@pytest.mark.parametrize("chunks", [1, 2, 20])
@pytest.mark.parametrize("cut", [1, 16, SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 1])
def test_a_message_that_was_cut_short_is_refused_at_once(chunks: int, cut: int) -> None:
    """Wherever a message was cut, nothing of it is ever given out."""
    sealed = aead.seal(KEY, CONTEXT, bytes(chunks * CHUNK + 100))
    with pytest.raises(aead.InvalidSeal):
        opened(sealed[:-cut])


def test_what_is_read_is_little() -> None:
    """A part costs what it holds: where in the message it lies makes no difference."""
    sealed = aead.seal(KEY, CONTEXT, bytes(200 * CHUNK))
    asked: list[tuple[int, int]] = []

    def read(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return sealed[offset : offset + length]

    opener = RandomOpener(KEY, CONTEXT, read, len(sealed))
    asked.clear()
    assert b"".join(opener.parts(150 * CHUNK + 5, 150 * CHUNK + 9)) == bytes(4)
    assert asked == [(PREFIX + 150 * SEALED_CHUNK, SEALED_CHUNK)]


def test_a_bad_chunk_withholds_itself_only() -> None:
    """What lies before and after a damaged chunk still opens; it itself never does."""
    message = bytes(range(256)) * 64 * 40
    sealed = bytearray(aead.seal(KEY, CONTEXT, message))
    sealed[PREFIX + 20 * SEALED_CHUNK + 7] ^= 1
    opener = opened(bytes(sealed))
    assert b"".join(opener.parts(0, 20 * CHUNK)) == message[: 20 * CHUNK]
    assert b"".join(opener.parts(21 * CHUNK)) == message[21 * CHUNK :]
    came = b""
    with pytest.raises(aead.InvalidSeal):
        for part in opener.parts():
            came += part
    assert message.startswith(came)
    assert len(came) <= 20 * CHUNK


def test_a_file_that_shrinks_meanwhile() -> None:
    """Where fewer bytes come than there were, nothing of the part is given out."""
    sealed = bytearray(aead.seal(KEY, CONTEXT, bytes(40 * CHUNK)))
    opener = RandomOpener(
        KEY, CONTEXT, lambda offset, length: bytes(sealed[offset : offset + length]), len(sealed)
    )
    del sealed[20 * SEALED_CHUNK :]
    with pytest.raises(aead.InvalidSeal):
        b"".join(opener.parts(19 * CHUNK))


@pytest.mark.parametrize("chunk", [1 << 18, (1 << 32) - 1, 1 << 32, (1 << 38) - 1])
def test_far_into_a_message(chunk: int) -> None:
    """Chunks are counted as the specification counts them, far beyond what a test could seal."""
    salt = bytes(24)
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + CONTEXT
    derived = HKDFExpand(SHA512(), 76, info).derive(KEY)
    nonce = (int.from_bytes(derived[32:44], "big") ^ chunk).to_bytes(12, "big")
    last = AESGCM(derived[:32]).encrypt(nonce, b"the end", None)
    at = PREFIX + chunk * SEALED_CHUNK

    def read(offset: int, length: int) -> bytes:
        return {0: salt + derived[44:], at: last}[offset][:length]

    opener = RandomOpener(KEY, CONTEXT, read, at + len(last))
    assert opener.size == chunk * CHUNK + 7
    assert b"".join(opener.parts(opener.size - 3)) == b"end"


def test_more_chunks_than_there_may_be() -> None:
    """A message of more than 2^38 chunks is refused, whatever it holds."""

    def read(offset: int, length: int) -> bytes:  # noqa: ARG001
        return bytes(length)

    with pytest.raises(aead.InvalidSeal):
        RandomOpener(KEY, CONTEXT, read, PREFIX + (1 << 38) * SEALED_CHUNK + 20)
