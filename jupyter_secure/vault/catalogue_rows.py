"""What the catalogue holds, and the keys that make it believed.

A row carries a MAC, so that none can be made up; the head carries a keyed sum over all rows, so
that none can be taken out or put back as it was before. The sum is MSet-XOR-Hash of Clarke et al.,
"Incremental Multiset Hash Functions" (ASIACRYPT 2003), over HMAC-SHA-256; it is kept sealed, since
whoever saw sums could look for rows that cancel out. Formats: ``docs/reference/file-format.md``,
"Catalogue".
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from jupyter_secure.crypto import aead

#: The beginning of the payload that makes it differ from every other one.
SALT_BYTES = 24

_ENTRY = struct.Struct(">16sQQ24sI")
# The count is signed: rows that were put back and are removed since would take it below zero.
_HEAD = struct.Struct(">Qq32s")


@dataclass(frozen=True, slots=True)
class Sealing:
    """One file as it was sealed once.

    ``salt`` are the first 24 bytes of its payload: no two that were ever sealed share them.
    """

    file_id: bytes
    file_version: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What was left at ``path`` (absolute, links resolved, bytes as the system has them).

    ``highest`` is the highest version that was ever here: once an older one was accepted, those
    between are known not to be wanted.
    """

    path: bytes
    sealing: Sealing
    highest: int

    def __bytes__(self) -> bytes:
        sealing = self.sealing
        head = _ENTRY.pack(
            sealing.file_id, sealing.file_version, self.highest, sealing.salt, len(self.path)
        )
        return head + self.path


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is stored: believed once its tag, 32 bytes, is checked."""

    entry: Entry
    tag: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of all rows: the number of changes so far, of rows, and the rows' sum."""

    revision: int = 0
    count: int = 0
    sum: bytes = bytes(32)

    def plus(self, weight: bytes) -> Head:
        """Return the head with one row more."""
        return Head(self.revision, self.count + 1, _xor(self.sum, weight))

    def minus(self, weight: bytes) -> Head:
        """Return the head with one row less."""
        return Head(self.revision, self.count - 1, _xor(self.sum, weight))


class CatalogueKeys:
    """The keys of the catalogue, for one look or one change."""

    def __init__(self, derive: Callable[[bytes], bytes]) -> None:
        """Derive the first from the root key, others when needed. Raises ``VaultSealed``."""
        self._derive = derive
        self._row_key = derive(b"jsec/catalogue-row/v1")

    def row(self, entry: Entry) -> Row:
        """Return the row of an entry."""
        return Row(entry, self._tag(entry))

    def authentic(self, row: Row) -> bool:
        """Say whether this vault made the row."""
        return hmac.compare_digest(self._tag(row.entry), row.tag)

    def weight(self, row: Row) -> bytes:
        """Return what the row adds to the sum. The tag stands for the whole row."""
        return hmac.digest(self._weight_key, row.tag, "sha256")

    def seal_head(self, head: Head) -> bytes:
        """Return the head as it is stored."""
        packed = _HEAD.pack(head.revision, head.count, head.sum)
        return aead.seal(self._head_key, b"jsec/catalogue-head/v1", packed)

    def open_head(self, sealed: bytes) -> Head | None:
        """Return the head, or None for one that this vault did not make."""
        try:
            packed = aead.open_sealed(self._head_key, b"jsec/catalogue-head/v1", sealed)
            return Head(*_HEAD.unpack(packed))
        except (aead.InvalidSeal, struct.error):
            return None

    @cached_property
    def _weight_key(self) -> bytes:
        return self._derive(b"jsec/catalogue-weight/v1")

    @cached_property
    def _head_key(self) -> bytes:
        return self._derive(b"jsec/catalogue-head/v1")

    def _tag(self, entry: Entry) -> bytes:
        return hmac.digest(self._row_key, bytes(entry), "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(32, "big")


class Rows(Protocol):
    """The rows within one transaction, not checked."""

    def get(self, path: bytes) -> Row | None:
        """Return the row of exactly ``path``."""
        ...

    def under(self, prefix: bytes) -> list[Row]:
        """Return the row of ``prefix`` and those below that folder; all for the empty one."""
        ...

    def put(self, rows: Sequence[Row]) -> None:
        """Add rows at paths that have none."""
        ...

    def remove(self, rows: Sequence[Row]) -> None:
        """Remove rows, by their paths."""
        ...

    def head(self) -> bytes | None:
        """Return the sealed head, or None where there was never one."""
        ...

    def put_head(self, sealed: bytes) -> None:
        """Replace the sealed head."""
        ...


class CatalogueStore(Protocol):
    """Where the rows are. Every method may raise ``StateUnusable``."""

    def get(self, path: bytes) -> Row | None:
        """Return the row of exactly ``path``."""
        ...

    def by_file_id(self, file_id: bytes) -> list[Row]:
        """Return the rows of one file."""
        ...

    def reading(self) -> AbstractContextManager[Rows]:
        """Give all of it as it is at one moment."""
        ...

    def changing(self) -> AbstractContextManager[Rows]:
        """Give it to be changed; the block takes effect whole or not at all."""
        ...
