"""Checking one segment, line by line, for the first that is not as it was written."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable, Iterator
from itertools import islice

from jupyter_secure.audit import chain, line
from jupyter_secure.audit.findings import Finding, Verified

# How far beyond a line that does not follow the one that should stand there is looked for.
_LOOK_AHEAD = 200
_FUTURE_MS = 5 * 60 * 1000
_JUMP_MS = 60 * 1000

#: Told an event's number, its link and the next key; returns which number to be told of next.
Told = Callable[[int, str, "bytes | None"], int]


class SegmentCheck:
    """Goes through the lines of one segment, after the event ``seq`` with the link ``prev``.

    ``key`` is for the segment's first event; without one only the links are checked. ``told`` hears
    of the event ``tell_at``, once that was found right, and then of the one it asks for.
    """

    def __init__(
        self,
        number: int,
        seq: int,
        prev: str,
        key: bytes | None,
        result: Verified,
        now_ms: int,
        tell_at: int,
        told: Told,
    ) -> None:
        self.number, self.seq, self.prev, self.key = number, seq, prev, key
        self.last_line = b""
        self.tell_at = tell_at
        self._told = told
        self._result, self._now = result, now_ms
        self._time, self._clock = result.last_time, 0

    def run(self, lines: Iterator[bytes]) -> bytes | None:
        """Check every line; return the first that is wrong, which is a finding then."""
        seq, prev, key, tell_at = self.seq, self.prev.encode(), self.key, self.tell_at
        # Bound to names of this function: it runs for each event of a record of millions. Nothing
        # is decoded: a line is compared with what must stand there.
        sha256, hexlify, mac_of = hashlib.sha256, binascii.hexlify, chain.mac_and_next_key
        whole, times = line.is_whole, line.times
        tail, start = line.TAIL_BYTES, line.MAC_START
        begin, wrong, last, one = seq, None, b"", b""
        known_times = b"\0"  # nothing that a line has
        for one in lines:
            head = b'{"seq":%d,"prev":"%b",' % (seq + 1, prev)
            size = len(head)
            if not one.startswith(head):
                wrong = one
                break
            if not one.startswith(known_times, size):
                end = times(one, size)
                if not end:
                    wrong = one
                    break
                known_times = one[size:end]
                new_times = True
            else:
                new_times = False
            if key is not None:
                mac, next_key = mac_of(key, one[:-tail])
                if one[-tail:] != b'%b%b"}\n' % (start, hexlify(mac)):
                    wrong = one
                    break
                key = next_key
            elif not whole(one):
                wrong = one
                break
            seq, prev = seq + 1, hexlify(sha256(one).digest())
            if new_times:
                self._look_at_time(one)
            if seq == tell_at:
                tell_at = self._told(seq, prev.decode(), key)
            last = one
        self.last_line = last or self.last_line
        self._result.events += seq - begin
        self._result.with_key += seq - begin if key is not None else 0
        self.seq, self.prev, self.key, self.tell_at = seq, prev.decode(), key, tell_at
        if wrong is not None:
            self._result.add(self._explain(wrong, lines))
        return wrong

    def _look_at_time(self, one: bytes) -> None:
        found = line.head(one)
        assert found is not None  # each part of it was compared
        passed, clock_passed = found.time - self._time, found.clock - self._clock
        known = self._clock and self._time
        self._time, self._clock = found.time, found.clock
        self._result.last_time = found.time
        if found.time > self._now + _FUTURE_MS:
            self._note("future", found.seq, "is dated in the future: a clock was or is wrong")
        if known and clock_passed >= 0 and abs(passed - clock_passed) > _JUMP_MS:
            ahead = "ahead" if passed > clock_passed else "back"
            seconds = abs(passed - clock_passed) // 1000
            self._note("clock", found.seq, f"comes after the clock was set {ahead} by {seconds} s")
        elif known and passed < -_JUMP_MS:
            self._note("clock", found.seq, f"is dated {-passed // 1000} s before the one before it")

    def _note(self, kind: str, seq: int, said: str) -> None:
        self._result.add(Finding(kind, self.number, seq, f"Event {seq} {said}.", broken=False))

    def _explain(self, wrong: bytes, lines: Iterator[bytes]) -> Finding:
        """Say what was done, as far as it shows; the event that should stand here is named."""
        expected = self.seq + 1
        found = line.head(wrong)
        ahead = [head.seq for head in map(line.head, islice(lines, _LOOK_AHEAD)) if head]
        kind, said = "edited", f"Event {expected} was edited"
        if not ahead and not wrong.endswith(b"\n"):
            kind, said = "shortened", f"Event {expected} is cut off in its middle"
        elif found is not None and found.seq > expected and expected in ahead:
            kind, said = "reordered", f"Event {expected} does not stand at its place"
        elif found is not None and found.seq > expected:
            kind, said = "removed", f"{_events(expected, found.seq - 1)} removed"
        elif expected in ahead:
            kind, said = "inserted", f"A line was inserted before event {expected}"
        elif found is not None and found.seq < expected:
            kind, said = "inserted", f"Event {found.seq} stands again where {expected} should"
        elif self.key is None and self.seq:
            # Without the key it is only known that the two do not belong together.
            said = f"Event {self.seq} or event {expected} was edited"
        return Finding(kind, self.number, expected, f"{said} (segment {self.number}).")


def _events(first: int, last: int) -> str:
    return f"Event {first} was" if first == last else f"Events {first} to {last} were"
