r"""One event as one line of the record: JSON in ASCII, always in the same form.

``{"seq":…,"prev":"…","time":…,"clock":…,``, what the event says, then ``"mac":"…"}`` and ``\n``.
No name of a file and no text can begin a new line, as JSON escapes every control character.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_secure.audit import chain

#: The longest line that is written or read, in bytes.
MAX_LINE_BYTES = 65536

_HEAD = re.compile(
    rb'\{"seq":(\d{1,19}),"prev":"([0-9a-f]{64})","time":(\d{1,16}),"clock":(\d{1,16}),'
)
_CLOCKS = re.compile(rb'"time":\d{1,16},"clock":\d{1,16},')
MAC_START = b',"mac":"'
# `,"mac":"`, 64 digits, `"}` and the end of the line.
TAIL_BYTES = len(MAC_START) + 64 + 3


@dataclass(frozen=True, slots=True)
class Head:
    """What a line begins with: number, link to the line before, and the two clocks in ms."""

    seq: int
    prev: str
    time: int
    clock: int


def make(seq: int, prev: str, time: int, clock: int, said: bytes, key: bytes) -> bytes:
    """Return the line of an event; ``said`` is what ``events.encode`` returns."""
    body = b'{"seq":%d,"prev":"%b","time":%d,"clock":%d,%b' % (
        seq,
        prev.encode(),
        time,
        clock,
        said,
    )
    return b'%b,"mac":"%b"}\n' % (body, chain.mac(key, body).encode())


def make_all(
    seq: int, prev: str, now: tuple[int, int], said: Sequence[bytes], key: bytes
) -> tuple[bytes, int, str, bytes]:
    """Return the lines of events after ``seq``; then number, link and key as they are after them.

    ``now`` is the two clocks in ms.
    """
    lines = []
    for one in said:
        seq += 1
        made = make(seq, prev, *now, one, key)
        prev, key = chain.link(made), chain.next_key(key)
        lines.append(made)
    return b"".join(lines), seq, prev, key


def head(line: bytes) -> Head | None:
    """Return what a line begins with, or ``None``; its end is not looked at."""
    found = _HEAD.match(line)
    if found is None:
        return None
    seq, prev, time, clock = found.groups()
    return Head(int(seq), prev.decode(), int(time), int(clock))


def times(line: bytes, begin: int) -> int:
    """Return where the two clocks that begin at ``begin`` end; 0 if there are none."""
    found = _CLOCKS.match(line, begin)
    return found.end() if found else 0


def is_whole(line: bytes) -> bool:
    """Tell whether a line ends as every line does."""
    return line.endswith(b'"}\n') and line[-TAIL_BYTES:-67] == MAC_START


def is_genuine(line: bytes, key: bytes) -> bool:
    """Tell whether a line is whole and ``key`` vouches for it."""
    # Nobody is there to be timed, and a mac tells nothing of the key: no constant-time comparison.
    # The whole end is compared, so that nothing of a line is left unchecked.
    mac = hmac.digest(key, line[:-TAIL_BYTES], "sha256").hex().encode()
    return line[-TAIL_BYTES:] == b'%b%b"}\n' % (MAC_START, mac)
