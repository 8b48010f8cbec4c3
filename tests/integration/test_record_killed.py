"""A record that is killed in the middle, on a full disk, or under another process's hands."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recording import event

from jupyter_secure.app.audit.read import oldest_first
from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.audit.verify import verify
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.errors import RecordUnwritable
from jupyter_secure.store.audit_folder import segment_path, segments
from jupyter_secure.store.audit_reading import standing
from jupyter_secure.store.audit_recorder import GroupRecorder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX's calls and limits"),
]


def write_for_ever(folder: Path, notes: int, name: str) -> None:
    """Record from several threads, telling of each event that was told to be recorded."""
    recorder = GroupRecorder(folder, segment_bytes=20_000)

    def work(thread: int) -> None:
        number = 0
        while True:
            number += 1
            recorder.record(event(path=f"{name}-{thread}-{number}"))
            os.write(notes, f"{name}-{thread}-{number}\n".encode())

    async def serve() -> None:
        number = 0
        while True:
            number += 1
            await recorder.put(event(path=f"{name}-loop-{number}"))
            os.write(notes, f"{name}-loop-{number}\n".encode())
            await asyncio.sleep(0.001)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    threads.append(threading.Thread(target=lambda: asyncio.run(serve())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def start(folder: Path, name: str) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write_for_ever(folder, writing, name)
        finally:
            os._exit(1)
    os.close(writing)
    return child, reading


def kill(child: int, reading: int) -> list[str]:
    """Kill the writer; return what it was told to be recorded."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as notes:
        return [line.decode().strip() for line in notes if line.endswith(b"\n")]


def test_killed_while_writing(tmp_path: Path) -> None:
    """Killed twenty times, two at a time: what was acknowledged is there, in order."""
    folder = tmp_path / "audit"
    folder.mkdir()
    key = setup_key(folder)
    dice = random.Random(5)
    told: list[str] = []
    for round_ in range(20):
        children = [start(folder, f"{round_}{which}") for which in "ab"]
        time.sleep(0.05 + dice.random() / 10)
        for child in children:
            told += kill(*child)
    GroupRecorder(folder).record(event(path="the end"))
    found = verify(folder, [key])
    assert [one for one in found.findings if one.broken] == []
    paths = [one.event.path for one in oldest_first(folder, Wanted())]
    assert set(told) <= set(paths)
    assert len(told) > 200
    assert len(segments(folder)) > 3
    for writer in {name.rsplit("-", 1)[0] for name in told}:
        mine = [int(path.rsplit("-", 1)[1]) for path in paths if path.rsplit("-", 1)[0] == writer]
        assert mine == sorted(set(mine))


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_torn_last_line(tmp_path: Path, cut: int) -> None:
    """Half a line at the end is cut off with an event that says so, and all verifies."""
    folder = tmp_path / "audit"
    folder.mkdir()
    key = setup_key(folder)
    recorder = GroupRecorder(folder)
    recorder.record(event(1))
    recorder.close()
    path = segment_path(folder, 1)
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines(keepends=True)[-1][:cut])
    found = verify(folder, [key])
    assert [(one.kind, one.broken) for one in found.findings] == [("torn", False)]
    recorder.record(event(2))
    recorder.close()
    assert verify(folder, [key]).findings == []
    repairs = list(oldest_first(folder, Wanted(what="record:repair")))
    assert [one.event.details for one in repairs] == [{"bytes": cut, "lines": 0}]


def test_shortened_while_it_is_written(tmp_path: Path) -> None:
    """A record that is cut under the server's hands goes on, says so, and does not verify."""
    folder = tmp_path / "audit"
    folder.mkdir()
    key = setup_key(folder)
    recorder = GroupRecorder(folder)
    for number in range(5):
        recorder.record(event(number))
    path = segment_path(folder, 1)
    path.write_bytes(path.read_bytes()[:-100])
    recorder.record(event(6))
    path = segment_path(folder, 2)
    path.unlink()
    recorder.record(event(7))
    recorder.close()
    assert len(list(oldest_first(folder, Wanted(what="record:gap")))) == 1
    first = verify(folder, [key]).first_broken
    assert first is not None
    assert (first.kind, first.segment) == ("shortened", 1)


