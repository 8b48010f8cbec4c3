from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from jupyter_secure.errors import Conflict, InvalidInput
from jupyter_secure.locks import Lock, LockMode, LockStore
from jupyter_secure.store import locks as module
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Statement
from jupyter_secure.store.locks import DatabaseLocks

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


def lock(
    path: str,
    mode: LockMode = LockMode.PRIVATE,
    owner: str = "alice",
    file_id: bytes | None = None,
) -> Lock:
    """Return a lock."""
    return Lock(path, file_id, mode, owner, NOW)


@pytest.fixture
def store(database: Database) -> LockStore:
    """Return an empty store."""
    return DatabaseLocks(database)


def paths(store: LockStore) -> list[str]:
    """Return the paths that are locked."""
    return [one.path for one in store.list()]


@pytest.mark.parametrize(
    "path", ["a.ipynb", "x/y/ü n.ipynb", "100%_[a].ipynb", "'; DROP TABLE locks; --", "🔒"]
)
def test_round_trip(store: LockStore, path: str) -> None:
    """A lock comes back as it was kept, whatever the name; other paths have none."""
    kept = lock(path, LockMode.READ_ONLY, file_id=b"f" * 16)
    store.put(kept)
    assert store.get(path) == kept
    assert store.get(path + "x") is None
    assert store.get(path.upper() + "X") is None


def test_case_matters(store: LockStore) -> None:
    """Names that differ in case are different files."""
    store.put(lock("a.ipynb"))
    assert store.get("A.ipynb") is None


def test_put_replaces_ones_own(store: LockStore) -> None:
    """The owner may change the mode."""
    store.put(lock("a"))
    store.put(lock("a", LockMode.READ_ONLY))
    assert store.list() == (lock("a", LockMode.READ_ONLY),)


def test_put_leaves_anothers(store: LockStore) -> None:
    """Another's lock stays as it is, and who holds it is told."""
    store.put(lock("a"))
    with pytest.raises(Conflict, match="alice"):
        store.put(lock("a", owner="bob"))
    assert store.list() == (lock("a"),)


def test_remove(store: LockStore) -> None:
    """Only the owner's lock on that very path goes."""
    store.put(lock("a"))
    store.put(lock("a/b"))
    assert not store.remove("a", "bob")
    assert store.remove("a", "alice")
    assert not store.remove("a", "alice")
    assert paths(store) == ["a/b"]


def test_find_by_file_id(store: LockStore) -> None:
    """Content is found under whatever path, and of several locks on it the strictest first."""
    store.put(lock("a", LockMode.READ_ONLY, file_id=b"1" * 16))
    store.put(lock("b", LockMode.PRIVATE, file_id=b"1" * 16))
    store.put(lock("c"))
    store.put(lock("d", LockMode.SEALED, file_id=b"1" * 16))
    assert [one.path for one in store.find_by_file_id(b"1" * 16)] == ["d", "b", "a"]
    assert store.find_by_file_id(b"2" * 16) == ()


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", ["x", "x%", "x%/b", "x/a", "x/y/b", "xy", "X/a"]),
        ("x", ["x", "x/a", "x/y/b"]),
        ("x/y", ["x/y/b"]),
        ("x%", ["x%", "x%/b"]),
        ("_", []),
        ("z", []),
    ],
)
def test_under(store: LockStore, prefix: str, found: list[str]) -> None:
    """What lies at or below a folder is found by whole names, literally and by case."""
    for path in ("x", "x/a", "x/y/b", "xy", "x%", "x%/b", "X/a"):
        store.put(lock(path))
    assert sorted(one.path for one in store.under(prefix)) == sorted(found)


def test_copy_folder(store: LockStore) -> None:
    """Locks hold in a folder's new place as well, until they are forgotten at the old one."""
    for path in ("ü/a", "ü/b/c", "üx/a", "z"):
        store.put(lock(path, file_id=b"1" * 16))
    store.copy("ü", "new/ü")
    assert sorted(paths(store)) == ["new/ü/a", "new/ü/b/c", "z", "ü/a", "ü/b/c", "üx/a"]
    assert store.get("new/ü/a") == lock("new/ü/a", file_id=b"1" * 16)
    store.forget("ü")
    assert sorted(paths(store)) == ["new/ü/a", "new/ü/b/c", "z", "üx/a"]


