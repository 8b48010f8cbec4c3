"""Versions: what one adds to a save, what a thousand take on the disk, and listing them."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import notebooks
from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, Server
from benchmarks.timing import Series
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.saves import Origin, Saved
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.history.thinning import Retention
from jupyter_secure.history.version import Kind
from jupyter_secure.identity.clock import Clock, utc_now
from jupyter_secure.locks import Actor
from jupyter_secure.store.history import DIRECTORY, GitHistory
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

ACTOR = Actor("alice", elevated=False, session="s")
_FILE = bytes(16)
_BYTES = 1_000_000
_TIDY_EVERY = 30  # saves, as the server does every three minutes of a busy hour
_GIT = "plain Git after gc"


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield the rows; a stock server keeps no versions."""
    del servers
    # Beside the project and not in /tmp, which is in memory on many machines.
    with tempfile.TemporaryDirectory(prefix=".bench-history-", dir=Path.cwd()) as place:
        yield from _saving(Path(place), 100 if plan.quick else 1000)


def _saving(folder: Path, count: int) -> Iterator[Row]:
    repository = GitHistory(folder)
    histories = histories_of(repository)
    plain = folder / "plain"
    subprocess.run(["git", "init", "-q", plain], check=True)
    first, adding, tidying = Series(), Series(), Series()
    for number, content in enumerate(edited(count, _BYTES)):
        started = time.perf_counter()
        histories.keep(Saved(_FILE, "a.ipynb", content, ACTOR), Origin(Kind.MANUAL))
        (adding if number else first).seconds.append(time.perf_counter() - started)
        (plain / "a.ipynb").write_bytes(content)
        commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"]
        for command in (["add", "a.ipynb"], commit):
            subprocess.run(["git", "-C", plain, "-c", "gc.auto=0", *command], check=True)
        if number % _TIDY_EVERY == _TIDY_EVERY - 1:
            started = time.perf_counter()
            repository.tidy()
            tidying.seconds.append(time.perf_counter() - started)
    yield Row("keep the first version of 1 MB", {SECURED: first})
    yield Row("a version adds to a save of 1 MB", {SECURED: adding})
    yield Row(f"tidy after {_TIDY_EVERY} saves, beside them", {SECURED: tidying})
    before = mebibytes(folder / DIRECTORY)
    repository.tidy(everything=True)
    subprocess.run(["git", "-C", plain, "gc", "-q", "--prune=now"], check=True)
    theirs, ours = mebibytes(plain / ".git" / "objects"), mebibytes(folder / DIRECTORY)
    yield Row(
        f"space of {count:,} saves (before tidying all: {before:.1f} MiB)",
        {_GIT: Series([theirs]), SECURED: Series([ours])},
        unit="MiB",
    )
    listing, reading = Series(), Series()
    for number in range(20):
        started = time.perf_counter()
        assert len(histories.versions(_FILE, ACTOR)) == count
        listing.seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        histories.content(_FILE, 1 + number * count // 20, ACTOR)
        reading.seconds.append(time.perf_counter() - started)
    yield Row(f"list {count:,} versions", {SECURED: listing})
    yield Row("open one of them", {SECURED: reading})
    shutil.rmtree(plain)


def edited(count: int, size: int) -> Iterator[bytes]:
    """Yield a notebook as the server writes it, each time with a small edit."""
    drawn = random.Random(1)
    nb: Any = json.loads(notebooks.body(size))["content"]
    cells = nb["cells"]
    for number in range(count):
        cell = drawn.choice(cells)
        lines = cell["source"].split("\n")
        lines.insert(drawn.randrange(len(lines) + 1), f"value_{number} = {drawn.random()}")
        cell["source"] = "\n".join(lines)
        if cell.get("outputs") and drawn.random() < 0.3:
            cell["outputs"][0]["text"] = "".join(
                f"{drawn.random():.6f}  {drawn.random():.6f}\n" for _ in range(20)
            )
        yield json.dumps(nb, ensure_ascii=False, separators=(",", ":")).encode()


def histories_of(repository: GitHistory, clock: Clock = utc_now) -> Histories:
    """Return the histories of a vault that is made for them."""
    root = RootKey.generate()
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    return Histories(
        repository=repository,
        vault=vault,
        passphrases=Passphrases(),
        clock=clock,
        retention=Retention(),
    )


def mebibytes(folder: Path) -> float:
    """Return how much its files take."""
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / (1 << 20)
