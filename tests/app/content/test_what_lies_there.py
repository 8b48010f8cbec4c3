"""What lies where a file was: older versions, links, locks, and what cannot be looked at."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest
from app.conftest import Place

from jupyter_secure.app.content import opening
from jupyter_secure.app.content import review as reviewing
from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.saves import SAVED
from jupyter_secure.errors import Conflict, Locked, RolledBack, StorageFailed
from jupyter_secure.locks import Actor, Lock, LockMode
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.envelope import FileClass, Flags

ALICE = Actor("alice", elevated=True, session="s1")


@pytest.fixture
def content(place: Place, tmp_path: Path) -> Content:
    """Return the guard of an empty folder, with the vault open."""
    alice, root = place.person("alice"), tmp_path / "root"
    root.mkdir()
    place.vault.unseal(place.foundation.keyring.open_with_password("alice", alice.password))
    return Content(
        root=root,
        vault=place.vault,
        locks=DatabaseLocks(place.database),
        provenance=place.provenance,
        encrypt=("*.ipynb",),
    )


def test_one_that_was_accepted_lets_in_no_other(
    place: Place, content: Content, tmp_path: Path
) -> None:
    """After an old version was accepted, those between it and the newest are put back by nobody."""
    path = tmp_path / "root" / "a.ipynb"
    for number in (1, 2, 3, 4):
        content.write(path, b"a%d" % number, ALICE)
        shutil.copy(path, tmp_path / f"a.{number}")
    shutil.copy(tmp_path / "a.1", path)
    assert reviewing.accept([path], place.provenance, place.vault).accepted == 1
    assert content.read(path, ALICE).data == b"a1"
    for number in (2, 3, 4):
        shutil.copy(tmp_path / f"a.{number}", path)
        with pytest.raises(RolledBack):
            content.read(path, ALICE)
    shutil.copy(tmp_path / "a.1", path)
    content.write(path, b"a5", ALICE)
    assert content.read(path, ALICE).data == b"a5"


def test_a_link_where_the_folder_was_makes_no_copy(content: Content, tmp_path: Path) -> None:
    """A folder that moved and left a link behind still brings its files in their last version."""
    folder = tmp_path / "root" / "was"
    folder.mkdir()
    for number in (1, 2):
        content.write(folder / "a.ipynb", b"a%d" % number, ALICE)
        shutil.copy(folder / "a.ipynb", tmp_path / f"a.{number}")
    moved = folder.rename(folder.with_name("is"))
    folder.symlink_to(moved)
    shutil.copy(tmp_path / "a.1", moved / "a.ipynb")
    with pytest.raises(RolledBack):
        content.read(moved / "a.ipynb", ALICE)
    shutil.copy(tmp_path / "a.2", moved / "a.ipynb")
    assert content.read(moved / "a.ipynb", ALICE).data == b"a2"


def test_where_two_have_gone_the_newest_counts(content: Content, tmp_path: Path) -> None:
    """Of a file that was known at two places and is at neither, an old version is not taken."""
    root = tmp_path / "root"
    for number in (1, 2):
        content.write(root / "a.ipynb", b"a%d" % number, ALICE)
        shutil.copy(root / "a.ipynb", tmp_path / f"a.{number}")
    shutil.copy(tmp_path / "a.1", root / "copy.ipynb")
    assert content.read(root / "copy.ipynb", ALICE).data == b"a1"
    for name in ("a.ipynb", "copy.ipynb"):
        (root / name).unlink()
    shutil.copy(tmp_path / "a.1", root / "new.ipynb")
    with pytest.raises(RolledBack):
        content.read(root / "new.ipynb", ALICE)
    shutil.copy(tmp_path / "a.2", root / "new.ipynb")
    assert content.read(root / "new.ipynb", ALICE).data == b"a2"


@pytest.mark.parametrize("there", ["a file", "a link to nothing"])
def test_what_was_deleted_is_put_over_nothing(content: Content, tmp_path: Path, there: str) -> None:
    """Whatever came to its place meanwhile stays as it is."""
    path = tmp_path / "root" / "a.ipynb"
    if there == "a file":
        content.write(path, b"mine", ALICE)
    else:
        path.symlink_to(tmp_path / "root" / "nothing.ipynb")
    with pytest.raises(Conflict, match="exists"):
        content.saving.put_back(
            path, bytes(16), 9, b"x", ALICE, flags=Flags.NONE, passphrase=None, origin=SAVED
        )
    if there == "a file":
        assert content.read(path, ALICE).data == b"mine"
    assert path.is_symlink() == (there != "a file")
    assert not (tmp_path / "root" / "nothing.ipynb").exists()


def test_what_was_deleted_is_put_past_no_lock(
    place: Place, content: Content, tmp_path: Path
) -> None:
    """A lock holds for its path although nothing lies there."""
    path = tmp_path / "root" / "a.ipynb"
    when = datetime(2030, 1, 1, tzinfo=timezone.utc)
    held = Lock("a.ipynb", bytes(16), LockMode.PRIVATE, "bob", when)
    DatabaseLocks(place.database).put(held)
    with pytest.raises(Locked):
        content.saving.put_back(
            path, bytes(16), 9, b"x", ALICE, flags=Flags.NONE, passphrase=None, origin=SAVED
        )
    assert not path.exists()


def test_what_cannot_be_looked_at_is_not_replaced(
    place: Place, content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken for nothing, what was sealed elsewhere would be written in plain text."""
    path = tmp_path / "root" / "brought.csv"
    path.write_bytes(place.vault.seal_bytes(b"sealed", file_class=FileClass.CONTENT))
    before = path.read_bytes()

    def failing(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(opening, "open", failing, raising=False)
    with pytest.raises(StorageFailed):
        content.write(path, b"plain", ALICE)
    with pytest.raises(StorageFailed):
        content.begin(path, ALICE)
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="preadv2 is Linux's")
def test_half_of_a_file_in_memory_is_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has only the beginning at hand, the file is read in the usual way."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 8192)
    assert opening.in_memory(str(path)) == b"x" * 8192
    monkeypatch.setattr(os, "preadv", lambda *_: 4096)
    assert opening.in_memory(str(path)) is None
