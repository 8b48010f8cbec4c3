"""Telling pages that the record has grown: that it has, and never by what.

A page that hears it asks ``GET audit``, where filters and rights are judged. Who may not see an
event is not told of it either: when others work is none of everybody's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.errors import SecureError
from jupyter_secure.identity.roles import Right
from jupyter_secure.server.sockets import Watcher

GROWN = "record-grown"
# A change is on record twice within milliseconds, and they are told together.
_SETTLE_SECONDS = 0.2
_EVERY_SECONDS = 1.0

_RightsOf = Callable[[str], "frozenset[Right] | None"]


class RecordNews:
    """Tells each page at most once a second that there is something new for it to see."""

    def __init__(self, rights_of: _RightsOf) -> None:
        """``rights_of`` says what an account may do now; ``None`` where there is no such one."""
        self._rights_of = rights_of
        # Weak, so that a page that goes needs no bookkeeping.
        self._readers: WeakKeyDictionary[Watcher, str] = WeakKeyDictionary()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._doers: set[str] = set()
        self._told_at = 0.0

    def follow(self, username: str, page: Watcher) -> None:
        """Tell ``page``, of ``username``, from now on. Call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._readers[page] = username

    def recorded(self, event: Event) -> None:
        """Take note of an event, on whichever thread; it waits for nothing and cannot fail."""
        if self._loop is None or _is_an_echo(event):
            return
        with self._lock:
            planned = bool(self._doers)
            self._doers.add(event.who.username)
        if not planned:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and the server with it
                self._loop.call_soon_threadsafe(self._plan, self._loop)

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        soon = loop.time() + _SETTLE_SECONDS
        loop.call_at(max(soon, self._told_at + _EVERY_SECONDS), self._tell, loop)

    def _tell(self, loop: asyncio.AbstractEventLoop) -> None:
        self._told_at = loop.time()
        with self._lock:
            doers, self._doers = self._doers, set()
        readers = list(self._readers.items())
        sees = {name: self._sees(name, doers) for name in {name for _, name in readers}}
        for page, username in readers:
            if sees[username]:
                # One that cannot be told is about to close anyway.
                with contextlib.suppress(Exception):
                    page.tell(GROWN)

    def _sees(self, username: str, doers: set[str]) -> bool:
        """Judge anew each time: the page may have been opened with other rights."""
        try:
            rights = self._rights_of(username)
        except SecureError:
            return False
        return rights is not None and (Right.AUDIT in rights or username in doers)


def _is_an_echo(event: Event) -> bool:
    """Tell what looking at the record leaves on it: it would call for another look, for ever."""
    by_itself = event.action == "request:read" and event.outcome is Outcome.SUCCESS
    return by_itself or event.action == "record:read"
