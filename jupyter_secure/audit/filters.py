"""Which events somebody asks for."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from jupyter_secure.audit.events import Recorded


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that is given must hold. Times are ms since 1970.

    ``what`` is an action, or a pattern as ``file:*``; ``path`` a file, or with a ``/`` at its end
    everything in a folder. ``who`` is an account.
    """

    who: str = ""
    what: str = ""
    path: str = ""
    outcome: str = ""
    since: int = 0
    until: int = 0
    before: int = 0

    def holds(self, one: Recorded) -> bool:
        """Tell whether the event is wanted."""
        event = one.event
        return (
            (not self.who or event.who.username == self.who)
            and (not self.what or fnmatch.fnmatchcase(event.action, self.what))
            and (not self.path or self._is_at(event.path) or self._is_at(event.to))
            and (not self.outcome or event.outcome.value == self.outcome)
            and one.time >= self.since
            and (not self.until or one.time <= self.until)
            and (not self.before or one.seq < self.before)
        )

    def _is_at(self, path: str) -> bool:
        return path.startswith(self.path) if self.path.endswith("/") else path == self.path
