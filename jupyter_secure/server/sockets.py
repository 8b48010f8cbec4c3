"""The open sockets of each session, so that ending a session ends them too."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import Protocol
from weakref import WeakSet

from tornado.iostream import IOStream

ENDED, CHANGED = "session-ended", "session-changed"


class Watcher(Protocol):
    """A page that wants to know what becomes of its session."""

    def tell(self, event: str) -> None:
        """Send it ``ENDED`` or ``CHANGED``."""
        ...


class Sockets:
    """Websockets, and answers that go on for ever, by the public id of the session that asked.

    Lives on the event loop; not for other threads.
    """

    def __init__(self) -> None:
        # Weak, so that a socket that closes by itself needs no bookkeeping.
        self._streams: defaultdict[str, WeakSet[IOStream]] = defaultdict(WeakSet)
        self._watchers: defaultdict[str, WeakSet[Watcher]] = defaultdict(WeakSet)

    def keep(self, session: str, stream: IOStream) -> None:
        """Remember ``stream`` as one of ``session``'s."""
        self._streams[session].add(stream)

    def watch(self, session: str, watcher: Watcher) -> None:
        """Tell ``watcher`` from now on what becomes of ``session``."""
        self._watchers[session].add(watcher)

    def tell(self, session: str, event: str) -> None:
        """Tell the pages of ``session``; one that cannot be told is about to close anyway."""
        for watcher in list(self._watchers.get(session, ())):
            with contextlib.suppress(Exception):
                watcher.tell(event)

    def close(self, session: str, event: str = ENDED) -> int:
        """Tell the pages of ``session``, close every socket of it; return how many were open."""
        self.tell(session, event)
        self._watchers.pop(session, None)
        streams = [s for s in self._streams.pop(session, ()) if not s.closed()]
        for stream in streams:
            # Closing the stream under the handler works for everyone's sockets alike: kernel
            # channels, terminals, events and those of other extensions.
            stream.close()
        return len(streams)

    def sessions(self) -> frozenset[str]:
        """Return the sessions that have had a socket."""
        return frozenset(self._streams)
