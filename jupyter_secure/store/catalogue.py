"""The rows of the catalogue in ``state.db``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, true, update
from sqlalchemy.engine import Row as DatabaseRow
from sqlalchemy.sql.expression import ColumnElement

from jupyter_secure.store.database import Database
from jupyter_secure.store.schema import catalogue as _table
from jupyter_secure.store.schema import catalogue_head as _head
from jupyter_secure.vault.catalogue_rows import Entry, Row, Sealing

_BY_PATH = select(_table).where(_table.c.path == bindparam("wanted"))
_INSERT = insert(_table)
_SEALED_HEAD = select(_head.c.sealed)
_REPLACE_HEAD = update(_head)
_REMOVE = delete(_table).where(_table.c.path == bindparam("wanted"))
_BY_FILE_ID = select(_table).where(_table.c.file_id == bindparam("wanted"))


class DatabaseCatalogue:
    """Implements ``vault.catalogue_rows.CatalogueStore``.

    Its changes do not wait for the disk: one that a power cut undoes is an older entry for a newer
    file, which is no finding.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, path: bytes) -> Row | None:
        """See ``CatalogueStore.get``."""
        with self._database.reading() as connection:
            return DatabaseRows(connection).get(path)

    def by_file_id(self, file_id: bytes) -> list[Row]:
        """See ``CatalogueStore.by_file_id``."""
        with self._database.reading() as connection:
            found = connection.execute(_BY_FILE_ID, {"wanted": file_id}).all()
        return [_row(one) for one in found]

    @contextmanager
    def reading(self) -> Iterator[DatabaseRows]:
        """See ``CatalogueStore.reading``."""
        with self._database.snapshot() as connection:
            yield DatabaseRows(connection)

    @contextmanager
    def changing(self) -> Iterator[DatabaseRows]:
        """See ``CatalogueStore.changing``."""
        with self._database.writing(durable=False) as connection:
            yield DatabaseRows(connection)


class DatabaseRows:
    """Implements ``vault.catalogue_rows.Rows`` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, path: bytes) -> Row | None:
        """See ``Rows.get``."""
        found = self._connection.execute(_BY_PATH, {"wanted": path}).one_or_none()
        return None if found is None else _row(found)

    def under(self, prefix: bytes) -> list[Row]:
        """See ``Rows.under``."""
        found = self._connection.execute(select(_table).where(_at_or_below(prefix))).all()
        return [_row(one) for one in found]

    def put(self, rows: Sequence[Row]) -> None:
        """See ``Rows.put``."""
        if rows:
            self._connection.execute(_INSERT, [_values(row) for row in rows])

    def remove(self, rows: Sequence[Row]) -> None:
        """See ``Rows.remove``."""
        if rows:
            self._connection.execute(_REMOVE, [{"wanted": row.entry.path} for row in rows])

    def head(self) -> bytes | None:
        """See ``Rows.head``."""
        found: bytes | None = self._connection.execute(_SEALED_HEAD).scalar()
        return found

    def put_head(self, sealed: bytes) -> None:
        """See ``Rows.put_head``."""
        if self._connection.execute(_REPLACE_HEAD, {"sealed": sealed}).rowcount == 0:
            self._connection.execute(insert(_head), {"id": 1, "sealed": sealed})


def _row(found: DatabaseRow[Any]) -> Row:
    sealing = Sealing(found.file_id, int.from_bytes(found.file_version, "big"), found.salt)
    return Row(Entry(found.path, sealing, int.from_bytes(found.highest, "big")), found.tag)


def _values(row: Row) -> dict[str, bytes]:
    sealing = row.entry.sealing
    return {
        "path": row.entry.path,
        "file_id": sealing.file_id,
        "file_version": sealing.file_version.to_bytes(8, "big"),
        "highest": row.entry.highest.to_bytes(8, "big"),
        "salt": sealing.salt,
        "tag": row.tag,
    }


def _at_or_below(prefix: bytes) -> ColumnElement[bool]:
    if not prefix:
        return true()
    # "0" follows "/": a range, so that the index of the paths is used.
    below = and_(_table.c.path >= prefix + b"/", _table.c.path < prefix + b"0")
    return or_(_table.c.path == prefix, below)
