"""What stands at one place of a pack (gitformat-pack(5), version 2)."""

from __future__ import annotations

import zlib
from typing import NamedTuple, Protocol

from jupyter_secure.history.notebook_key import damaged

COMMIT, TREE, BLOB = b"commit", b"tree", b"blob"
ID_BYTES = 20
#: In bytes: no object of a history is larger, so nothing that is inflated may be.
MOST_BYTES = 16 << 20

_KINDS = {1: COMMIT, 2: TREE, 3: BLOB}
_BY_OFFSET, _BY_ID = 6, 7
_READ_BYTES = 4096
# Of a size, as Git writes them.
_MOST_BITS = 63
# The longest head: kind and size in at most 10 bytes, and an offset or an id.
_HEAD_BYTES = 10 + ID_BYTES


class File(Protocol):
    """A file that is open for reading."""

    def seek(self, offset: int, /) -> int:
        """Go to a place."""
        ...

    def read(self, size: int, /) -> bytes | None:
        """Return what is there, at most ``size`` bytes."""
        ...


class Entry(NamedTuple):
    """An object of ``kind``; or, without one, the changes that make it from another.

    That one begins ``back`` bytes before it, or has the id ``base``.
    """

    kind: bytes | None
    data: bytes
    back: int = 0
    base: bytes = b""


def read_entry(file: File, offset: int) -> Entry:
    """Return what begins there. Raises ``OSError``, and ``CorruptFile`` for what is damaged."""
    file.seek(offset)
    read = file.read(_READ_BYTES) or b""
    head = read[:_HEAD_BYTES].ljust(_HEAD_BYTES, b"\0")
    number, size, at = head[0] >> 4 & 7, head[0] & 15, 1
    while head[at - 1] & 128 and at < 10:
        size, at = size | (head[at] & 127) << (7 * at - 3), at + 1
    if size > MOST_BYTES:
        raise damaged()
    back, base = 0, b""
    if number == _BY_OFFSET:
        back, at = head[at] & 127, at + 1
        while head[at - 1] & 128 and at < _HEAD_BYTES:
            back, at = (back + 1) << 7 | head[at] & 127, at + 1
    elif number == _BY_ID:
        base, at = head[at : at + ID_BYTES], at + ID_BYTES
    elif number not in _KINDS:
        raise damaged()
    inflate, data, read = zlib.decompressobj(), b"", read[at:]
    try:
        while read and len(data) <= size:
            data += inflate.decompress(read, size + 1 - len(data))
            if inflate.eof:
                break
            read = file.read(size + _READ_BYTES) or b""
    except zlib.error:
        raise damaged() from None
    if not inflate.eof or len(data) != size:
        raise damaged()
    return Entry(_KINDS.get(number), data, back, base)


def changed(base: bytes, changes: bytes) -> bytes:
    """Return what ``changes`` make of ``base``; raises ``CorruptFile`` if they do not fit it."""
    try:
        from_size, at = _number(changes, 0)
        size, at = _number(changes, at)
        if from_size != len(base) or size > MOST_BYTES:
            raise damaged()
        made = bytearray()
        while at < len(changes) and len(made) < size:
            code, at = changes[at], at + 1
            if not code & 128:
                # So many new bytes.
                made += changes[at : at + code]
                at += code
                continue
            # A piece of the base: bits say which bytes of its place and its size are there.
            given = bytearray(7)
            for bit in range(7):
                if code >> bit & 1:
                    given[bit], at = changes[at], at + 1
            place = int.from_bytes(given[:4], "little")
            length = int.from_bytes(given[4:], "little")
            made += base[place : place + (length or 0x10000)]
    except IndexError:
        raise damaged() from None
    if len(made) != size or at != len(changes):
        raise damaged()
    return bytes(made)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends."""
    number = shift = 0
    while True:
        byte, at = data[at], at + 1
        number |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return number, at
        if shift > _MOST_BITS:  # or megabytes of it would be one number, and take hours
            raise damaged()
