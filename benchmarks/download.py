"""Download a large file through ``/files``, and what that adds to the server's memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from benchmarks import memory
from benchmarks.connection import Connection
from benchmarks.large_files import fill, seal
from benchmarks.measuring import Plan, Row
from benchmarks.servers import Server
from benchmarks.timing import in_turns

_NAME = "large.bin"


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for the time and, where it can be measured, one for the memory."""
    label, size = plan.large
    for server in servers.values():
        fill(server.work / _NAME, size)
        if server.home is not None:
            seal(server, server.work / _NAME, in_place=True)
    connections = {name: server.connect() for name, server in servers.items()}
    downloaded = in_turns(
        {name: partial(_download, one, size) for name, one in connections.items()},
        rounds=plan.rounds(8),
    )
    yield Row(f"download {label}", downloaded)
    for name, server in servers.items():
        one = connections[name]
        one.close()
        connections[name] = server.connect()
    if memory.can_be_reset(os.getpid()):
        added = in_turns(
            {name: partial(_added, servers[name], one, size) for name, one in connections.items()},
            rounds=3,
            warm_up=0,
        )
        yield Row(f"download {label}: memory", added, unit="MiB")
    for connection in connections.values():
        connection.close()
    for server in servers.values():
        (server.work / _NAME).unlink()


def _download(connection: Connection, size: int) -> None:
    assert connection.drain(f"/files/{_NAME}") == size


def _added(server: Server, connection: Connection, size: int) -> float:
    memory.reset_peak(server.pid)
    before = memory.resident(server.pid)
    _download(connection, size)
    return memory.added(server.pid, before)
