"""Locks in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy.exc import IntegrityError

from jupyter_secure.errors import Conflict, InvalidInput
from jupyter_secure.locks import Lock, LockMode
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Kept, Statement

#: As many locks are kept in memory; of more, each is looked up.
MOST_KEPT = 1000
_locks = schema.locks.c
_GET = select(schema.locks).where(_locks.path == bindparam("wanted"))
# What withholds more comes first.
_STRICTNESS = {LockMode.SEALED: 0, LockMode.PRIVATE: 1, LockMode.READ_ONLY: 2}
_BY_FILE_ID = (
    select(schema.locks)
    .where(_locks.file_id == bindparam("wanted"))
    .order_by(
        case({mode.value: rank for mode, rank in _STRICTNESS.items()}, value=_locks.mode),
        _locks.path,
    )
)
_QUICK_GET, _QUICK_BY_FILE_ID = Statement(_GET), Statement(_BY_FILE_ID)
_FIRST = Statement(select(schema.locks).order_by(_locks.path).limit(MOST_KEPT + 1))


class DatabaseLocks:
    """Implements ``locks.LockStore``.

    A path that is not text (bytes on the disk that are no UTF-8) can't be locked, so asking for
    the lock on one finds none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # Every opening and saving asks, and few files are locked.
        self._kept: Kept[_All | None] = Kept(database.direct, self._load)

    def get(self, path: str) -> Lock | None:
        """See ``LockStore.get``."""
        if (kept := self._kept.get()) is not None:
            return kept.by_path.get(path)
        if not _is_text(path):
            return None
        rows = self._database.direct.rows(_QUICK_GET, (path,))
        return _lock(rows[0]) if rows else None

    def find_by_file_id(self, file_id: bytes) -> tuple[Lock, ...]:
        """See ``LockStore.find_by_file_id``."""
        if (kept := self._kept.get()) is not None:
            return kept.by_file_id.get(file_id, ())
        rows = self._database.direct.rows(_QUICK_BY_FILE_ID, (file_id,))
        return tuple(_lock(row) for row in rows)

    def _load(self) -> _All | None:
        """Return all locks, or None where there are too many to keep."""
        rows = self._database.direct.rows(_FIRST)
        if len(rows) > MOST_KEPT:
            return None
        locks = [_lock(row) for row in rows]
        by_file_id: dict[bytes, tuple[Lock, ...]] = {}
        for lock in sorted(locks, key=lambda one: _STRICTNESS[one.mode]):
            if lock.file_id is not None:
                by_file_id[lock.file_id] = (*by_file_id.get(lock.file_id, ()), lock)
        return _All({lock.path: lock for lock in locks}, by_file_id)

    def under(self, prefix: str) -> tuple[Lock, ...]:
        """See ``LockStore.under``."""
        if (kept := self._kept.get()) is not None:
            return tuple(
                lock
                for path, lock in kept.by_path.items()
                if not prefix or f"{path}/".startswith(f"{prefix}/")
            )
        if not _is_text(prefix):
            return ()
        statement = select(schema.locks).where(_at_or_below(prefix)).order_by(_locks.path)
        with self._database.reading() as connection:
            return tuple(_lock(row) for row in connection.execute(statement))

    def put(self, lock: Lock) -> None:
        """See ``LockStore.put``."""
        if not _is_text(lock.path):
            raise InvalidInput(
                "A file whose name is not text cannot be locked.", remedy="Rename it first."
            )
        with self._database.writing() as connection:
            held = connection.execute(_GET, {"wanted": lock.path}).one_or_none()
            if held is not None and held.owner != lock.owner:
                raise Conflict(
                    f"“{lock.path}” is locked already.",
                    why=f"{held.owner} holds the lock.",
                    remedy=f"Ask {held.owner} to unlock it.",
                )
            connection.execute(delete(schema.locks).where(_locks.path == lock.path))
            connection.execute(insert(schema.locks), _values(lock))

    def remove(self, path: str, owner: str) -> bool:
        """See ``LockStore.remove``."""
        if not _is_text(path):
            return False
        statement = delete(schema.locks).where(_locks.path == path, _locks.owner == owner)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def copy(self, old_prefix: str, new_prefix: str) -> None:
        """See ``LockStore.copy``."""
        locks = self.under(old_prefix)
        if not locks or old_prefix == new_prefix:
            return
        if not _is_text(new_prefix):
            raise InvalidInput(
                "A locked file cannot get a name that is not text.", remedy="Choose another name."
            )
        copies = [replace(lock, path=new_prefix + lock.path[len(old_prefix) :]) for lock in locks]
        try:
            with self._database.writing() as connection:
                connection.execute(insert(schema.locks), [_values(lock) for lock in copies])
        except IntegrityError:
            raise Conflict(
                f"There is a lock at “{new_prefix}” already.",
                remedy="Unlock it first, or choose another name.",
            ) from None

    def forget(self, prefix: str) -> None:
        """See ``LockStore.forget``."""
        # Few files are locked: nobody has to wait for the right to write where there is nothing.
        if self.under(prefix):
            with self._database.writing() as connection:
                connection.execute(delete(schema.locks).where(_at_or_below(prefix)))

    def list(self) -> tuple[Lock, ...]:
        """See ``LockStore.list``."""
        return self.under("")


@dataclass(frozen=True)
class _All:
    """All locks: by path, in the order of paths; and by content, the strictest first."""

    by_path: dict[str, Lock]
    by_file_id: dict[bytes, tuple[Lock, ...]]


def _lock(row: Sequence[Any]) -> Lock:
    path, file_id, mode, owner, created_at = row
    return Lock(path, file_id, LockMode(mode), owner, created_at)


def _values(lock: Lock) -> dict[str, Any]:
    return {**asdict(lock), "mode": lock.mode.value}


def _at_or_below(prefix: str) -> ColumnElement[bool]:
    """Compare whole names, and as they are: LIKE would read `%` and `_`, and fold case."""
    if not prefix:
        return true()
    below = prefix + "/"
    return or_(_locks.path == prefix, func.substr(_locks.path, 1, len(below)) == below)


def _is_text(path: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" or c == "\0" for c in path)
