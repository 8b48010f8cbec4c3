"""Open and save a notebook over HTTP, to the last byte of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.notebooks import MARK, body
from benchmarks.servers import Server
from benchmarks.timing import in_turns

# Label, bytes, with pictures, rounds.
_SIZES = (
    ("50 kB", 50_000, False, 40),
    ("1 MB", 1_000_000, False, 24),
    ("20 MB of cells", 20_000_000, False, 6),
    ("20 MB of pictures", 20_000_000, True, 10),
)


class Saver:
    """Saves a notebook again and again, with other content each time, as people do."""

    def __init__(self, connection: Connection, path: str, content: bytes) -> None:
        self._connection = connection
        self._path = path
        before, after = content.split(MARK)
        self._parts = before, after
        self._number = 0
        self._next = content

    def prepare(self) -> None:
        """Make the body of the next save, outside of what is timed."""
        self._number += 1
        self._next = self._parts[0] + b"#%08d#" % self._number + self._parts[1]

    def save(self) -> None:
        """Send it."""
        self._connection.put(self._path, self._next)


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each size, opening and saving."""
    connections = {name: server.connect() for name, server in servers.items()}
    for label, size, pictures, rounds in plan.sizes(_SIZES):
        path = f"/api/contents/{label.replace(' ', '-')}.ipynb"
        content = body(size, pictures=pictures)
        savers = {name: Saver(one, path, content) for name, one in connections.items()}
        for saver in savers.values():
            saver.save()  # the first one also makes the checkpoint
        opened = in_turns(
            {name: partial(_open, one, path) for name, one in connections.items()},
            rounds=plan.rounds(rounds),
        )
        yield Row(f"open {label}", opened)
        saved = in_turns(
            {name: saver.save for name, saver in savers.items()},
            rounds=plan.rounds(rounds),
            before={name: saver.prepare for name, saver in savers.items()},
        )
        yield Row(f"save {label}", saved)
    for connection in connections.values():
        connection.close()


def _open(connection: Connection, path: str) -> None:
    connection.get(f"{path}?content=1")
