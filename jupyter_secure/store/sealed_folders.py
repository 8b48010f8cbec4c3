"""Marks on folders in the database."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from jupyter_secure.errors import InvalidInput
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database

_path = schema.sealed_folders.c.path


class DatabaseSealedFolders:
    """Implements ``app.sealed_folders.FolderMarks``.

    A path that is not text (bytes on the disk that are no UTF-8) can't be marked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> tuple[str, ...]:
        """Return every marked folder, in order; ``""`` is the root."""
        with self._database.reading() as connection:
            return tuple(connection.execute(select(_path).order_by(_path)).scalars())

    def add(self, path: str) -> None:
        """Mark ``path``; marked already: nothing changes. ``InvalidInput`` if it is not text."""
        _require_text(path)
        with self._database.writing() as connection:
            _put(connection, {path})

    def remove(self, path: str) -> bool:
        """Take the mark off exactly ``path``; say whether there was one."""
        if not _is_text(path):
            return False
        with self._database.writing() as connection:
            statement = delete(schema.sealed_folders).where(_path == path)
            return connection.execute(statement).rowcount == 1

    def copy(self, old: str, new: str) -> None:
        """Mark in ``new`` what is marked on and below ``old``; errors as ``add``."""
        if marks := self._at_or_below(old):
            _require_text(new)
            with self._database.writing() as connection:
                _put(connection, {new + mark[len(old) :] for mark in marks})

    def forget(self, path: str) -> None:
        """Take the marks off ``path`` and all below it: it was deleted."""
        if marks := self._at_or_below(path):
            with self._database.writing() as connection:
                connection.execute(delete(schema.sealed_folders).where(_path.in_(marks)))

    def _at_or_below(self, path: str) -> tuple[str, ...]:
        # Few folders are marked, and nearly always none: nobody has to wait for the right to write.
        return tuple(mark for mark in self.list() if not path or f"{mark}/".startswith(f"{path}/"))


def _put(connection: Connection, paths: set[str]) -> None:
    held = set(connection.execute(select(_path).where(_path.in_(paths))).scalars())
    if new := [{"path": path} for path in sorted(paths - held)]:
        connection.execute(insert(schema.sealed_folders), new)


def _require_text(path: str) -> None:
    if not _is_text(path):
        raise InvalidInput(
            "A folder whose name is not text cannot be marked.", remedy="Rename it first."
        )


def _is_text(path: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" or c == "\0" for c in path)
