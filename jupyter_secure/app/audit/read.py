"""Reading the record on the machine itself, newest first or as it comes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_secure.audit.events import Recorded, decode
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.store import audit_reading

_POLL_SECONDS = 0.3
# Two machines' clocks, or a clock that was set: events are not in the order of their times.
_OUT_OF_ORDER_MS = 24 * 3600 * 1000


def newest_first(folder: Path, wanted: Wanted) -> Iterator[Recorded]:
    """Give the events that are wanted, the newest first.

    Lines that are none of ours are left out: telling of them is verification's part. Raises
    ``NotFound`` or ``StateUnusable``.
    """
    standing = audit_reading.standing(folder)
    # As it stands in a line; looked for before anything is decoded.
    hint = json.dumps(wanted.path)[1:-1].encode()
    for number in sorted(standing.sizes, reverse=True):
        for _, one in audit_reading.backwards(folder, number, end=standing.sizes[number]):
            if hint not in one:
                continue
            event = _decoded(one)
            if event is None:
                continue
            if event.time < wanted.since - _OUT_OF_ORDER_MS:
                return
            if wanted.holds(event):
                yield event


def oldest_first(folder: Path, wanted: Wanted) -> Iterator[Recorded]:
    """Give the events that are wanted, the oldest first; raises as ``newest_first``."""
    standing = audit_reading.standing(folder)
    for number in sorted(standing.sizes):
        for one in audit_reading.lines(folder, number, end=standing.sizes[number]):
            event = _decoded(one)
            if event is not None and wanted.holds(event):
                yield event


def follow(folder: Path, wanted: Wanted) -> Iterator[Recorded]:
    """Give what is recorded from now on, for ever; raises as ``newest_first``."""
    standing = audit_reading.standing(folder)
    number = max(standing.sizes, default=1)
    at = standing.sizes.get(number, 0)
    while True:
        standing = audit_reading.standing(folder)
        for later in sorted(one for one in standing.sizes if one >= number):
            begin = at if later == number else 0
            for one in audit_reading.lines(folder, later, begin=begin, end=standing.sizes[later]):
                event = _decoded(one)
                if event is not None and wanted.holds(event):
                    yield event
            number, at = later, standing.sizes[later]
        time.sleep(_POLL_SECONDS)


def _decoded(one: bytes) -> Recorded | None:
    try:
        return decode(one)
    except ValueError:
        return None
