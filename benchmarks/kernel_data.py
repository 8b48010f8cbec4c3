"""Read 100 MB in a kernel: a sealed file by ``secure://`` beside a plain one by ``open()``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import websocket
from support.live_server import run_cell

from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, STOCK, Server
from benchmarks.timing import in_turns

# The same file for both, from the page cache: what is measured is the way, and not the disk.
_PREPARE = """
import fsspec, pandas, time
from random import Random
opened = fsspec.filesystem("secure").open if {sealed} else open
with opened("bytes", "wb") as file:
    file.write(Random(1).randbytes({size}))
with opened("table.csv", "wb") as file:
    line = b"1234567,0.123456789,some text\\n"
    file.write(b"number,value,text\\n" + line * ({size} // len(line)))
def whole():
    with opened("bytes", "rb") as file:
        return len(file.read())
def parts():
    with opened("bytes", "rb") as file:
        return sum(map(len, iter(lambda: file.read(1 << 20), b"")))
def table():
    with opened("table.csv", "rb") as file:
        return len(pandas.read_csv(file))
"""
_TIME = "began = time.perf_counter(); {what}(); print(time.perf_counter() - began)  # {number}"
_WAYS = (
    ("whole", "read {} in a kernel, in one piece", 24),
    ("parts", "read {} in a kernel, 1 MiB at a time", 24),
    ("table", "pandas.read_csv of {} in a kernel", 8),
)


class Kernel:
    """A kernel of one of the servers, with the two files written."""

    def __init__(self, server: Server, size: int) -> None:
        connection = server.connect()
        body = json.dumps({"name": "python3", "path": ""})
        kind = {"Content-Type": "application/json"}
        answer = connection.ask("POST", "/api/kernels", body, kind)
        self._path = answer.headers["Location"]
        self._connection = connection
        self._channel = _channel(server, connection, f"{self._path}/channels?session_id=s")
        self._number = 0
        said = self.run(_PREPARE.format(sealed=server.name == SECURED, size=size))
        if said:
            raise RuntimeError(said)

    def run(self, code: str) -> str:
        """Run code; return what it printed."""
        return run_cell(self._channel, code)

    def time(self, what: str) -> float:
        """Return the seconds that the kernel took, by its own clock."""
        self._number += 1  # a kernel takes no message twice
        return float(self.run(_TIME.format(what=what, number=self._number)))

    def close(self) -> None:
        """End it."""
        self._channel.close()
        self._connection.ask("DELETE", self._path, None, {})
        self._connection.close()


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each way of reading."""
    size, label = (1_000_000, "1 MB") if plan.quick else (100_000_000, "100 MB")
    kernels = {name: Kernel(servers[name], size) for name in (STOCK, SECURED)}
    for what, title, rounds in _WAYS:
        read = in_turns(
            {name: partial(kernel.time, what) for name, kernel in kernels.items()},
            rounds=plan.rounds(rounds),
        )
        yield Row(title.format(label), read)
    for kernel in kernels.values():
        kernel.close()


def _channel(server: Server, connection: Connection, path: str) -> websocket.WebSocket:
    scheme = "wss" if server.certificate else "ws"
    wanted = ("Authorization", "Cookie")
    return websocket.create_connection(
        f"{scheme}://localhost:{server.port}{path}",
        sslopt={"ca_certs": str(server.certificate)} if server.certificate else None,
        header={name: value for name, value in connection.headers.items() if name in wanted},
        origin=f"http{scheme[2:]}://localhost:{server.port}",
        timeout=120,
    )
