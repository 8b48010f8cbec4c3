"""``jupyter secure audit``, as its user meets it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from support.recording import event, make_record

from jupyter_secure.audit.events import Event, Outcome, encode
from jupyter_secure.cli.main import main
from jupyter_secure.store.audit_folder import segment_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "audit"
    folder.mkdir()
    _, files = make_record(folder, events=10)
    files.append([encode(Event("file:open", Outcome.REFUSED, path="\x1b[2Jevil\n.ipynb"))])
    files.close()
    return folder


def test_show(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events are lines, the newest last, and no name of a file is obeyed by the terminal."""
    assert main(["audit", "show", "--record", str(folder), "--limit", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "file:open" in lines[-1]
    assert "\\x1b[2Jevil\\n.ipynb" in lines[-1]
    assert "\x1b[2J" not in lines[-1]


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        (["--who", "alice"], 10),
        (["--what", "file:*"], 11),
        (["--path", "project/notebook-3.ipynb"], 1),
        (["--path", "./project/"], 10),
        (["--outcome", "refused"], 1),
        (["--since", "1h"], 0),
        (["--until", "2001-01-01"], 0),
        (["--limit", "0", "--who", "alice"], 10),
    ],
)
def test_filters(
    folder: Path, capsys: pytest.CaptureFixture[str], filters: list[str], number: int
) -> None:
    """Each filter leaves what it says."""
    assert main(["audit", "show", "--record", str(folder), "--json", *filters]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    if filters == ["--since", "1h"]:
        assert len(found) > 10
    else:
        assert len(found) == number


@pytest.mark.parametrize("since", ["soon", "7x", "2026-13-01", "99999999999999d"])
def test_no_time(folder: Path, since: str) -> None:
    """What is no time is wrong usage."""
    with pytest.raises(SystemExit) as caught:
        main(["audit", "show", "--record", str(folder), "--since", since])
    assert caught.value.code == 2


def test_setup_verify_and_tamper(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the key to a record that was changed: it is printed once, and finds the event."""
    folder = tmp_path / "audit"
    assert main(["audit", "setup-key", "--record", str(folder), "--json"]) == 0
    key = json.loads(capsys.readouterr().out)["verification_key"]
    make_record_here = segment_path(folder, 1)
    assert key.encode() not in b"".join(path.read_bytes() for path in folder.iterdir())
    monkeypatch.setattr("sys.stdin", io.StringIO(key))
    assert main(["audit", "verify", "--record", str(folder), "--key-stdin"]) == 0
    assert "Nothing in it was changed" in capsys.readouterr().out
    assert main(["audit", "verify", "--record", str(folder)]) == 0
    assert "Without the verification key" in capsys.readouterr().out
    blob = make_record_here.read_bytes()
    make_record_here.write_bytes(blob.replace(b"record:key", b"record:gap"))
    file = tmp_path / "key.txt"
    file.write_text(key)
    assert main(["audit", "verify", "--record", str(folder), "--key-file", str(file)]) == 1
    assert "FIRST: Event 2 was edited" in capsys.readouterr().out


def test_setup_key_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A person gets the key as text and as a picture, and is told to keep it elsewhere."""
    (tmp_path / "audit").mkdir()
    assert main(["audit", "setup-key", "--record", str(tmp_path / "audit")]) == 0
    out = capsys.readouterr().out
    assert "jsrec1-" in out
    assert "Keep it off this machine" in out


@pytest.mark.parametrize(("form", "begin"), [("ocsf", "{"), ("csv", "seq,"), ("cef", "CEF:0|")])
def test_export(folder: Path, capsys: pytest.CaptureFixture[str], form: str, begin: str) -> None:
    """Every event is one line in each form."""
    assert main(["audit", "export", "--record", str(folder), "--format", form]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(begin)
    assert len(lines) > 11


def test_checkpoint(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkpoint is printed and sent."""
    place = tmp_path / "kept"
    assert main(["audit", "checkpoint", "--record", str(folder), "--to", str(place)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(place.read_text())
    assert main(["audit", "checkpoint", "--record", str(folder), "--to", "nowhere"]) == 1


@pytest.mark.parametrize("command", ["show", "verify", "export", "checkpoint"])
def test_no_record(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Where there is no record it says so and what begins one."""
    assert main(["audit", command, "--record", str(tmp_path / "none")]) == 1
    assert "There is no record" in capsys.readouterr().err
    assert event().action
