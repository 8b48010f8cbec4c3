"""A page of the record is what reading all of it would give, whatever became of the index."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from support.recording import event, make_record

from jupyter_secure.app.audit.read import newest_first
from jupyter_secure.audit.events import Event, Outcome, Who, encode
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.errors import NotFound
from jupyter_secure.store.audit_index import RecordIndex
from jupyter_secure.store.audit_segments import RecordFiles

WANTED = [
    Wanted(),
    Wanted(who="bob"),
    Wanted(what="file:*"),
    Wanted(what="file:save", who="alice"),
    Wanted(path="project/notebook-3.ipynb"),
    Wanted(path="project/"),
    Wanted(path="other/moved.ipynb"),
    Wanted(path="a\udcffb.txt"),
    Wanted(outcome="refused"),
    Wanted(before=20),
    Wanted(before=20, path="project/"),
    Wanted(since=1),
    Wanted(until=1),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("record") / "audit"
    folder.mkdir()
    _, files = make_record(folder)
    for one in (
        Event("file:open", Outcome.REFUSED, Who("bob"), path="project/notebook-3.ipynb"),
        Event(
            "file:rename", who=Who("bob"), path="project/notebook-3.ipynb", to="other/moved.ipynb"
        ),
        Event("file:open", path="a\udcffb.txt"),
        Event("file:open", path="projects/other.ipynb"),
    ):
        files.append([encode(one)])
    files.close()
    return folder


@pytest.mark.parametrize("wanted", WANTED, ids=str)
@pytest.mark.parametrize("limit", [3, 100])
def test_pages(folder: Path, wanted: Wanted, limit: int) -> None:
    """For each filter a page has the same events as reading the record backwards."""
    expected = list(islice(newest_first(folder, wanted), limit))
    if wanted.path != "a\udcffb.txt":
        assert RecordIndex(folder).page(wanted, limit) == expected


@pytest.mark.parametrize("state", ["damaged", "empty", "gone", "another"])
def test_made_anew(folder: Path, tmp_path: Path, state: str) -> None:
    """An index that is damaged, gone or of another record is made anew and tells the truth."""
    index = RecordIndex(folder)
    before = index.page(Wanted(), 10)
    path = folder / "index.db"
    if state == "gone":
        path.unlink()
    elif state == "another":
        other = tmp_path / "other"
        other.mkdir()
        make_record(other, events=900, segment_bytes=1 << 20)[1].close()
        RecordIndex(other).page(Wanted(), 1)
        path.write_bytes((other / "index.db").read_bytes())
    else:
        path.write_bytes(b"" if state == "empty" else b"not a database" * 1000)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    assert RecordIndex(folder).page(Wanted(), 10) == before


def test_goes_on(folder: Path) -> None:
    """What was recorded since is in the next page."""
    index = RecordIndex(folder)
    last = index.page(Wanted(), 1)[0].seq
    files = RecordFiles(folder)
    files.append([encode(event(99))])
    files.close()
    assert index.page(Wanted(), 1)[0].seq == last + 1


def test_nothing_there(tmp_path: Path) -> None:
    """Where there is no record it says so."""
    with pytest.raises(NotFound):
        RecordIndex(tmp_path / "none").page(Wanted(), 1)