def test_copy_file(store: LockStore) -> None:
    """A lock is copied with its file; where there is none, nothing is done."""
    store.put(lock("a"))
    store.copy("a", "b")
    store.copy("c", "d")
    store.copy("b", "b")
    assert paths(store) == ["a", "b"]


def test_forget(store: LockStore) -> None:
    """Everybody's locks go with what is gone, and no others."""
    for path, owner in (("f", "alice"), ("f/a", "bob"), ("f2", "alice")):
        store.put(lock(path, owner=owner))
    store.forget("f")
    assert paths(store) == ["f2"]


def test_copy_onto_a_lock(store: LockStore) -> None:
    """A lock is never put over another: nothing is copied then."""
    for path in ("x/a", "x/b", "y/b"):
        store.put(lock(path))
    with pytest.raises(Conflict):
        store.copy("x", "y")
    assert paths(store) == ["x/a", "x/b", "y/b"]


@pytest.mark.parametrize("name", ["bad\udc80.ipynb", "nul\0.ipynb"])
def test_names_that_are_not_text(store: LockStore, name: str) -> None:
    """A name that is not text has no lock and can get none, by copying neither."""
    assert store.get(name) is None
    assert store.under(name) == ()
    assert not store.remove(name, "alice")
    store.copy(name, "b")
    store.forget(name)
    with pytest.raises(InvalidInput):
        store.put(lock(name))
    store.put(lock("a"))
    with pytest.raises(InvalidInput):
        store.copy("a", name)
    assert paths(store) == ["a"]


@pytest.fixture(params=[0, 3, 1000], ids=["none kept", "few kept", "all kept"])
def most_kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let so many locks be kept in memory at most."""
    number: int = request.param
    monkeypatch.setattr(module, "MOST_KEPT", number)
    first = select(schema.locks).order_by(schema.locks.c.path).limit(number + 1)
    monkeypatch.setattr(module, "_FIRST", Statement(first))
    return number


@pytest.mark.usefixtures("most_kept")
def test_kept_or_not_it_is_the_same(store: LockStore) -> None:
    """However many locks there are, the answers are those of the database."""
    locks = [
        lock(path, mode, file_id=file_id)
        for path, mode, file_id in (
            ("a.ipynb", LockMode.READ_ONLY, b"1" * 16),
            ("a/b.ipynb", LockMode.PRIVATE, b"1" * 16),
            ("a0.ipynb", LockMode.SEALED, b"1" * 16),
            ("a/c/d.ipynb", LockMode.SEALED, b"2" * 16),
            ("a", LockMode.PRIVATE, None),
        )
    ]
    for number, one in enumerate(locks):
        store.put(one)
        assert store.get(one.path) == one
        assert len(store.list()) == number + 1
    assert [one.path for one in store.find_by_file_id(b"1" * 16)] == [
        "a0.ipynb",
        "a/b.ipynb",
        "a.ipynb",
    ]
    assert store.find_by_file_id(b"3" * 16) == ()
    assert [one.path for one in store.under("a")] == ["a", "a/b.ipynb", "a/c/d.ipynb"]
    assert paths(store) == sorted(one.path for one in locks)
    assert store.get("b") is None
    assert store.get("\ud800") is None
    assert store.under("\ud800") == ()
    assert store.remove("a/b.ipynb", "alice")
    assert store.get("a/b.ipynb") is None
    assert [one.path for one in store.find_by_file_id(b"1" * 16)] == ["a0.ipynb", "a.ipynb"]


@pytest.mark.usefixtures("most_kept")
def test_what_another_process_locks_is_locked_at_once(tmp_path: Path) -> None:
    """No answer is older than the last change, whoever made it."""
    path = tmp_path / "state.db"
    with closing(Database.create(path)) as database, closing(Database.open(path)) as other:
        store, others = DatabaseLocks(database), DatabaseLocks(other)
        for number in range(8):
            one = lock(f"{number}.ipynb", file_id=b"f" * 16)
            assert store.get(one.path) is None
            others.put(one)
            assert store.get(one.path) == one
            assert store.find_by_file_id(b"f" * 16)[-1] == one
            assert store.under("")[-1] == one
        code = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute('DELETE FROM locks')"
        subprocess.run([sys.executable, "-c", f"{code}; d.commit()", str(path)], check=True)
        assert store.get("0.ipynb") is None
        assert store.list() == store.find_by_file_id(b"f" * 16) == ()
