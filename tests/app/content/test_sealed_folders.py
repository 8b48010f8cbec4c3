from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_secure.app.content.root import Root
from jupyter_secure.app.content.sealed_folders import NO_MARKS, SealedFolders, key_below
from jupyter_secure.errors import (
    ElevationRequired,
    InvalidInput,
    NotFound,
    Refused,
    StateUnusable,
)
from jupyter_secure.locks import Actor
from jupyter_secure.store.database import Database
from jupyter_secure.store.sealed_folders import DatabaseSealedFolders

ALICE = Actor("alice", elevated=False)
ELEVATED = Actor("alice", elevated=True)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "data" / "in").mkdir(parents=True)
    (folder / "other").mkdir()
    (folder / "a.csv").write_text("1")
    return folder


@pytest.fixture
def folders(tmp_path: Path, work: Path) -> Iterator[SealedFolders]:
    database = Database.create(tmp_path / "state.db")
    yield SealedFolders(DatabaseSealedFolders(database), Root(work))
    database.close()


def test_marked(folders: SealedFolders, work: Path) -> None:
    """A mark covers the folder, what is below it, and nothing beside it."""
    folders.mark(work / "data")
    assert folders.list() == ("data",)
    for name, covered in (
        ("data", True),
        ("data/x.csv", True),
        ("data/in/deep/x", True),
        ("other", False),
        ("data2/x", False),
        ("a.csv", False),
    ):
        assert folders.covers(work / name) is covered


def test_a_link_is_the_folder_it_leads_to(folders: SealedFolders, work: Path) -> None:
    """Through a link the real folder is marked; one that leads out is refused."""
    (work / "link").symlink_to("data")
    folders.mark(work / "link")
    assert folders.list() == ("data",)
    (work / "out").symlink_to("/")
    with pytest.raises(Refused):
        folders.mark(work / "out")


def test_only_folders(folders: SealedFolders, work: Path) -> None:
    """A file, or nothing, cannot be marked."""
    for name in ("a.csv", "missing"):
        with pytest.raises(InvalidInput, match="not a folder"):
            folders.mark(work / name)


def test_taken_off(folders: SealedFolders, work: Path) -> None:
    """Taking a mark off takes a fresh code, exactly that folder, and not the folder itself."""
    folders.mark(work / "data")
    with pytest.raises(ElevationRequired):
        folders.unmark(work / "data", ALICE)
    with pytest.raises(NotFound, match="lies in “data”"):
        folders.unmark(work / "data" / "in", ELEVATED)
    with pytest.raises(NotFound):
        folders.unmark(work / "other", ELEVATED)
    (work / "data" / "in").rmdir()
    (work / "data").rmdir()
    folders.unmark(work / "data", ELEVATED)
    assert folders.list() == ()


def test_names_below_a_root(work: Path, tmp_path: Path) -> None:
    """A folder has a name below the root it lies in, and none below another."""
    assert key_below(work, work) == ""
    assert key_below(work, work / "data" / "in") == "data/in"
    with pytest.raises(InvalidInput, match="--root"):
        key_below(work, tmp_path)


def test_without_a_database() -> None:
    """Where nothing can be marked, trying to is an error and not a silent nothing."""
    assert NO_MARKS.list() == ()
    assert not NO_MARKS.remove("data")
    with pytest.raises(StateUnusable):
        NO_MARKS.add("data")
