"""Locks in the database."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
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


class DatabaseLocks:
    """Implements ``locks.LockStore``.

    A path that is not text (bytes on the disk that are no UTF-8) can't be locked, so asking for
    the lock on one finds none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, path: str) -> Lock | None:
        """See ``LockStore.get``."""
        if not _is_text(path):
            return None
        with self._database.reading() as connection:
            row = connection.execute(_GET, {"wanted": path}).one_or_none()
        return None if row is None else _lock(row)

    def find_by_file_id(self, file_id: bytes) -> tuple[Lock, ...]:
        """See ``LockStore.find_by_file_id``."""
        with self._database.reading() as connection:
            rows = connection.execute(_BY_FILE_ID, {"wanted": file_id})
            return tuple(_lock(row) for row in rows)

    def under(self, prefix: str) -> tuple[Lock, ...]:
        """See ``LockStore.under``."""
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


def _lock(row: Row[Any]) -> Lock:
    return Lock(row.path, row.file_id, LockMode(row.mode), row.owner, row.created_at)


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
