"""What passing our gate costs: a request that does next to nothing itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle

from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.servers import Server
from benchmarks.timing import in_turns

_CONNECTIONS = 50
_PATH = "/api/status"


class Visitors:
    """Many connections of one session, as the tabs of a browser have them."""

    def __init__(self, server: Server) -> None:
        first = server.connect()
        others = [
            Connection(server.port, server.certificate, first.headers)
            for _ in range(_CONNECTIONS - 1)
        ]
        self._all = [first, *others]
        self._next = cycle(self._all)
        self.all_at_once()  # all are connected from here on

    def one(self) -> None:
        """Ask over the next connection, while the others are open and quiet."""
        next(self._next).get(_PATH)

    def all_at_once(self) -> float:
        """Ask over every connection before any is answered; return the seconds for each."""
        started = time.perf_counter()
        for connection in self._all:
            connection.begin(_PATH)
        for connection in self._all:
            connection.end()
        return (time.perf_counter() - started) / _CONNECTIONS

    def close(self) -> None:
        """Hang up."""
        for connection in self._all:
            connection.close()


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for one request at a time, and one for as many as there are connections."""
    visitors = {name: Visitors(server) for name, server in servers.items()}
    asked = in_turns(
        {name: one.one for name, one in visitors.items()},
        rounds=plan.rounds(1500),
        warm_up=_CONNECTIONS,
    )
    yield Row(f"GET api/status, one of {_CONNECTIONS} connections", asked)
    flooded = in_turns(
        {name: one.all_at_once for name, one in visitors.items()},
        rounds=plan.rounds(60),
        warm_up=2,
    )
    yield Row(f"GET api/status, {_CONNECTIONS} at once, each", flooded)
    for one in visitors.values():
        one.close()
