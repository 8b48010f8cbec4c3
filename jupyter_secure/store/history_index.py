"""Which objects a pack holds, from its index (gitformat-pack(5), version 2)."""

from __future__ import annotations

import struct
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.history.notebook_key import damaged
from jupyter_secure.store.history_pack import ID_BYTES

#: What an index begins with: it is one, and of version 2.
HEAD = b"\xfftOc\0\0\0\2"

_IDS_AT = len(HEAD) + 256 * 4
_CHECKSUM_BYTES = 4
# From here on an offset is the number of one of eight bytes.
_LARGE = 1 << 31
# No file reaches so far.
_NOWHERE = 1 << 63


@dataclass(frozen=True)
class Index:
    """The ids in a pack, sorted, and where each object begins."""

    pack: Path
    _below: tuple[int, ...]  # how many ids begin with a byte up to each of 256
    _ids: bytes
    _offsets: bytes
    _large_offsets: bytes

    @classmethod
    def load(cls, path: Path) -> Index:
        """Read one. Raises ``OSError``, and ``CorruptFile`` for what is no whole index."""
        blob = path.read_bytes()
        if not blob.startswith(HEAD) or len(blob) < _IDS_AT:
            raise damaged()
        below = struct.unpack_from(">256I", blob, len(HEAD))
        ids_end = _IDS_AT + below[-1] * ID_BYTES
        offsets_at = ids_end + below[-1] * _CHECKSUM_BYTES
        large_at, end = offsets_at + below[-1] * 4, len(blob) - 2 * ID_BYTES
        if large_at > end or list(below) != sorted(below):
            raise damaged()
        return cls(
            path.with_suffix(".pack"),
            below,
            blob[_IDS_AT:ids_end],
            blob[offsets_at:large_at],
            blob[large_at:end],
        )

    def ids(self) -> list[bytes]:
        """Return the ids of all objects."""
        return [self._id(at) for at in range(self._below[-1])]

    def find(self, name: bytes) -> int | None:
        """Return where an object begins; ``None`` if it is not there."""
        first, last = self._below[name[0] - 1] if name[0] else 0, self._below[name[0]]
        if first == last:
            return None
        at = first + bisect_left(range(first, last), name, key=self._id)
        if at == last or self._id(at) != name:
            return None
        (offset,) = struct.unpack_from(">I", self._offsets, at * 4)
        if offset >= _LARGE:
            place = (offset - _LARGE) * 8
            if place + 8 > len(self._large_offsets):
                raise damaged()
            (offset,) = struct.unpack_from(">Q", self._large_offsets, place)
            if offset >= _NOWHERE:
                raise damaged()
        return int(offset)

    def _id(self, at: int) -> bytes:
        return self._ids[at * ID_BYTES : (at + 1) * ID_BYTES]
