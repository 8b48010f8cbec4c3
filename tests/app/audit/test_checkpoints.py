"""Checkpoints reach the place they are sent to, and say when they did not."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from pathlib import Path

import pytest
from support.recording import event, make_record

from jupyter_secure.app.audit.checkpoint import checkpoint
from jupyter_secure.app.audit.keeper import Keeper
from jupyter_secure.app.audit.send import check_place, send, shown_place
from jupyter_secure.app.audit.verify import verify
from jupyter_secure.audit import checkpoints
from jupyter_secure.audit.checkpoints import Checkpoint
from jupyter_secure.errors import InvalidInput, NotFound, StorageFailed
from jupyter_secure.store.audit_index import RecordIndex
from jupyter_secure.store.audit_recorder import GroupRecorder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "audit"
    folder.mkdir()
    make_record(folder, events=3)[1].close()
    return folder


@pytest.fixture
def made(folder: Path) -> Checkpoint:
    return checkpoint(folder)


def test_read_back(made: Checkpoint) -> None:
    """A checkpoint reads back from its line, and is signed."""
    again = checkpoints.read(made.to_line())
    assert again == made
    assert again.is_signed()


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "null", '{"type":1}', "x" * 9000, '{"type": "a", "version": 1}']
)
def test_no_checkpoint(line: str) -> None:
    """What is no checkpoint is not taken for one."""
    with pytest.raises(ValueError, match=r".*"):
        checkpoints.read(line)


def test_to_a_file(made: Checkpoint, folder: Path, tmp_path: Path) -> None:
    """Each is a line more in a file, with which the record verifies."""
    place = tmp_path / "far" / "kept.jsonl"
    place.parent.mkdir()
    send(str(place), made)
    send(str(place), checkpoint(folder))
    assert len(place.read_text().splitlines()) == 2
    assert verify(folder, (), [place]).checkpoints == 4  # with those that are kept here


def test_to_syslog(made: Checkpoint) -> None:
    """Over UDP and TCP it is a message of RFC 5424 that ends with the checkpoint."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        send(f"syslog://127.0.0.1:{receiver.getsockname()[1]}", made)
        message = receiver.recv(65536).decode()
    assert message.startswith("<109>1 ")
    assert checkpoints.read(message[message.index("{") :]) == made
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        send(f"syslog+tcp://127.0.0.1:{server.getsockname()[1]}", made)
        with server.accept()[0] as connection:
            message = connection.makefile().read()
    length, _, rest = message.partition(" ")
    assert int(length) == len(rest)
    assert checkpoints.read(rest[rest.index("{") :]) == made


class Receiver(http.server.BaseHTTPRequestHandler):
    answers = 204
    seen: list[bytes] = []  # noqa: RUF012  # for one test at a time

    def do_POST(self) -> None:  # the library's name
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.answers)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("status", [204, 302, 500])
def test_to_the_web(made: Checkpoint, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """It is posted as JSON; whatever is no success is told, and no redirect is followed."""
    monkeypatch.setattr(Receiver, "answers", status)
    monkeypatch.setattr(Receiver, "seen", [])
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        place = f"http://127.0.0.1:{server.server_port}/?token=secret"
        if status == 204:
            send(place, made)
        else:
            with pytest.raises(StorageFailed) as caught:
                send(place, made)
            assert "secret" not in str(caught.value)
        thread.join()
    assert [checkpoints.read(one) for one in Receiver.seen] == [made]


@pytest.mark.parametrize(
    "place", ["relative.txt", "ftp://host/x", "https://", "http://example.org/", "syslog://", ""]
)
def test_no_place(place: str) -> None:
    """Where a checkpoint cannot go, or not safely, is refused in words."""
    with pytest.raises(InvalidInput):
        check_place(place)


def test_shown_place() -> None:
    """What is shown of a place holds no password."""
    assert shown_place("https://user:secret@host/path?token=secret") == "https://host"
    assert shown_place("/var/log/x") == "/var/log/x"


def test_nobody_listens(made: Checkpoint, tmp_path: Path) -> None:
    """A place that does not answer, or cannot be written, is told with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for place in (f"syslog+tcp://127.0.0.1:{port}", f"{tmp_path}/missing/file"):
        with pytest.raises(StorageFailed) as caught:
            send(place, made)
        assert caught.value.why
        assert caught.value.remedy


def test_no_record(tmp_path: Path) -> None:
    """Where nothing was recorded there is no checkpoint."""
    with pytest.raises(NotFound):
        checkpoint(tmp_path / "nothing")


def test_the_keeper(folder: Path, tmp_path: Path) -> None:
    """A running server sends one at once, one at the end, and warns where it cannot."""
    place, warned = tmp_path / "kept.jsonl", []
    recorder = GroupRecorder(folder)
    keeper = Keeper(
        folder,
        recorder,
        RecordIndex(folder),
        places=[str(place), str(tmp_path / "missing" / "file")],
        every_minutes=10,
        keep_days=0,
        warn=warned.append,
    )
    keeper.start()
    deadline = time.monotonic() + 10
    while not place.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    recorder.record(event(9))
    recorder.close()
    keeper.close()
    sent = [json.loads(line)["seq"] for line in place.read_text().splitlines()]
    assert len(sent) == 2
    assert sent[0] < sent[1]
    assert len(warned) == 2
    assert "missing" in warned[0]
