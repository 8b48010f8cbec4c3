from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import loading

from jupyter_secure.errors import CorruptFile, UnsupportedFormat
from jupyter_secure.vault import envelope
from jupyter_secure.vault.envelope import (
    BASE_HEADER_BYTES,
    PASSPHRASE_HEADER_BYTES,
    FileClass,
    Flags,
    Header,
)

SAMPLE = base64.b64decode(loading.load("sealed-file.json")["accepted"][1]["file"])
HEAD = SAMPLE[:BASE_HEADER_BYTES]


def test_fields_are_read() -> None:
    """The frozen header says what the vectors say of it."""
    header = Header.parse(SAMPLE)
    assert header.file_class is FileClass.CONTENT
    assert header.flags == Flags.VALID | Flags.TRUSTED
    assert header.vault_id.hex() == "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    assert header.file_id.hex() == "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
    assert header.file_version == 7
    assert header.stanza.epoch == 1


@given(st.dictionaries(st.integers(0, BASE_HEADER_BYTES - 1), st.integers(0, 255), max_size=3))
def test_there_is_one_way_to_write_a_header(changes: dict[int, int]) -> None:
    """Whatever parses is written back byte for byte: a header has no slack."""
    head = bytearray(HEAD)
    for at, value in changes.items():
        head[at] = value
    try:
        header = Header.parse(head)
    except (CorruptFile, UnsupportedFormat):
        return
    assert bytes(header) == head


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    """Random bytes, with or without the magic before them, never crash the parser."""
    with pytest.raises(CorruptFile):
        Header.parse(noise)
    with pytest.raises((CorruptFile, UnsupportedFormat)):
        Header.parse(envelope.MAGIC + noise)


@pytest.mark.parametrize(
    ("at", "value", "error"),
    [
        (0, 0x88, CorruptFile),
        (7, 0x0A, CorruptFile),
        (8, 0, CorruptFile),
        (8, 2, UnsupportedFormat),
        (8, 255, UnsupportedFormat),
        (9, 0, UnsupportedFormat),
        (9, 2, UnsupportedFormat),
        (10, 0, UnsupportedFormat),
        (10, 6, UnsupportedFormat),
        (11, 4, UnsupportedFormat),
        (11, 128, UnsupportedFormat),
        (51, 0, CorruptFile),
        (53, 0, CorruptFile),
        (53, 2, CorruptFile),
        (54, 1, CorruptFile),
        (55, 181, CorruptFile),
        (57, 0, UnsupportedFormat),
        (57, 2, CorruptFile),
        (57, 3, UnsupportedFormat),
        (59, 121, CorruptFile),
        (67, 0, CorruptFile),
    ],
)
def test_every_fixed_field_is_checked(at: int, value: int, error: type[Exception]) -> None:
    """A header that this version cannot have written is refused, by kind."""
    head = bytearray(HEAD)
    head[at] = value
    with pytest.raises(error):
        Header.parse(head)


@pytest.mark.parametrize("size", [0, 7, 8, 52, BASE_HEADER_BYTES - 1])
def test_short_headers_are_refused(size: int) -> None:
    """A file that ends within its header is refused."""
    with pytest.raises(CorruptFile):
        Header.parse(HEAD[:size])


def test_messages_name_the_file() -> None:
    """The message begins with the name that the caller gave."""
    with pytest.raises(CorruptFile, match=r"^“a\.ipynb” is cut short"):
        Header.parse(HEAD[:100], name="“a.ipynb”")


@pytest.mark.parametrize(
    ("prefix", "sealed"),
    [(HEAD, True), (HEAD[:8], True), (HEAD[:7], False), (b"", False), (b'{"cells": []}', False)],
)
def test_sealed_files_are_told_by_their_magic(prefix: bytes, sealed: bool) -> None:
    """Eight bytes tell whether a file claims to be sealed."""
    assert envelope.is_sealed(prefix) is sealed
    assert envelope.is_sealed(memoryview(prefix)) is sealed


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 20_000_000])
def test_sizes_are_inverse(size: int) -> None:
    """The size of the content can be told from the size of the sealed file."""
    for header in (BASE_HEADER_BYTES, PASSPHRASE_HEADER_BYTES):
        sealed = envelope.sealed_size(size, header)
        assert envelope.plaintext_size(sealed, header) == size


@pytest.mark.parametrize("size", [0, 180, 251, 180 + 56 + 16400])
def test_impossible_sizes_are_refused(size: int) -> None:
    """A size that no sealed file has is called cut short."""
    with pytest.raises(CorruptFile, match=r"^x is cut short"):
        envelope.plaintext_size(size, BASE_HEADER_BYTES, name="x")


@pytest.mark.parametrize("kind", FileClass)
def test_every_class_has_words(kind: FileClass) -> None:
    """Each class can be named in a message."""
    assert kind.description
