"""Open and save through the contents manager itself: what is ours, without HTTP and TLS."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from support.home import PASSWORD

from benchmarks.measuring import Plan, Row
from benchmarks.notebooks import body
from benchmarks.servers import SECURED, STOCK, Server
from benchmarks.timing import in_turns

# Label, bytes, with pictures, rounds.
_SIZES = (
    ("50 kB", 50_000, False, 60),
    ("1 MB", 1_000_000, False, 30),
    ("20 MB of cells", 20_000_000, False, 8),
    ("20 MB of pictures", 20_000_000, True, 12),
)


class Worker:
    """A process with one manager."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answer()

    def order(self, *order: str) -> Any:
        """Have something done, and return how long it took."""
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return json.loads(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The process that measures has ended; see what it printed above.")
        return line


@contextmanager
def running(server: Server, *arguments: str) -> Iterator[Worker]:
    """Run a process with the manager of ``server``."""
    command = [sys.executable, "-m", "benchmarks.manager_process", server.name, str(server.work)]
    process = subprocess.Popen(
        [*command, *arguments],
        env=server.variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Worker(process)
    finally:
        process.kill()
        process.communicate()


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each size, opening and saving."""
    stock, secured = servers[STOCK], servers[SECURED]
    assert secured.home is not None
    with ExitStack() as stack:
        workers = {
            STOCK: stack.enter_context(running(stock)),
            SECURED: stack.enter_context(running(secured, secured.home.username, PASSWORD)),
        }
        for label, size, pictures, rounds in plan.sizes(_SIZES):
            path = f"manager-{label.replace(' ', '-')}.ipynb"
            source = Path(stock.path, path)
            source.write_bytes(body(size, pictures=pictures))
            for worker in workers.values():
                worker.order("load", path, str(source))
                worker.order("save", path)
            for action in ("open", "save"):
                done = in_turns(
                    {name: partial(worker.order, action, path) for name, worker in workers.items()},
                    rounds=plan.rounds(rounds),
                )
                yield Row(f"{action} {label}, manager alone", done)
