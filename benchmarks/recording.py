"""What recording adds to a request: the same server twice, of which one records nothing.

That one is a secured server of the same build. Its settings file replaces the recorder by one that
drops events, and lets requests past the place where they are recorded; nothing in the product does
that. So the difference is all of it: planning, encoding, the thread, the write and the wait.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.notebooks import body
from benchmarks.open_and_save import Saver
from benchmarks.servers import SECURED, Server, secured
from benchmarks.timing import Series, in_turns

_UNRECORDED = "unrecorded"
_DROP = """
from jupyter_secure.app import state
from jupyter_secure.audit.recorder import NoRecorder
from jupyter_secure.server.recording import Recording

class Dropping(NoRecorder):
    def __init__(self, folder):
        super().__init__()

state.GroupRecorder = Dropping
Recording.follow = lambda self, request, delegate: delegate
"""
_NOTEBOOK = "/api/contents/50-kB.ipynb"


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each kind of request, and one with what recording adds to it."""
    del servers
    # Beside the project and not in /tmp, which is in memory on many machines.
    with tempfile.TemporaryDirectory(prefix=".bench-record-", dir=Path.cwd()) as place:
        without, ours = (secured(Path(place), name) for name in (_UNRECORDED, SECURED))
        (without.path / "config" / "jupyter_server_config.py").write_text(_DROP)
        before = _recorded(without)  # by `init`, which is a command
        with ExitStack() as stack:
            for server in (without, ours):
                (server.work / "small.txt").write_text("x" * 1000)
                stack.enter_context(server.running("jupyter_server"))
            connections = {one.name: one.connect() for one in (without, ours)}
            yield from _requests(connections, plan)
        assert _recorded(without) == before < _recorded(ours)


def _requests(connections: dict[str, Connection], plan: Plan) -> Iterator[Row]:
    savers = {
        name: Saver(one, _NOTEBOOK, body(50_000, pictures=False))
        for name, one in connections.items()
    }
    for saver in savers.values():
        saver.save()
    asked = (
        ("GET api/status (no event)", 1500, _gets(connections, "/api/status")),
        ("open 1 kB of text", 600, _gets(connections, "/api/contents/small.txt?content=1")),
        ("open 50 kB", 600, _gets(connections, f"{_NOTEBOOK}?content=1")),
        ("save 50 kB", 400, {name: one.save for name, one in savers.items()}),
    )
    for what, rounds, calls in asked:
        found = in_turns(
            calls,
            rounds=plan.rounds(rounds),
            warm_up=20,
            before={name: one.prepare for name, one in savers.items()},
        )
        yield Row(what, found)
        # Of one turn each: what slowed the machine down then slowed both.
        turns = zip(found[SECURED].seconds, found[_UNRECORDED].seconds, strict=True)
        yield Row(f"recording adds to {what}", {SECURED: Series([a - b for a, b in turns])})


def _gets(connections: dict[str, Connection], path: str) -> dict[str, Callable[[], None]]:
    return {name: partial(_get, one, path) for name, one in connections.items()}


def _get(connection: Connection, path: str) -> None:
    connection.get(path)


def _recorded(server: Server) -> int:
    """Return how many bytes of record a server's home has."""
    return sum(one.stat().st_size for one in server.path.rglob("record-*.jsonl"))
