"""The record: writing from many threads at once, verifying, and finding a page of a long one."""

from __future__ import annotations

import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from support.recording import event

from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, Server
from benchmarks.timing import Series
from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.audit.verify import verify
from jupyter_secure.audit.events import encode
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.store.audit_index import RecordIndex
from jupyter_secure.store.audit_recorder import GroupRecorder
from jupyter_secure.store.audit_segments import RecordFiles

_WRITERS = 16
_EACH = 2000
_LONG = 1_000_000
_FOLDERS = 1000


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield the rows; there is nothing of the kind in a stock server."""
    del servers
    # Beside the project and not in /tmp, which is in memory on many machines.
    with tempfile.TemporaryDirectory(prefix=".bench-record-", dir=Path.cwd()) as place:
        folder = Path(place) / "audit"
        folder.mkdir()
        yield from _writing(folder, plan)
    with tempfile.TemporaryDirectory(prefix=".bench-record-", dir=Path.cwd()) as place:
        folder = Path(place) / "audit"
        folder.mkdir()
        yield from _reading(folder, 100_000 if plan.quick else _LONG)


def _writing(folder: Path, plan: Plan) -> Iterator[Row]:
    recorder = GroupRecorder(folder)
    alone, together = Series(), Series()
    for _ in range(plan.rounds(300)):
        started = time.perf_counter()
        recorder.record(event())
        alone.seconds.append(time.perf_counter() - started)
    yield Row("record one event, on the disk", {SECURED: alone})

    def work() -> None:
        for number in range(_EACH):
            recorder.record(event(number))

    for _ in range(plan.rounds(5)):
        threads = [threading.Thread(target=work) for _ in range(_WRITERS)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        together.seconds.append((time.perf_counter() - started) / (_WRITERS * _EACH))
    recorder.close()
    rate = f"{1 / together.median:,.0f}/s"
    yield Row(f"record, {_WRITERS} writers, on the disk, each ({rate})", {SECURED: together})


def _reading(folder: Path, number: int) -> Iterator[Row]:
    key = setup_key(folder)
    files = RecordFiles(folder)
    said = [encode(event(path=f"folder-{at}/notebook.ipynb")) for at in range(_FOLDERS)]
    for _ in range(number // _FOLDERS):
        files.append(said)
    files.close()
    verified, memory = Series(), Series()
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        found = verify(folder, [key])
        verified.seconds.append((time.perf_counter() - started) / found.events)
        memory.seconds.append((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
        assert found.first_broken is None
        assert found.with_key == found.events > number
    rate = f"{1 / verified.median:,.0f}/s"
    yield Row(f"verify with the key, each event ({rate})", {SECURED: verified})
    yield Row(f"memory added by verifying {number:,} events", {SECURED: memory}, unit="MiB")
    index, making, page = RecordIndex(folder), Series(), Series()
    started = time.perf_counter()
    index.catch_up()
    making.seconds.append(time.perf_counter() - started)
    for at in range(30):
        started = time.perf_counter()
        events = index.page(Wanted(path=f"folder-{at * 7}/notebook.ipynb"), 100)
        page.seconds.append(time.perf_counter() - started)
        assert len(events) == min(100, number // _FOLDERS)
    yield Row(f"index of {number:,} events, once", {SECURED: making})
    yield Row(f"a page of {number:,} events, of one file", {SECURED: page})
    folders = Series()
    for at in range(10):
        started = time.perf_counter()
        events = index.page(Wanted(path=f"folder-{at * 7}/"), 100)
        folders.seconds.append(time.perf_counter() - started)
        assert events
    yield Row(f"a page of {number:,} events, of one folder", {SECURED: folders})
