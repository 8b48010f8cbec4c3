r"""Content cut into chunks, so that what did not change from one version to the next is kept once.

Boundaries depend on the content (content-defined chunking: Muthitacharoen et al., "A Low-bandwidth
Network File System", SOSP 2001), so that a line put in moves the boundaries near it and no others.
They also depend on a key: whoever sees the sizes of the sealed chunks cannot compare them with
those of a file that they know.

Notebooks are JSON, in which boundaries fall on the ends of lines: on those of the file or, where it
is one long line as the server writes it, on those of the source and text in its strings (``\n``).
A picture has neither: it is cut where a chunk is full.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

#: A chunk is no smaller than this, unless it is the last.
MIN_BYTES = 512
MAX_BYTES = 64 * 1024
KEY_BYTES = 32
#: The end of a line may end a chunk if, at one of these places before it, the lowest three bits of
#: the byte are what the key says. Digits and letters have all eight values: so a good fifth of the
#: lines may, whatever is in them, and finding those costs next to nothing.
_PLACES = (5, 9)
#: Of those, one in so many does, as a keyed hash of the bytes before it says.
_ONE_IN = 4
_WINDOW = 48
# As patterns: a line's end, and one in a string of JSON.
_LINE_END, _LINE_END_INSIDE = b"\n", b"\\\\n"
# With lines of more bytes than this on average, what counts are those in the strings.
_LONG_LINE = 512


class Cutter:
    """Cuts under one key of ``KEY_BYTES``."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        chosen = hashlib.blake2b(key=key, person=b"places", digest_size=len(_PLACES)).digest()
        places = [
            b"(?<=[%s].{%d}%%s)" % (_with_lowest_bits(value % 8), place)
            for place, value in zip(_PLACES, chosen, strict=True)
        ]
        # One literal to look for each, as looking for either takes five times as long.
        self._may_end, self._may_end_inside = (
            re.compile(end + b"(?:%s)" % b"|".join(one % end for one in places), re.DOTALL)
            for end in (_LINE_END, _LINE_END_INSIDE)
        )

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield the chunks of ``data``, none empty and none over ``MAX_BYTES``, in their order."""
        start = 0
        has_lines = data.count(b"\n") * _LONG_LINE >= len(data)
        may_end = self._may_end if has_lines else self._may_end_inside
        for found in may_end.finditer(data):
            end = found.end()
            if end - start >= MIN_BYTES and self._ends(data[end - _WINDOW : end]):
                yield from _full(data, start, end)
                start = end
        yield from _full(data, start, len(data))

    def _ends(self, window: bytes) -> bool:
        return hashlib.blake2b(window, key=self._key, digest_size=1).digest()[0] % _ONE_IN == 0


def _with_lowest_bits(value: int) -> bytes:
    """Return the bytes whose lowest three bits are ``value``, as a pattern has them."""
    return b"".join(b"\\x%02x" % byte for byte in range(256) if byte % 8 == value)


def _full(data: bytes, start: int, end: int) -> Iterator[bytes]:
    for begin in range(start, end, MAX_BYTES):
        yield data[begin : min(begin + MAX_BYTES, end)]
