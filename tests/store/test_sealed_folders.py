from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_secure.errors import InvalidInput
from jupyter_secure.store.database import Database
from jupyter_secure.store.sealed_folders import DatabaseSealedFolders

NOT_TEXT = "da\udcffta"


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[DatabaseSealedFolders]:
    database = Database.create(tmp_path / "state.db")
    yield DatabaseSealedFolders(database)
    database.close()


def test_added_and_removed(marks: DatabaseSealedFolders) -> None:
    """A mark is there once, however often it is set, until it is taken off; also on the root."""
    for path in ("b", "a", "b", ""):
        marks.add(path)
    assert marks.list() == ("", "a", "b")
    assert marks.remove("b")
    assert not marks.remove("b")
    assert marks.list() == ("", "a")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("data", "other", ("data2", "dat_", "other", "other/in")),
        ("data/in", "x/y", ("dat_", "data", "data2", "x/y")),
        ("data", "data2", ("dat_", "data2", "data2/in")),
        ("dat", "other", ("dat_", "data", "data/in", "data2")),
        ("data", "data", ("dat_", "data", "data/in", "data2")),
        ("dat_", "z", ("data", "data/in", "data2", "z")),
    ],
)
def test_moved(marks: DatabaseSealedFolders, old: str, new: str, expected: tuple[str, ...]) -> None:
    """Marks on and below a folder follow it by whole names, onto others that are there as well."""
    for path in ("data", "data/in", "data2", "dat_"):
        marks.add(path)
    marks.copy(old, new)
    if new != old:
        marks.forget(old)
    assert marks.list() == tuple(sorted(expected))


def test_copied_and_forgotten(marks: DatabaseSealedFolders) -> None:
    """A copy of a folder has its marks as well; a deleted one leaves none."""
    for path in ("data", "data/in", "other"):
        marks.add(path)
    marks.copy("data", "copy")
    assert marks.list() == ("copy", "copy/in", "data", "data/in", "other")
    marks.forget("data")
    assert marks.list() == ("copy", "copy/in", "other")


def test_names_that_are_not_text(marks: DatabaseSealedFolders) -> None:
    """A folder whose name is not text cannot be marked; asking about one finds nothing."""
    with pytest.raises(InvalidInput, match="not text"):
        marks.add(NOT_TEXT)
    marks.add("data")
    with pytest.raises(InvalidInput, match="not text"):
        marks.copy("data", NOT_TEXT)
    assert marks.list() == ("data",)
    assert not marks.remove(NOT_TEXT)
    marks.copy(NOT_TEXT, "x")
    marks.forget(NOT_TEXT)
    assert marks.list() == ("data",)
