"""What opening a large notebook adds to the server's memory, at its highest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from benchmarks import memory
from benchmarks.measuring import Plan, Row
from benchmarks.notebooks import body
from benchmarks.servers import Server
from benchmarks.timing import in_turns

_SIZES = (
    ("1 MB", 1_000_000, False, 3),
    ("20 MB of cells", 20_000_000, False, 3),
    ("20 MB of pictures", 20_000_000, True, 3),
)


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each size. Every server is a new one each time: none has room to spare."""
    if not memory.can_be_reset(os.getpid()):
        print("opening-memory: left out, /proc/PID/clear_refs cannot be written here.")
        return
    for label, size, pictures, rounds in plan.sizes(_SIZES):
        path = f"/api/contents/memory-{label.replace(' ', '-')}.ipynb"
        content = body(size, pictures=pictures)
        for server in servers.values():
            with server.running("jupyter_server"):
                server.connect().put(path, content)
        added = in_turns(
            {name: partial(_open, one, path) for name, one in servers.items()},
            rounds=rounds,
            warm_up=0,
        )
        yield Row(f"open {label}: memory", added, unit="MiB")


def _open(server: Server, path: str) -> float:
    with server.running("jupyter_server"):
        connection = server.connect()
        connection.get("/api/contents?content=1")  # what every request needs is there by then
        memory.reset_peak(server.pid)
        before = memory.resident(server.pid)
        connection.get(f"{path}?content=1")
        added = memory.added(server.pid, before)
        connection.close()
    return added
