"""What passing our gate costs: a request that does next to nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.servers import Server
from benchmarks.timing import in_turns


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield one row."""
    connections = {name: server.connect() for name, server in servers.items()}
    asked = in_turns(
        {name: partial(_ask, one) for name, one in connections.items()},
        rounds=plan.rounds(300),
        warm_up=20,
    )
    yield Row("GET api/status", asked)
    for connection in connections.values():
        connection.close()


def _ask(connection: Connection) -> None:
    connection.get("/api/status")
