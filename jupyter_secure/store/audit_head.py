"""Where the record stands: its last event, and the keys for what comes next, in the file ``head``.

Written over in place, twice: a write that a power cut tears leaves the other copy, and no earlier
key stays behind in the file. (What a disk keeps of blocks that were written over is beyond reach.)
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_secure.audit import chain

_FORM = struct.Struct(">4sB3x16sQIIQ32s32s32s")
_MAGIC, _VERSION = b"JSRH", 1
_CHECK_BYTES = 16
_COPY_BYTES = _FORM.size + _CHECK_BYTES
# Apart, so that no write of the disk's can tear both.
_COPIES_AT = (0, 4096)


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The end of the record.

    ``seq`` and ``link`` are the last event's; ``offset`` is where its line ends in ``segment``,
    0 when that segment is still to begin. ``key`` is for the next event, ``next_segment_key`` for
    the segment after this one; the chain of keys began at the segment ``key_from``.
    """

    record_id: bytes
    seq: int
    segment: int
    key_from: int
    offset: int
    link: str
    key: bytes
    next_segment_key: bytes

    def pack(self) -> bytes:
        """Return one copy as it lies in the file."""
        body = _FORM.pack(
            _MAGIC,
            _VERSION,
            self.record_id,
            self.seq,
            self.segment,
            self.key_from,
            self.offset,
            bytes.fromhex(self.link),
            self.key,
            self.next_segment_key,
        )
        return body + hashlib.sha256(body).digest()[:_CHECK_BYTES]

    def __repr__(self) -> str:
        return f"RecordHead(seq={self.seq}, segment={self.segment}, offset={self.offset})"


def unpack(copy: bytes) -> RecordHead | None:
    """Return the head that one copy holds, or ``None`` if it is torn or something else."""
    body, check = copy[: _FORM.size], copy[_FORM.size :]
    if len(copy) != _COPY_BYTES or hashlib.sha256(body).digest()[:_CHECK_BYTES] != check:
        return None
    magic, version, record_id, seq, segment, key_from, offset, link, key, following = _FORM.unpack(
        body
    )
    if (magic, version) != (_MAGIC, _VERSION):
        return None
    return RecordHead(record_id, seq, segment, key_from, offset, link.hex(), key, following)


class HeadFile:
    """The open file. Raises ``OSError``; for one thread at a time, under the record's lock."""

    def __init__(self, path: Path) -> None:
        """Open the file at ``path``, made (mode 0600) if there is none."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._path = str(path)
        # What was written here last, and what it says.
        self._written: tuple[bytes, RecordHead] | None = None

    def read(self) -> RecordHead | None:
        """Return the newest whole copy, or ``None`` if there is none."""
        blob = os.pread(self._descriptor, _COPIES_AT[-1] + _COPY_BYTES, 0)
        if self._written is not None and blob[:_COPY_BYTES] == self._written[0]:
            return self._written[1]  # the first copy is written first: nobody wrote since
        return _newest(blob)

    def write(self, head: RecordHead, *, durable: bool = False) -> None:
        """Write over both copies.

        Without ``durable`` a power cut may bring an older head back: then the events after it are
        in the record all the same, and its key vouches for them.
        """
        copy = head.pack()
        for at in _COPIES_AT:
            os.pwrite(self._descriptor, copy, at)
        self._written = copy, head
        if durable:
            os.fsync(self._descriptor)

    def is_there(self) -> bool:
        """Tell whether the file at the path is still the one that is open here."""
        try:
            there = os.stat(self._path)
        except OSError:
            return False
        here = os.fstat(self._descriptor)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def close(self) -> None:
        """Close the file. Twice is fine."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


def read_head(path: Path) -> RecordHead | None:
    """Return what a head file says without opening it for writing; ``None`` if there is none."""
    try:
        with path.open("rb") as file:
            blob = file.read(_COPIES_AT[-1] + _COPY_BYTES)
    except OSError:
        return None
    return _newest(blob)


def _newest(blob: bytes) -> RecordHead | None:
    found = (unpack(blob[at : at + _COPY_BYTES]) for at in _COPIES_AT)
    return max((one for one in found if one), key=_age, default=None)


def _age(head: RecordHead) -> tuple[int, int]:
    # Of two that are the same age the first copy, which is written first, is the newer one.
    return head.segment, head.seq


def first_head(segment_key: bytes, record_id: bytes, segment: int) -> RecordHead:
    """Return the head of a record that is to begin, with a new chain of keys."""
    return RecordHead(
        record_id=record_id,
        seq=0,
        segment=segment,
        key_from=segment,
        offset=0,
        link=chain.NO_LINK,
        key=chain.first_key(segment_key),
        next_segment_key=chain.next_segment_key(segment_key),
    )


def next_segment(head: RecordHead) -> RecordHead:
    """Return the head at the beginning of the segment after this one."""
    return replace(
        head,
        segment=head.segment + 1,
        offset=0,
        key=chain.first_key(head.next_segment_key),
        next_segment_key=chain.next_segment_key(head.next_segment_key),
    )
