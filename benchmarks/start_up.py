"""Start a server, from nothing until it answers a request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from benchmarks.measuring import Plan, Row
from benchmarks.servers import Server
from benchmarks.timing import in_turns


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each program that is a server."""
    for module in ("jupyter_server", "jupyterlab"):
        started = in_turns(
            {name: partial(_start_and_stop, one, module) for name, one in servers.items()},
            rounds=plan.rounds(5),
        )
        yield Row(f"start {module}", started)


def _start_and_stop(server: Server, module: str) -> float:
    started = time.perf_counter()
    with server.running(module):
        return time.perf_counter() - started
