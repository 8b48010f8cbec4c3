"""A record that somebody cut, emptied or swapped: what the command and the server make of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.home import Home, set_up
from support.live_server import notebook, start
from support.recording import event, make_record

from jupyter_secure.app.audit.read import oldest_first
from jupyter_secure.audit.events import encode
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.store.audit_folder import segment_path, segments
from jupyter_secure.store.audit_segments import RecordFiles

pytestmark = pytest.mark.integration

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose server has run and recorded something."""
    home = set_up(tmp_path_factory.mktemp("home"))
    server = start(home)
    try:
        client = server.logged_in()
        for number in range(3):
            assert client.save("a.ipynb", notebook(str(number))).ok
    finally:
        server.stop()
    shutil.copytree(home.state / "audit", home.path / "as-it-was")
    return home


@pytest.fixture
def record(home: Home) -> Iterator[Path]:
    folder = Path(home.state) / "audit"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home.path / "as-it-was", folder)


def newest(record: Path) -> Path:
    return segment_path(record, segments(record)[-1])


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def edited(record: Path) -> None:
    blob = newest(record).read_bytes()
    newest(record).write_bytes(blob.replace(b"file:save", b"file:copy", 1))


def cut_in_a_line(record: Path) -> None:
    os.truncate(newest(record), newest(record).stat().st_size - 30)


def cut(record: Path) -> None:
    newest(record).write_bytes(b"".join(lines(newest(record))[:-4]))


def a_line_less(record: Path) -> None:
    kept = lines(newest(record))
    newest(record).write_bytes(b"".join(kept[:4] + kept[5:]))


def emptied(record: Path) -> None:
    newest(record).write_bytes(b"")


def gone(record: Path) -> None:
    newest(record).unlink()


def no_text(record: Path) -> None:
    newest(record).write_bytes(os.urandom(3_000_000))


def one_long_line(record: Path) -> None:
    newest(record).write_bytes(b'{"seq":1,' + b"x" * 3_000_000)


def head_emptied(record: Path) -> None:
    (record / "head").write_bytes(b"")


def others(record: Path) -> Path:
    folder = record.with_name("others")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    make_record(folder, events=20)[1].close()
    return folder


def segment_of_another(record: Path) -> None:
    shutil.copy(segment_path(others(record), 2), newest(record))


def head_of_another(record: Path) -> None:
    shutil.copy(others(record) / "head", record / "head")


def another_servers(record: Path) -> None:
    shutil.rmtree(record)
    others(record).rename(record)


STARTS = (
    (edited, "was edited"),
    (cut_in_a_line, "cut off in its middle"),
    (cut, "The record ends with event"),
    (a_line_less, "removed"),
    (emptied, "was emptied"),
    (gone, "is missing"),
    (no_text, "Event 1 "),
    (one_long_line, "cut off in its middle"),
    (segment_of_another, "belongs to another server's record"),
    (head_of_another, "The head belongs to the record of another server"),
    (another_servers, "The head belongs to the record of another server"),
)


def command(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())", *words]
    return subprocess.run(
        call,
        env=home.variables,
        cwd=home.work,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def verified(home: Home, *more: str) -> subprocess.CompletedProcess[str]:
    key = home.path / "key.txt"
    key.write_text(home.facts["audit_key"])
    return command(home, "audit", "verify", "--key-file", str(key), *more)


def test_untouched(home: Home, record: Path) -> None:
    """Of a record that was left alone nothing is said, twice."""
    for _ in range(2):
        done = verified(home, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["findings"] == []
    assert record.is_dir()


@pytest.mark.parametrize(
    ("change", "said"), [*STARTS, (head_emptied, "head of the record is missing or damaged")]
)
def test_the_command(home: Home, record: Path, change: Change, said: str) -> None:
    """It says what was done and ends with 1; reading goes on, or says what is wrong."""
    change(record)
    done = verified(home)
    assert done.returncode == 1, done.stdout + done.stderr
    first = next(one for one in done.stdout.splitlines() if one.startswith("FIRST"))
    assert said in first, done.stdout
    for reading in ("show", "export"):
        read = command(home, "audit", reading)
        assert read.returncode == 0, read.stderr
        assert "Traceback" not in read.stderr


@pytest.mark.parametrize("change", [change for change, _ in STARTS])
def test_the_server_goes_on(home: Home, record: Path, change: Change) -> None:
    """It starts, records what comes, and does not make what was done good."""
    change(record)
    server = start(home)
    try:
        client = server.logged_in()
        assert client.save("a.ipynb", notebook(change.__name__)).ok
        assert client.get("/jupyter-secure/api/audit?path=a.ipynb").json()["events"]
    finally:
        server.stop()
    assert next(oldest_first(record, Wanted(what="server:stop")))
    assert verified(home).returncode == 1


def test_the_server_does_not_start(home: Home, record: Path) -> None:
    """Without a head nothing can be added: it says so, and what to do."""
    head_emptied(record)
    with pytest.raises(AssertionError, match="setup-key"):
        start(home).stop()
    assert command(home, "audit", "setup-key", "--json").returncode == 0
    start(home).stop()


def test_from_the_future(home: Home, record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that are dated in the future are told of and shown, and are no failure."""
    files, real = RecordFiles(record), time.time_ns
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time_ns", lambda: real() + 10 * 86400 * 10**9)
        files.append([encode(event())])
    files.append([encode(event())])
    files.close()
    done = verified(home)
    assert done.returncode == 0, done.stdout
    assert "is dated in the future" in done.stdout
    assert "the clock was set back" in done.stdout
    server = start(home)
    try:
        assert server.logged_in().get("/jupyter-secure/api/audit").json()["events"]
    finally:
        server.stop()
    assert verified(home).returncode == 0


def test_nothing_left(home: Home, record: Path) -> None:
    """Where all of it is gone a server begins anew, which does not pass for the old one."""
    shutil.rmtree(record)
    assert verified(home).returncode == 1
    start(home).stop()
    done = verified(home)
    assert done.returncode == 1
    assert "another server's record" in done.stdout