def test_a_lost_head(tmp_path: Path) -> None:
    """Without its head nothing is recorded until the owner begins anew, after what is there."""
    folder = tmp_path / "audit"
    folder.mkdir()
    setup_key(folder)
    recorder = GroupRecorder(folder)
    recorder.record(event(1))
    recorder.close()
    (folder / "head").write_bytes(b"x" * 9000)
    with pytest.raises(RecordUnwritable, match="setup-key"):
        recorder.record(event(2))
    recorder.close()
    key = setup_key(folder)
    recorder.record(event(3))
    recorder.close()
    numbers = [one.seq for one in oldest_first(folder, Wanted())]
    assert numbers == list(range(1, len(numbers) + 1))
    gaps = list(oldest_first(folder, Wanted(what="record:gap")))
    assert [one.event.reason for one in gaps] == ["head-lost"]
    assert verify(folder, [key]).first_broken is not None  # segment 1 was never closed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = shutil.which("mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = [str(mount), "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(folder)]
    if os.geteuid() or not mount or subprocess.run(command, check=False).returncode:
        if os.geteuid() == 0 and os.environ.get("CI") == "true":
            pytest.fail("root cannot mount a small disk, and in CI it is meant to")
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    """On a full disk nothing is told to be recorded; with room again it goes on, whole."""
    folder = small_disk / "audit"
    folder.mkdir()
    key = setup_key(folder)
    recorder = GroupRecorder(folder)
    recorder.record(event(1))
    filler = (small_disk / "filler").open("wb", buffering=0)
    with filler, pytest.raises(OSError, match="No space left"):
        while filler.write(b"\0" * 4096):
            pass
    told = 1
    with pytest.raises(RecordUnwritable, match="No space left"):
        for _ in range(100):
            recorder.record(event(2))
            told += 1
    (small_disk / "filler").unlink()
    recorder.record(event(3))
    recorder.close()
    assert verify(folder, [key]).findings == []
    assert len(list(oldest_first(folder, Wanted(what="file:save")))) == told + 1


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    """Where the system cuts a write short, half a line is never left for recorded."""
    folder = tmp_path / "audit"
    folder.mkdir()
    key = setup_key(folder)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            recorder = GroupRecorder(folder)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
            for number in range(100):
                try:
                    recorder.record(event(number))
                except RecordUnwritable:
                    status = 0 if number > 5 else 2
                    break
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert verify(folder, [key]).findings == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the folder is no folder, or is not there, it is said and nothing is recorded."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "missing" / "audit"):
        with pytest.raises(RecordUnwritable) as caught:
            GroupRecorder(folder).record(event(1))
        assert caught.value.why
        assert caught.value.remedy


def _fails(_: int) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put is there at once, in order, and on the disk before the next is told to be."""
    folder = tmp_path / "audit"
    folder.mkdir()
    key = setup_key(folder)
    recorder = GroupRecorder(folder)
    synced: list[int] = []
    sync = os.fdatasync

    def seen(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr("os.fdatasync", seen)

    async def go() -> None:
        owed = 0
        for number in range(50):
            await recorder.put(event(number))
            assert max(synced, default=0) >= owed
            owed = standing(folder).sizes[max(standing(folder).sizes)]
            if number % 7 == 0:  # so that some find the thread idle, and some do not
                await asyncio.sleep(0.02)
            if number % 10 == 0:
                recorder.record(event(100 + number))
                await asyncio.gather(*(recorder.put(event(200 + one)) for one in range(3)))
                owed = 0

    asyncio.run(go())
    recorder.close()
    told = [one.event.path for one in oldest_first(folder, Wanted(what="file:save"))]
    singly = [path for path in told if int(path[len("project/notebook-") : -6]) < 100]
    assert singly == [f"project/notebook-{number}.ipynb" for number in range(50)]
    assert len(told) == 50 + 5 * 4
    found = verify(folder, [key])
    assert not found.findings
    assert synced[-1] == standing(folder).sizes[max(standing(folder).sizes)]


def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a wait for the disk has failed nothing is told to be recorded until one succeeds."""
    folder = tmp_path / "audit"
    folder.mkdir()
    key = setup_key(folder)
    recorder = GroupRecorder(folder)

    recorder.record(event(1))

    async def go() -> None:
        with monkeypatch.context() as broken:
            broken.setattr("os.fdatasync", _fails)
            await recorder.put(event(2))  # told before the disk was asked
            for number in (3, 4):
                with pytest.raises(RecordUnwritable):
                    await recorder.put(event(number))
        await recorder.put(event(5))

    asyncio.run(go())
    recorder.close()
    told = [one.event.path for one in oldest_first(folder, Wanted(what="file:save"))]
    assert told == [f"project/notebook-{number}.ipynb" for number in (1, 2, 5)]
    assert verify(folder, [key]).first_broken is None


def test_a_read_only_disk(small_disk: Path) -> None:
    """On a disk that became read-only nothing is told to be recorded; later it goes on, whole."""
    folder = small_disk / "audit"
    folder.mkdir()
    key = setup_key(folder)
    recorder = GroupRecorder(folder)
    recorder.record(event(1))
    recorder.close()
    mount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(mount, check=True)

    async def go() -> None:
        with pytest.raises(RecordUnwritable, match="Read-only"):
            await recorder.put(event(2))

    asyncio.run(go())
    with pytest.raises(RecordUnwritable, match="Read-only"):
        recorder.record(event(3))
    assert verify(folder, [key]).first_broken is None  # it can be read still
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    recorder.record(event(4))
    recorder.close()
    told = [one.event.path for one in oldest_first(folder, Wanted(what="file:save"))]
    assert told == ["project/notebook-1.ipynb", "project/notebook-4.ipynb"]
    assert verify(folder, [key]).first_broken is None
