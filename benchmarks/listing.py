"""List a folder of notebooks, as the file browser does every few seconds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from support.home import PASSWORD

from benchmarks import notebooks
from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.servers import Server
from benchmarks.timing import in_turns

_FOLDER = "many"


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield one row."""
    number = 1000 if plan.quick else 10_000
    for server in servers.values():
        _fill(server, number)
    connections = {name: server.connect() for name, server in servers.items()}
    for connection in connections.values():
        assert connection.get(f"/api/contents/{_FOLDER}").count(b".ipynb") >= number
    listed = in_turns(
        {name: partial(_list, one) for name, one in connections.items()}, rounds=plan.rounds(12)
    )
    yield Row(f"list {number:,} notebooks", listed)
    for connection in connections.values():
        connection.close()


def _list(connection: Connection) -> None:
    connection.get(f"/api/contents/{_FOLDER}?type=directory&content=1")


def _fill(server: Server, number: int) -> None:
    folder = server.work / _FOLDER
    folder.mkdir()
    for one in range(number):
        (folder / f"notebook-{one:05}.ipynb").write_bytes(notebooks.file(one))
    if server.home is not None:
        _seal(server, folder)


def _seal(server: Server, folder: Path) -> None:
    assert server.home is not None
    command = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]
    arguments = ["vault", "seal", "--username", server.home.username, "--password-stdin"]
    subprocess.run(
        [*command, *arguments, "--all", str(folder)],
        input=PASSWORD.encode(),
        env=server.variables,
        stdout=subprocess.DEVNULL,
        check=True,
    )
