"""The open websockets of each session, so that ending a session ends them too."""

from __future__ import annotations

from collections import defaultdict
from weakref import WeakSet

from tornado.iostream import IOStream


class Sockets:
    """Websocket streams by the public id of the session that opened them.

    Lives on the event loop; not for other threads.
    """

    def __init__(self) -> None:
        # Weak, so that a socket that closes by itself needs no bookkeeping.
        self._streams: defaultdict[str, WeakSet[IOStream]] = defaultdict(WeakSet)

    def keep(self, session: str, stream: IOStream) -> None:
        """Remember ``stream`` as one of ``session``'s."""
        self._streams[session].add(stream)

    def close(self, session: str) -> int:
        """Close every socket of ``session`` at once; return how many were open."""
        streams = [s for s in self._streams.pop(session, ()) if not s.closed()]
        for stream in streams:
            # Closing the stream under the handler works for everyone's sockets alike: kernel
            # channels, terminals, events and those of other extensions.
            stream.close()
        return len(streams)

    def sessions(self) -> frozenset[str]:
        """Return the sessions that have had a socket."""
        return frozenset(self._streams)
