from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import threading
import time

import pytest
from support.slow_notebooks import SLOW, notebook

from jupyter_secure.app.history import compare as comparing
from jupyter_secure.app.history.compare import compare, pretty, too_slow
from jupyter_secure.app.history.compare_worker import main
from jupyter_secure.app.history.deadline import deadline
from jupyter_secure.errors import InvalidInput, TooMuch

pytest.importorskip("nbdime")


def ask(before: bytes, after: bytes) -> tuple[bytes, dict[str, object]]:
    target = io.BytesIO()
    main(io.BytesIO(len(before).to_bytes(8, "big") + before + after), target)
    how, _, said = target.getvalue().partition(b"\n")
    return how, json.loads(said)


def test_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What leads from one to the other comes back with both; or the error, in its parts."""
    monkeypatch.setitem(sys.modules, "rfc3987_syntax", None)
    how, said = ask(notebook("one"), notebook("one", "two"))
    assert how == b"done"
    assert said["diff"][0]["key"] == "cells"  # type: ignore[index]
    assert len(said["after"]["cells"]) == 2  # type: ignore[index]
    how, said = ask(notebook("one"), b"no notebook")
    assert (how, said["what"]) == (b"invalid-input", "Only notebooks can be compared.")


@pytest.mark.skipif(sys.platform == "win32", reason="no timer of POSIX")
def test_slow() -> None:
    """Two that would take minutes are given up in time, with what to do."""
    before, after = SLOW
    # In a process of its own, as it is meant: it may take a lot of memory first.
    started = "import sys; from jupyter_secure.app.history import compare_worker as worker; "
    started += "worker.SECONDS = 0.2; worker.main(sys.stdin.buffer, sys.stdout.buffer)"
    done = subprocess.run(
        [sys.executable, "-c", started],
        input=len(before).to_bytes(8, "big") + before + after,
        capture_output=True,
        check=True,
        timeout=60,
    )
    how, _, said = done.stdout.partition(b"\n")
    assert how == b"too-much"
    assert json.loads(said)["remedy"]


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large is not even read."""
    monkeypatch.setattr(comparing, "MOST_BYTES", 100)
    with pytest.raises(TooMuch, match="too large"):
        compare(b"x" * 60, b"x" * 60)


def test_pretty_draws_what_steers() -> None:
    """What could steer a terminal is drawn instead, in all that is printed."""
    out = io.StringIO()
    compared = compare(notebook("one\x1b[2J"), notebook("two\x9b2J"))
    pretty(compared, "before", "after", out=out, color=False)
    assert "\x1b" not in out.getvalue()
    assert "\x9b" not in out.getvalue()
    assert "␛" in out.getvalue()


def test_no_notebook() -> None:
    """What is no notebook is not compared, and not quoted."""
    with pytest.raises(InvalidInput) as caught:
        compare(notebook("one"), b'{"secret": 1}')
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="no timer of POSIX")
def test_deadline() -> None:
    """In time nothing happens; an error of the block is its own; a thread takes what it takes."""
    with deadline(60, too_slow()):
        pass
    with pytest.raises(ZeroDivisionError), deadline(60, too_slow()):
        raise ZeroDivisionError
    with pytest.raises(TooMuch), deadline(0.01, too_slow()):
        try:
            time.sleep(60)
        except Exception:  # noqa: BLE001  # what swallows errors does not swallow the end
            time.sleep(60)
    with pytest.raises(TooMuch), deadline(0.01, too_slow()):
        with contextlib.suppress(BaseException):  # as Python does in a destructor
            time.sleep(60)
        time.sleep(60)
    ended: list[bool] = []

    def work() -> None:
        with deadline(0.001, too_slow()):
            time.sleep(0.05)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [True]


def test_worker_starts() -> None:
    """The process is started as a server starts it, and asks for no grammar of addresses."""
    first, second = notebook("one"), notebook("two")
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_secure.app.history.compare_worker"],
        input=len(first).to_bytes(8, "big") + first + second,
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(b"done\n{")
