"""The rows of the catalogue in ``state.db``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select

from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Statement
from jupyter_secure.store.schema import catalogue as _table
from jupyter_secure.store.schema import catalogue_head as _head
from jupyter_secure.vault.catalogue_rows import Entry, Row, Sealing

_path = _table.c.path
_ROWS = select(_table)
_BY_PATH = Statement(_ROWS.where(_path == bindparam("wanted")))
_BY_FILE_ID = Statement(_ROWS.where(_table.c.file_id == bindparam("wanted")))
_ALL = Statement(_ROWS)
# A range, so that the index of the paths is used.
_IN_RANGE = and_(_path >= bindparam("first"), _path < bindparam("end"))
_AT_OR_BELOW = Statement(_ROWS.where(or_(_path == bindparam("wanted"), _IN_RANGE)))
_INSERT = Statement(insert(_table))
_REMOVE = Statement(delete(_table).where(_path == bindparam("wanted")))
_SEALED_HEAD = Statement(select(_head.c.sealed))
_PUT_HEAD = Statement(
    insert(_head).prefix_with("OR REPLACE").values(id=bindparam("id"), sealed=bindparam("sealed"))
)


class DatabaseCatalogue:
    """Implements ``vault.catalogue_rows.CatalogueStore``.

    Its changes do not wait for the disk: one that a power cut undoes is an older entry for a newer
    file, which is no finding.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, path: bytes) -> Row | None:
        """See ``CatalogueStore.get``."""
        found = self._database.direct.rows(_BY_PATH, (path,))
        return _row(found[0]) if found else None

    def by_file_id(self, file_id: bytes) -> list[Row]:
        """See ``CatalogueStore.by_file_id``."""
        return [_row(one) for one in self._database.direct.rows(_BY_FILE_ID, (file_id,))]

    @contextmanager
    def reading(self) -> Iterator[DatabaseRows]:
        """See ``CatalogueStore.reading``."""
        with self._database.snapshot() as connection:
            yield DatabaseRows(Within(connection))

    @contextmanager
    def changing(self) -> Iterator[DatabaseRows]:
        """See ``CatalogueStore.changing``."""
        with self._database.direct.writing() as transaction:
            yield DatabaseRows(transaction)


class Runs(Protocol):
    """What a transaction does with statements; ``store.direct.Transaction`` says it."""

    def rows(self, statement: Statement, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return all its rows."""
        ...

    def each(self, statement: Statement, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement that has no rows, once for each of ``values``."""
        ...


class Within:
    """Runs the statements in a transaction of SQLAlchemy's, which holds others as well."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: Statement, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See ``Runs.rows``."""
        found = self._connection.exec_driver_sql(statement.sql, tuple(statement.filled(values)))
        return [tuple(row) for row in found] if found.returns_rows else []

    def each(self, statement: Statement, values: Iterable[Sequence[Any]]) -> None:
        """See ``Runs.each``."""
        if filled := [tuple(statement.filled(one)) for one in values]:
            self._connection.exec_driver_sql(statement.sql, filled)


class DatabaseRows:
    """Implements ``vault.catalogue_rows.Rows`` on one transaction."""

    def __init__(self, transaction: Runs) -> None:
        self._transaction = transaction

    def get(self, path: bytes) -> Row | None:
        """See ``Rows.get``."""
        found = self._transaction.rows(_BY_PATH, (path,))
        return _row(found[0]) if found else None

    def under(self, prefix: bytes) -> list[Row]:
        """See ``Rows.under``."""
        if not prefix:
            return [_row(one) for one in self._transaction.rows(_ALL)]
        # "0" follows "/".
        found = self._transaction.rows(_AT_OR_BELOW, (prefix, prefix + b"/", prefix + b"0"))
        return [_row(one) for one in found]

    def put(self, rows: Sequence[Row]) -> None:
        """See ``Rows.put``."""
        self._transaction.each(_INSERT, map(_values, rows))

    def remove(self, rows: Sequence[Row]) -> None:
        """See ``Rows.remove``."""
        self._transaction.each(_REMOVE, [(row.entry.path,) for row in rows])

    def head(self) -> bytes | None:
        """See ``Rows.head``."""
        found = self._transaction.rows(_SEALED_HEAD)
        return found[0][0] if found else None

    def put_head(self, sealed: bytes) -> None:
        """See ``Rows.put_head``."""
        self._transaction.rows(_PUT_HEAD, (1, sealed))


def _row(found: Sequence[Any]) -> Row:
    path, file_id, file_version, highest, salt, tag = found
    sealing = Sealing(file_id, int.from_bytes(file_version, "big"), salt)
    return Row(Entry(path, sealing, int.from_bytes(highest, "big")), tag)


def _values(row: Row) -> tuple[bytes, ...]:
    """Return the values of a row in the order of the table's columns."""
    sealing = row.entry.sealing
    return (
        row.entry.path,
        sealing.file_id,
        sealing.file_version.to_bytes(8, "big"),
        row.entry.highest.to_bytes(8, "big"),
        sealing.salt,
        row.tag,
    )
