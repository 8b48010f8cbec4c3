"""Versions by the thousand: of one notebook, and of many; kept, listed, opened, thinned out."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from benchmarks.history import ACTOR, edited, histories_of, mebibytes
from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, Server
from benchmarks.timing import Series
from jupyter_secure.app.content.saves import Origin, Saved
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.history.version import Kind
from jupyter_secure.store.history import DIRECTORY, GitHistory

_FILE = b"\1" * 16
_BYTES = 100_000
_TIDY_EVERY = 100  # saves
_ROUNDS = 10


class _Clock:
    """Goes on as it is told to, so that versions age."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield the rows; a stock server keeps no versions."""
    del servers
    many, notebooks = (300, 100) if plan.quick else (10_000, 5_000)
    with tempfile.TemporaryDirectory(prefix=".bench-history-", dir=Path.cwd()) as place:
        folder, clock = Path(place), _Clock()
        repository = GitHistory(folder)
        histories = histories_of(repository, clock)
        yield from _many_versions(histories, repository, clock, many)
        yield from _many_notebooks(histories, repository, notebooks)
        yield _row("bring all into one pack", lambda: repository.tidy(everything=True), 1)
        yield Row("space of all that", {SECURED: Series([mebibytes(folder / DIRECTORY)])}, "MiB")
        yield from _looking(histories, many, notebooks, "")
        yield _row("after a restart: the first list", lambda: _list(GitHistory(folder)))
        clock.now += timedelta(days=1)
        yield _row("thin out everything that aged", histories.thin_all, 1)
        yield _row("the same with nothing to do", histories.thin_all, 1)
        yield _row("and its space back", lambda: repository.tidy(everything=True), 1)


def _many_versions(
    histories: Histories, repository: GitHistory, clock: _Clock, count: int
) -> Iterator[Row]:
    early, late, tidying = Series(), Series(), Series()
    for number, content in enumerate(edited(count, _BYTES)):
        clock.now += timedelta(seconds=30)
        started = time.perf_counter()
        histories.keep(Saved(_FILE, "a.ipynb", content, ACTOR), Origin(Kind.AUTOMATIC))
        took = time.perf_counter() - started
        if number and number < count // 10:
            early.seconds.append(took)
        elif number >= count - count // 10:
            late.seconds.append(took)
        if number % _TIDY_EVERY == _TIDY_EVERY - 1:
            started = time.perf_counter()
            repository.tidy()
            tidying.seconds.append(time.perf_counter() - started)
    yield Row(f"keep one of the first {count // 10:,} of 100 kB", {SECURED: early})
    yield Row(f"keep one of the last, of {count:,}", {SECURED: late})
    yield Row(f"tidy after {_TIDY_EVERY} saves, beside them", {SECURED: tidying})


def _many_notebooks(histories: Histories, repository: GitHistory, count: int) -> Iterator[Row]:
    drawn, keeping, tidying = random.Random(2), Series(), Series()
    for number in range(count):
        content = drawn.randbytes(500) + b"a notebook\n" * 50
        file_id = b"\2" * 12 + number.to_bytes(4, "big")
        started = time.perf_counter()
        histories.keep(Saved(file_id, f"{number}.ipynb", content, ACTOR), Origin(Kind.AUTOMATIC))
        keeping.seconds.append(time.perf_counter() - started)
        if number % _TIDY_EVERY == _TIDY_EVERY - 1:
            started = time.perf_counter()
            repository.tidy()
            tidying.seconds.append(time.perf_counter() - started)
    yield Row(f"keep the first version of one more of {count:,}", {SECURED: keeping})
    yield Row("tidy among them", {SECURED: tidying})
    yield from _looking(histories, 0, count, ", before that")


def _looking(histories: Histories, many: int, notebooks: int, when: str) -> Iterator[Row]:
    if many:
        yield _row(f"list all {many:,}", lambda: histories.versions(_FILE, ACTOR), 3)
        page = min(1000, many)
        yield _row(
            f"list the last {page:,} of them", lambda: histories.versions(_FILE, ACTOR, page)
        )
        for name, number in (("oldest", 1), ("newest", many)):
            yield _row(f"open the {name}", lambda: histories.version(_FILE, number, ACTOR))  # noqa: B023
    yield _row(f"list {notebooks:,} deleted notebooks{when}", lambda: histories.deleted({_FILE}), 3)


def _list(repository: GitHistory) -> None:
    next(repository.versions(_FILE))


def _row(what: str, work: Callable[[], object], rounds: int = _ROUNDS) -> Row:
    series = Series()
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        series.seconds.append(time.perf_counter() - started)
    return Row(what, {SECURED: series})
