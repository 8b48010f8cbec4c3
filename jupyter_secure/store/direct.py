"""The few statements that run at every request, without SQLAlchemy's machinery around them.

That takes ten times as long as SQLite itself. The statements are still written with SQLAlchemy,
which says once how each reads in SQL and what its values mean.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import ClauseElement, Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

_Value = TypeVar("_Value")
_DIALECT = sqlite.dialect(paramstyle="qmark")
_VERSION = "PRAGMA data_version"


class Statement:
    """A statement, translated once. Values for it are text, bytes and numbers, by position."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        # By position, too, what stands in the statement itself.
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        self._fixed = [(at, bind.value) for at, bind in enumerate(binds) if not bind.required]
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        found = [column.type.result_processor(_DIALECT, None) for column in columns]
        #: What makes of a column what it means, by the column's position; none for most.
        self.readers = [(at, read) for at, read in enumerate(found) if read is not None]

    def filled(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return ``values`` with those that stand in the statement itself in their places."""
        if not self._fixed:
            return values
        values = list(values)
        for at, value in self._fixed:
            values.insert(at, value)
        return values

    def read(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Return a row as its columns mean it."""
        values = list(row)
        for at, read in self.readers:
            values[at] = read(values[at])
        return tuple(values)


class Transaction:
    """Statements within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: Statement, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return all its rows."""
        # All of them at once: an open cursor would hold on to the state of this moment.
        found = self._connection.execute(statement.sql, statement.filled(values)).fetchall()
        return [statement.read(row) for row in found] if statement.readers else found

    def each(self, statement: Statement, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement that has no rows, once for each of ``values``."""
        self._connection.executemany(statement.sql, map(statement.filled, values)).close()


class Direct:
    """Two connections of SQLite's own, one that reads and one that writes; for all threads.

    Every method may raise what ``explained`` makes of SQLite's errors.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        explained: Callable[[], AbstractContextManager[None]],
        queue: AbstractContextManager[Any],
    ) -> None:
        """``connect`` gives a new connection in autocommit; nothing is opened yet.

        In ``queue`` all writers of this process wait for each other.
        """
        self._connect = connect
        self._explained = explained
        self._reading, self._writing = threading.Lock(), queue
        self._reader: sqlite3.Connection | None = None
        self._opened = 0
        self._writer: sqlite3.Connection | None = None

    def version(self) -> tuple[int, int]:
        """Return what is something else after any commit, of this process or another.

        https://sqlite.org/pragma.html#pragma_data_version: commits of the connection that asks do
        not count, so that one never writes; and numbers of two connections say nothing about each
        other, so which one it was is a part of it. Takes some microseconds.
        """
        try:
            with self._reading:
                reader = self._reader or self._open_reader()
                return self._opened, int(reader.execute(_VERSION).fetchone()[0])
        except sqlite3.Error as error:
            raise self._in_words(error) from None

    def rows(self, statement: Statement, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows, as they are now."""
        try:
            with self._reading:
                reader = self._reader or self._open_reader()
                return Transaction(reader).rows(statement, values)
        except sqlite3.Error as error:
            raise self._in_words(error) from None

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Give a transaction that holds the write lock; it takes effect whole or not at all.

        It does not wait for the disk: a power cut may undo it, a kill does not.
        """
        with self._explained(), self._writing:
            writer = self._writer
            if writer is None:
                writer = self._writer = self._connect()
                # In write-ahead mode this keeps the file whole, and commits in order: what is
                # undone by a power cut are the last ones (https://sqlite.org/pragma.html).
                writer.execute("PRAGMA synchronous=NORMAL").close()
            writer.execute("BEGIN IMMEDIATE").close()

            try:
                yield Transaction(writer)
                writer.execute("COMMIT").close()
            except BaseException:
                # A full disk may have ended it already.
                if writer.in_transaction:
                    writer.execute("ROLLBACK").close()
                raise

    def close(self) -> None:
        """Close both connections; using this again opens new ones."""
        with self._reading:
            reader, self._reader = self._reader, None
        with self._writing:
            writer, self._writer = self._writer, None
        for connection in (reader, writer):
            if connection is not None:
                connection.close()

    def _open_reader(self) -> sqlite3.Connection:
        reader = self._connect()
        reader.execute("PRAGMA query_only=ON").close()
        self._reader = reader
        self._opened += 1
        return reader

    def _in_words(self, error: sqlite3.Error) -> Exception:
        # Not around every statement: the context manager takes as long as the look-up.
        try:
            with self._explained():
                raise error
        except Exception as explained:  # noqa: BLE001  # whatever is made of it is what is raised
            return explained


class Kept(Generic[_Value]):
    """What was read from the database, kept for as long as nobody has changed that since.

    Whoever asks after a change, whichever process made it, gets what is there now.
    """

    def __init__(self, direct: Direct, make: Callable[[], _Value]) -> None:
        """``make`` reads it, or begins a new collection of what is read one by one."""
        self._direct = direct
        self._make = make
        self._held: tuple[tuple[int, int], _Value] | None = None

    def get(self) -> _Value:
        """Return it. Raises as ``Direct`` does."""
        # The version comes first: what is read after it may be newer, and is then read once more.
        version = self._direct.version()
        held = self._held
        if held is None or held[0] != version:
            held = self._held = (version, self._make())
        return held[1]
