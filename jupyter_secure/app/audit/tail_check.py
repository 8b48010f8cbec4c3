"""Checking, again and again, what was added to the record since the last look.

By its links and macs' form only: the key that tells more is its owner's, and kept elsewhere. What
it notices is accidents, and whoever edits the files without knowing how they hang together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_secure.audit import chain, line
from jupyter_secure.audit.findings import Verified
from jupyter_secure.audit.verifying_segment import SegmentCheck
from jupyter_secure.errors import NotFound, SecureError
from jupyter_secure.store import audit_reading

# So many lines at a time; then others have their turn, as Python runs one thread at a time.
_LINES = 500
_PAUSE_SECONDS = 0.002


@dataclass(frozen=True)
class Checked:
    """How the record was found: up to ``seq``, at ``at`` (ms since 1970); ``wrong`` says what is.

    ``at`` is 0 before the first look has come to its end.
    """

    at: int = 0
    seq: int = 0
    wrong: str = ""


class TailCheck:
    """Goes through the record once, and then through what is new. One thread looks."""

    def __init__(self, folder: Path, now_ms: Callable[[], int] | None = None) -> None:
        """Begin with nothing checked."""
        self._folder = folder
        self._now = now_ms or (lambda: time.time_ns() // 10**6)
        self._place = (0, 0)  # segment and offset up to which it was checked
        self._seq, self._link = 0, ""
        self.found = Checked()

    def look(self, stop: threading.Event | None = None) -> None:
        """Check what is new. What is wrong stays said until the server ends."""
        if self.found.wrong:
            return
        try:
            self._look(stop or threading.Event())
        except NotFound:
            if self._seq:
                self.found = replace(self.found, wrong="The record is gone.")
        except SecureError as error:
            self.found = replace(self.found, wrong=str(error))

    def _look(self, stop: threading.Event) -> None:
        standing = audit_reading.standing(self._folder)
        sizes, head = standing.sizes, standing.head
        segment, offset = self._place
        if segment and sizes.get(segment, 0) < offset and min(sizes, default=segment) <= segment:
            self._wrong(f"The record was cut short after event {self._seq}.")
            return
        for number in sorted(one for one in sizes if one >= segment):
            begin = offset if number == segment else 0
            if not self._segment(number, begin, sizes[number], stop):
                return
        # A head that is behind is that of a start, which is not waited for.
        if head is not None and (
            head.seq > self._seq or (head.seq == self._seq and self._link not in ("", head.link))
        ):
            self._wrong(f"The record ends with event {self._seq}, which is not where it was left.")
            return
        self.found = Checked(self._now(), self._seq)

    def _segment(self, number: int, begin: int, end: int, stop: threading.Event) -> bool:
        result, place = Verified(), begin
        lines = audit_reading.lines(self._folder, number, begin=begin, end=end)
        check: SegmentCheck | None = None
        for one in lines:
            if check is None:
                seq, link = (self._seq, self._link) if self._link else _before(one)
                check = SegmentCheck(
                    number, seq, link, None, result, self._now(), -1, lambda *_: -1
                )
            if check.run(iter((one,))) is not None:
                finding = result.first_broken
                self._wrong(finding.said if finding else "The record was changed.")
                return False
            place += len(one)
            self._seq, self._link = check.seq, check.prev
            if check.seq % _LINES == 0:
                time.sleep(_PAUSE_SECONDS)
                if stop.is_set():
                    return False
        self._place = (number, place)
        return True

    def _wrong(self, said: str) -> None:
        self.found = replace(self.found, wrong=said)


def _before(first: bytes) -> tuple[int, str]:
    """Return number and link of the event before the first that is there."""
    head = line.head(first)
    return (head.seq - 1, head.prev) if head is not None else (0, chain.NO_LINK)
