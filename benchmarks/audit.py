"""The record: writing from many threads at once, verifying, and finding a page of a long one."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from support.recording import event

from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, Server, secured
from benchmarks.timing import Series
from jupyter_secure.app.audit.read import newest_first
from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.audit.verify import verify
from jupyter_secure.audit.events import encode
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.store.audit_index import RecordIndex
from jupyter_secure.store.audit_recorder import GroupRecorder
from jupyter_secure.store.audit_segments import RecordFiles

_FRESH = "new record"
_WRITERS = 16
_EACH = 2000
_LONG = 1_000_000
_FOLDERS = 1000
_COMMAND = """
import sys, time
from pathlib import Path
from jupyter_secure.audit.events import Event, encode
from jupyter_secure.store.audit_segments import RecordFiles
for _ in range(int(sys.argv[2])):
    files = RecordFiles(Path(sys.argv[1]))
    started = time.perf_counter()
    files.append([encode(Event("settings:change"))])
    print(time.perf_counter() - started)
    files.close()
    time.sleep(0.005)
"""


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
        number = 100_000 if plan.quick else _LONG
        yield from _reading(folder, number)
        yield from _starting(Path(place), folder, number)


def _writing(folder: Path, plan: Plan) -> Iterator[Row]:
    yield Row("500 bytes, written and fdatasync", {SECURED: _bare(folder, plan.rounds(300))})
    recorder = GroupRecorder(folder)
    alone, together = Series(), Series()
    for _ in range(plan.rounds(300)):
        started = time.perf_counter()
        recorder.record(event())
        alone.seconds.append(time.perf_counter() - started)
    yield Row("record one event, on the disk", {SECURED: alone})
    beside = _command(folder, plan.rounds(200))

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
    rate = f"{1 / together.median:,.0f}/s"
    yield Row(f"record, {_WRITERS} writers, on the disk, each ({rate})", {SECURED: together})
    yield Row("a command records an event, nobody else writes", {SECURED: beside})
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            recorder.record(event())

    threads = [threading.Thread(target=go_on) for _ in range(_WRITERS)]
    for thread in threads:
        thread.start()
    beside = _command(folder, plan.rounds(200))
    stop.set()
    for thread in threads:
        thread.join()
    recorder.close()
    yield Row(f"a command records an event beside {_WRITERS} writers", {SECURED: beside})


def _bare(folder: Path, rounds: int) -> Series:
    """Return what the disk itself takes, without which no other figure here says anything."""
    taken, path = Series(), folder / "bare"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    for _ in range(rounds):
        started = time.perf_counter()
        os.write(descriptor, bytes(500))
        os.fdatasync(descriptor)
        taken.seconds.append(time.perf_counter() - started)
    os.close(descriptor)
    path.unlink()
    return taken


def _command(folder: Path, rounds: int) -> Series:
    """Record from another process, as commands do; return how long it waited for each event."""
    said = [sys.executable, "-c", _COMMAND, str(folder), str(rounds)]
    done = subprocess.run(said, capture_output=True, text=True, check=True, timeout=600)
    return Series([float(one) for one in done.stdout.split()])


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
    index, making, page, unindexed = RecordIndex(folder), Series(), Series(), Series()
    for at in range(5):
        wanted = Wanted(path=f"folder-{at * 7}/notebook.ipynb")
        started = time.perf_counter()
        assert list(islice(newest_first(folder, wanted), 100))
        unindexed.seconds.append(time.perf_counter() - started)
    yield Row(f"a page of {number:,} events, of one file, not indexed yet", {SECURED: unindexed})
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


def _starting(place: Path, folder: Path, number: int) -> Iterator[Row]:
    """Start a server on that record, and on a new one."""
    fresh, ours = secured(place, _FRESH), secured(place, SECURED)
    assert ours.home is not None
    shutil.rmtree(ours.home.state / "audit")
    folder.rename(ours.home.state / "audit")
    taken = {_FRESH: Series(), SECURED: Series()}
    for _ in range(5):
        for server in (fresh, ours):
            started = time.perf_counter()
            with server.running("jupyter_server"):
                taken[server.name].seconds.append(time.perf_counter() - started)
    yield Row(f"start with a record of {number:,} events", taken)
