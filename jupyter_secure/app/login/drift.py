"""Telling someone who is logged in that a clock is wrong, without helping who guesses.

A code of another time is never accepted. Saying that it *would* be right at another time is a hint
though: a guess that hits a code of the next minutes could be kept until its time has come. So a
step that was told of is refused when it comes, and the try has counted as a wrong one before.
"""

from __future__ import annotations

import threading
from datetime import datetime

from jupyter_secure.identity import totp

_TOLD_AT_MOST = 1000


class Drift:
    """What was told since this server started; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[tuple[str, int], None] = {}
        self._offsets: dict[str, int] = {}

    def notice(self, username: str, secret: str, code: str, now: datetime) -> int | None:
        """Return by how many seconds the authenticator's clock is ahead if ``code`` tells that.

        The code was not accepted. ``None`` if it is right at no time within ``totp.DRIFT``.
        """
        step = totp.distant_step(secret, code, now)
        if step is None:
            return None
        with self._lock:
            while len(self._told) >= _TOLD_AT_MOST:
                del self._told[next(iter(self._told))]
            self._told[username, step] = None
            offset = (step - int(now.timestamp()) // totp.STEP_SECONDS) * totp.STEP_SECONDS
            self._offsets[username] = offset
        return offset

    def was_told(self, username: str, step: int) -> bool:
        """Say whether the code of ``step`` was given away by what was told."""
        with self._lock:
            return (username, step) in self._told

    def in_step(self, username: str) -> None:
        """Note that a code was right: the clocks agree."""
        with self._lock:
            self._offsets.pop(username, None)

    def offset(self, username: str) -> int | None:
        """Return what was told last, in seconds, unless a code was right since."""
        with self._lock:
            return self._offsets.get(username)
