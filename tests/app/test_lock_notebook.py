from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.lock_notebook import LockNotebooks
from jupyter_secure.errors import (
    Conflict,
    ElevationRequired,
    NotFound,
    Refused,
    SecureError,
    VaultSealed,
)
from jupyter_secure.locks import NOBODY, Actor, Lock, LockMode
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
PRIVATE, READ_ONLY = LockMode.PRIVATE, LockMode.READ_ONLY
ALICE, ALICE_ELEVATED = Actor("alice", False), Actor("alice", True)
BOB_ELEVATED = Actor("bob", True)


class Files:
    """Files in memory: names, which of them are the same content, and what was sealed."""

    def __init__(self) -> None:
        self.ids = {"a.ipynb": b"1" * 16, "copy of a.ipynb": b"1" * 16, "b.ipynb": b"2" * 16}
        self.sealed: list[str] = []
        self.vault_is_open = True

    def key(self, path: str | Path) -> str:
        """Resolve the one symbolic link there is."""
        return "a.ipynb" if str(path) == "link.ipynb" else str(path)

    def exists(self, path: str | Path) -> bool:
        """Say whether there is such a file."""
        return self.key(path) in self.ids

    def seal_in_place(self, path: str | Path) -> bytes:
        """Note that the file was sealed."""
        if not self.vault_is_open:
            raise VaultSealed
        self.sealed.append(self.key(path))
        return self.ids[self.key(path)]


@pytest.fixture
def files() -> Files:
    """Return three files."""
    return Files()


@pytest.fixture
def locks(tmp_path: Path) -> Iterator[DatabaseLocks]:
    """Return an empty store."""
    database = Database.create(tmp_path / "state.db")
    yield DatabaseLocks(database)
    database.close()


@pytest.fixture
def locking(files: Files, locks: DatabaseLocks) -> LockNotebooks:
    """Return what is tested."""
    return LockNotebooks(locks=locks, files=files, clock=lambda: NOW)


@pytest.mark.parametrize("mode", LockMode)
@pytest.mark.parametrize("path", ["a.ipynb", "link.ipynb"])
def test_lock(
    locking: LockNotebooks, locks: DatabaseLocks, files: Files, mode: LockMode, path: str
) -> None:
    """Locking seals the real file and keeps the lock under its name and its content's."""
    lock = locking.lock(path, mode, ALICE)
    assert lock == Lock("a.ipynb", b"1" * 16, mode, "alice", NOW)
    assert locks.list() == (lock,)
    assert files.sealed == ["a.ipynb"]


@pytest.mark.parametrize(
    ("held", "path", "mode", "actor", "error"),
    [
        (None, "none.ipynb", PRIVATE, ALICE, NotFound),
        (None, "a.ipynb", PRIVATE, NOBODY, Refused),
        (PRIVATE, "a.ipynb", PRIVATE, BOB_ELEVATED, Conflict),
        (READ_ONLY, "a.ipynb", READ_ONLY, BOB_ELEVATED, Conflict),
        (READ_ONLY, "link.ipynb", PRIVATE, BOB_ELEVATED, Conflict),
        (READ_ONLY, "copy of a.ipynb", PRIVATE, BOB_ELEVATED, Conflict),
        (PRIVATE, "a.ipynb", READ_ONLY, ALICE, ElevationRequired),
        (PRIVATE, "a.ipynb", READ_ONLY, ALICE_ELEVATED, None),
        (PRIVATE, "a.ipynb", PRIVATE, ALICE, None),
        (READ_ONLY, "a.ipynb", PRIVATE, ALICE, None),
        (PRIVATE, "copy of a.ipynb", READ_ONLY, ALICE, None),
        (PRIVATE, "b.ipynb", PRIVATE, BOB_ELEVATED, None),
    ],
)
def test_who_may_lock(
    locking: LockNotebooks,
    locks: DatabaseLocks,
    *,
    held: LockMode | None,
    path: str,
    mode: LockMode,
    actor: Actor,
    error: type[SecureError] | None,
) -> None:
    """With a lock of Alice's on a.ipynb, this is who may lock what; a refusal changes nothing."""
    if held is not None:
        locking.lock("a.ipynb", held, ALICE)
    before = locks.list()
    if error is None:
        lock = locking.lock(path, mode, actor)
        assert lock in locks.list()
        return
    with pytest.raises(error) as caught:
        locking.lock(path, mode, actor)
    assert type(caught.value) is error
    assert locks.list() == before


def test_sealed_vault(locking: LockNotebooks, locks: DatabaseLocks, files: Files) -> None:
    """While the vault is sealed nothing is locked: the file could not be sealed."""
    files.vault_is_open = False
    with pytest.raises(VaultSealed):
        locking.lock("a.ipynb", PRIVATE, ALICE)
    assert locks.list() == ()


@pytest.mark.parametrize(
    ("held", "actor", "error"),
    [
        (None, ALICE_ELEVATED, NotFound),
        (READ_ONLY, ALICE, None),
        (READ_ONLY, BOB_ELEVATED, Refused),
        (READ_ONLY, NOBODY, Refused),
        (PRIVATE, ALICE, ElevationRequired),
        (PRIVATE, ALICE_ELEVATED, None),
        (PRIVATE, BOB_ELEVATED, Refused),
    ],
)
def test_who_may_unlock(
    locking: LockNotebooks,
    locks: DatabaseLocks,
    *,
    held: LockMode | None,
    actor: Actor,
    error: type[SecureError] | None,
) -> None:
    """Only the owner unlocks, and a private file only when elevated."""
    if held is not None:
        locking.lock("a.ipynb", held, ALICE)
    before = locks.list()
    if error is None:
        locking.unlock("link.ipynb", actor)
        assert locks.list() == ()
        return
    with pytest.raises(error) as caught:
        locking.unlock("a.ipynb", actor)
    assert type(caught.value) is error
    assert locks.list() == before


def test_unlock_what_was_deleted(
    locking: LockNotebooks, locks: DatabaseLocks, files: Files
) -> None:
    """A lock whose file is gone can be taken off."""
    locking.lock("a.ipynb", READ_ONLY, ALICE)
    del files.ids["a.ipynb"]
    locking.unlock("a.ipynb", ALICE)
    assert locks.list() == ()
