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

_NOTEBOOKS = 1000
_FOLDER = "many"


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield one row."""
    for server in servers.values():
        _fill(server)
    connections = {name: server.connect() for name, server in servers.items()}
    for connection in connections.values():
        assert connection.get(f"/api/contents/{_FOLDER}").count(b".ipynb") >= _NOTEBOOKS
    listed = in_turns(
        {name: partial(_list, one) for name, one in connections.items()}, rounds=plan.rounds(20)
    )
    yield Row(f"list {_NOTEBOOKS:,} notebooks", listed)
    for connection in connections.values():
        connection.close()


def _list(connection: Connection) -> None:
    connection.get(f"/api/contents/{_FOLDER}?type=directory&content=1")


def _fill(server: Server) -> None:
    folder = server.work / _FOLDER
    folder.mkdir()
    files = [folder / f"notebook-{number:04}.ipynb" for number in range(_NOTEBOOKS)]
    for number, path in enumerate(files):
        path.write_bytes(notebooks.file(number))
    if server.home is not None:
        _seal(server, files)


def _seal(server: Server, files: list[Path]) -> None:
    assert server.home is not None
    command = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]
    arguments = ["vault", "seal", "--username", server.home.username, "--password-stdin"]
    subprocess.run(
        [*command, *arguments, *map(str, files)],
        input=PASSWORD.encode(),
        env=server.variables,
        stdout=subprocess.DEVNULL,
        check=True,
    )
