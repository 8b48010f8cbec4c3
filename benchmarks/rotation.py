"""Bring sealed notebooks to a new key epoch, beside writing the same bytes anew one by one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from support.home import PASSWORD, Home

from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, STOCK, Server
from benchmarks.timing import Series

_BYTES = 50_000
_NOTEBOOKS = (1_000, 10_000, 100_000)
_IN_A_FOLDER = 100
# The command's own start-up and password, some tenths of a second, are measured with it.
_COMMAND = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each number of notebooks.

    "Stock" here is the least that any program takes to replace that many files durably: read,
    write, fsync and rename, one after the other.
    """
    home = servers[SECURED].home
    assert home is not None
    for number in _NOTEBOOKS[:1] if plan.quick else _NOTEBOOKS:
        with tempfile.TemporaryDirectory(dir=home.work, prefix="rotation-") as folder:
            yield _row(home, Path(folder), number, rounds=1 if number > 10_000 else 3)


def _row(home: Home, folder: Path, number: int, *, rounds: int) -> Row:
    _fill(home, folder, number)
    copied, rotated = Series(), Series()
    for turn in range(rounds):
        # Each begins with nothing of the other's left to be written; another goes first each time.
        for series, work in ((copied, _replace_each), (rotated, _rotate))[:: 1 - 2 * (turn % 2)]:
            os.sync()
            begin = time.perf_counter()
            work(home, folder)
            series.seconds.append(time.perf_counter() - begin)
    return Row(f"rotate {number:,} notebooks", {STOCK: copied, SECURED: rotated})


def _rotate(home: Home, folder: Path) -> None:
    _secure(home, "vault", "rotate", "--new", str(folder))


def _replace_each(home: Home, folder: Path) -> None:  # noqa: ARG001  # the two are called alike
    for path in sorted(folder.rglob("*.ipynb")):
        new = path.with_suffix(".new")
        with path.open("rb") as file, new.open("xb") as out:
            shutil.copyfileobj(file, out)
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)


def _fill(home: Home, folder: Path, number: int) -> None:
    """Put sealed files there, all of one content: rotation does not look at it."""
    one = folder / "one.ipynb"
    one.write_bytes(os.urandom(_BYTES))
    _secure(home, "vault", "seal", str(one))
    sealed = one.read_bytes()
    one.unlink()
    for at in range(number):
        path = folder / str(at // _IN_A_FOLDER) / f"{at}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sealed)


def _secure(home: Home, *arguments: str) -> None:
    subprocess.run(
        [*_COMMAND, *arguments, "--username", home.username, "--password-stdin"],
        input=PASSWORD.encode(),
        env=home.variables,
        stdout=subprocess.DEVNULL,
        check=True,
    )
