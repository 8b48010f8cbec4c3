"""Which looks at the record are on record already: an open view looks again whenever it grows.

Such a look leaves no event of its own: the same session, from the same address, asked the very
same a few minutes ago, and that is on record. Whatever else is asked leaves one. What was recorded
is taken from the events themselves, once they are in the record, so nothing that a client sends can
make a look count as recorded that is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.audit.filters import Wanted

#: So long after one event the same look leaves no other.
COVERED_SECONDS = 600.0
#: Of more looks than this the oldest are forgotten, and leave events again.
_MOST = 1000

_Key = tuple[str, str, frozenset[tuple[str, str | int | bool]]]


def filters_of(wanted: Wanted) -> dict[str, str | int | bool]:
    """Return what was asked for, as the event says it."""
    given = {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__}
    return {name: value for name, value in given.items() if value}


class RecordLooks:
    """Remembers looks that are on record; safe for several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        # When a look was recorded, and at how many events; the oldest first.
        self._looks: dict[_Key, tuple[float, int]] = {}

    def recorded(self, event: Event) -> None:
        """Take note of an event that is in the record."""
        read = event.action == "record:read" and event.outcome is Outcome.SUCCESS
        # An access token is a program's, and how often that looks says something.
        if not (read and event.who.session) or "before" in event.details:
            return
        key = _key(event.who.session, event.address, event.details)
        with self._lock:
            self._looks.pop(key, None)
            self._looks[key] = self._clock(), int(event.details.get("limit", 0))
            if len(self._looks) > _MOST:
                del self._looks[next(iter(self._looks))]

    def covers(self, session: str, address: str, asked: Mapping[str, str | int | bool]) -> bool:
        """Tell whether a look that would give no more than ``asked`` is on record already.

        ``asked`` is what its event would say: the filters, and ``limit``.
        """
        with self._lock:
            at, limit = self._looks.get(_key(session, address, asked), (0.0, 0))
        recent = self._clock() - at < COVERED_SECONDS
        return recent and int(asked["limit"]) <= limit and "before" not in asked


def _key(session: str, address: str, asked: Mapping[str, str | int | bool]) -> _Key:
    filters = frozenset((name, value) for name, value in asked.items() if name != "limit")
    return session, address, filters
