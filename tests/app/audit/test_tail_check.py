"""What a server notices by itself in the files of its record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.recording import event, make_record

from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.audit.tail_check import TailCheck
from jupyter_secure.audit.events import encode
from jupyter_secure.store.audit_reading import has_key
from jupyter_secure.store.audit_segments import RecordFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "audit"
    place.mkdir()
    return place


def test_it_goes_on_where_it_was(folder: Path) -> None:
    """What is added is checked at the next look, over the ends of segments too."""
    _, files = make_record(folder, events=20, segment_bytes=2000)
    check = TailCheck(folder)
    assert check.found.at == 0
    check.look()
    before = check.found.seq
    assert check.found.at > 0
    for number in range(20):
        files.append([encode(event(number))], durable=number % 2 == 0)
    check.look()
    assert check.found.wrong == ""
    assert check.found.seq >= before + 20
    files.close()


def test_a_torn_write_is_repaired_first(folder: Path) -> None:
    """What a crash left, and the next writer repaired, is no change."""
    _, files = make_record(folder, events=5, segment_bytes=1 << 20)
    check = TailCheck(folder)
    with (folder / "record-00000001.jsonl").open("ab") as file:
        file.write(b'{"seq":')
    files.append([encode(event(1))])
    check.look()
    assert check.found.wrong == ""
    files.close()


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"notebook-3.", b"notebook-4."))


def _cut(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def _doubled(path: Path) -> None:
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])


@pytest.mark.parametrize("change", [_edit, _cut, _doubled])
def test_what_it_notices(folder: Path, change: Callable[[Path], None]) -> None:
    """An edit, a missing end and a line too many; and it stays said."""
    _, files = make_record(folder, events=8, segment_bytes=1 << 20)
    files.close()
    change(folder / "record-00000001.jsonl")
    check = TailCheck(folder)
    check.look()
    assert check.found.wrong
    check.look()
    assert check.found.wrong


def test_a_record_that_is_cut_between_two_looks(folder: Path) -> None:
    """What was there at the last look must be there at this one."""
    _, files = make_record(folder, events=8, segment_bytes=1 << 20)
    check = TailCheck(folder)
    check.look()
    _cut(folder / "record-00000001.jsonl")
    check.look()
    assert "cut short" in check.found.wrong
    files.close()


def test_whether_there_is_a_key(folder: Path) -> None:
    """A record that a server began by itself has none, until one is set up."""
    files = RecordFiles(folder)
    assert not has_key(folder)
    files.append([encode(event())])
    assert not has_key(folder)
    setup_key(folder)
    assert has_key(folder)
    files.append([encode(event())])
    assert has_key(folder)
    files.close()
