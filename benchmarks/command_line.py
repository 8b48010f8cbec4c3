"""Ask the command line for help, which is how long every command takes at least."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, STOCK, Server
from benchmarks.timing import in_turns


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield one row: ``jupyter --help`` beside ``jupyter secure --help``."""
    commands = {STOCK: ["jupyter", "--help"], SECURED: ["jupyter", "secure", "--help"]}
    helped = in_turns(
        {name: partial(_run, servers[name], command) for name, command in commands.items()},
        rounds=plan.rounds(15),
    )
    yield Row("jupyter [secure] --help", helped)


def _run(server: Server, command: list[str]) -> None:
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join((beside, server.variables.get("PATH", "")))
    subprocess.run(
        [f"{beside}/{command[0]}", *command[1:]],
        env={**server.variables, "PATH": path},
        cwd=server.work,
        stdout=subprocess.DEVNULL,
        check=True,
    )
