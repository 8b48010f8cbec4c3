"""Logins between their two steps. What they hold lies in memory only, and not for long."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.devices import Device
from jupyter_secure.identity.sessions import digest_token, new_token
from jupyter_secure.vault.keys import RootKey

PENDING_FOR = timedelta(minutes=5)
#: More half-finished logins of one account than anyone has windows for are not kept.
PENDING_PER_ACCOUNT = 5


@dataclass(frozen=True)
class Pending:
    """A login that waits for its code. ``token`` goes into a cookie and names it to us."""

    token: str = field(repr=False)
    username: str
    expires_at: datetime


@dataclass(frozen=True)
class Waiting:
    """What is kept of one: the root key that the password gave, and on which device it was."""

    pending: Pending
    root: RootKey
    began_at: datetime
    #: Of the account when the password was checked: a login does not outlive a change of that.
    generation: int
    device: Device | None

    @property
    def device_digest(self) -> bytes | None:
        """The known device's digest, by which its tries are counted."""
        return self.device.digest if self.device is not None else None

    def is_current(self, now: datetime) -> bool:
        """Say whether it still waits. A clock that was set back ends it."""
        return self.began_at <= now < self.pending.expires_at


class WaitingLogins:
    """Keeps them, and wipes the keys of those that end; safe for several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[bytes, Waiting] = {}

    def begin(
        self, username: str, root: RootKey, generation: int, device: Device | None
    ) -> Pending:
        """Keep one more, and take over its ``root``; of too many of one account the oldest goes."""
        now = self._clock()
        pending = Pending(new_token(), username, now + PENDING_FOR)
        with self._lock:
            same = [key for key, one in self._kept.items() if one.pending.username == username]
            for key in same[: max(0, len(same) - PENDING_PER_ACCOUNT + 1)]:
                self._kept.pop(key).root.wipe()
            self._kept[digest_token(pending.token)] = Waiting(
                pending, root, now, generation, device
            )
        return pending

    def find(self, token: str) -> Waiting | None:
        """Return the one that ``token`` names if it still waits."""
        with self._lock:
            waiting = self._kept.get(digest_token(token))
        return waiting if waiting is not None and waiting.is_current(self._clock()) else None

    def claim(self, waiting: Waiting) -> bool:
        """Take it out; of any number of requests with right codes one gets it, and its key."""
        with self._lock:
            return self._kept.pop(digest_token(waiting.pending.token), None) is not None

    def end(self, waiting: Waiting) -> None:
        """Take it out unless another request has it by now, and wipe its key."""
        if self.claim(waiting):
            waiting.root.wipe()

    def sweep(self) -> None:
        """Wipe the keys of those that waited too long."""
        now = self._clock()
        with self._lock:
            for key, waiting in list(self._kept.items()):
                if not waiting.is_current(now):
                    del self._kept[key]
                    waiting.root.wipe()

    def close(self) -> None:
        """Wipe the keys of all of them."""
        with self._lock:
            for waiting in self._kept.values():
                waiting.root.wipe()
            self._kept.clear()
