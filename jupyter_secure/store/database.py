"""``state.db``: one small SQLite database, opened so that several threads and servers can share it.

Write-ahead logging lets readers go on while someone writes; ``synchronous=FULL`` makes a used code
stay used through a power cut. Every writing transaction begins with ``BEGIN IMMEDIATE``: what it
reads cannot change before it writes, which is what "atomic" means in the stores.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from sqlalchemy import (
    URL,
    Connection,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateColumn

from jupyter_secure.errors import NotSetUp, StateUnusable, UnsupportedFormat
from jupyter_secure.store import schema
from jupyter_secure.store.direct import Direct
from jupyter_secure.store.explaining import explained

LOCK_WAIT_SECONDS = 5.0
_BEGIN_OPTION = "jsec_begin"
_SYNC_OPTION = "jsec_synchronous"


class Database:
    """An open ``state.db``. Made by :meth:`create` or :meth:`open`; closed by :meth:`close`."""

    def __init__(self, path: Path) -> None:
        """Prepare connections to the file at ``path``, which exists; nothing is read yet."""
        self.path = path
        self._engine = create_engine(
            # "rw": a database that vanished is an error, never silently a new, empty one.
            URL.create(
                "sqlite", database=f"file:{_uri_path(path)}", query={"mode": "rw", "uri": "true"}
            ),
            connect_args={"timeout": LOCK_WAIT_SECONDS},
            max_overflow=-1,  # a request never waits for another's connection
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        # Writers of this process queue up here: SQLite's own waiting is polling, in which one of
        # many can lose until its time is up. Reentrant, so that nesting is an error ("locked")
        # and not a standstill.
        self._writing = threading.RLock()
        self._reader, self._writer, self._quick_writer = (
            self._engine.execution_options(**{_BEGIN_OPTION: begin, _SYNC_OPTION: synchronous})
            for begin, synchronous in (
                ("DEFERRED", "FULL"),
                ("IMMEDIATE", "FULL"),
                ("IMMEDIATE", "NORMAL"),
            )
        )
        #: For what runs at every request.
        self.direct = Direct(self._connected, self._explained, self._writing)

    @classmethod
    def create(cls, path: Path) -> Database:
        """Open the database at ``path``, made first (mode 0600) if it does not exist.

        Raises as :meth:`open` does.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise StateUnusable(
                f"The state database {path} cannot be made.",
                why=f"{error.strerror}.",
                remedy="Give the server's account write access to its directory.",
            ) from error
        return cls._opened(path, create=True)

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open the database at ``path`` and check it.

        Raises ``NotSetUp`` if there is none, ``UnsupportedFormat`` if a newer version wrote it,
        and ``StateUnusable`` if it is damaged, is something else, or cannot be written.
        """
        return cls._opened(path, create=False)

    def close(self) -> None:
        """Close every connection that is not in use. Using the database again reopens it."""
        self.direct.close()
        self._engine.dispose()

    def _connected(self) -> sqlite3.Connection:
        name = f"file:{_uri_path(self.path)}?mode=rw"
        # Used by one thread at a time, and by any.
        connection = sqlite3.connect(
            name, uri=True, timeout=LOCK_WAIT_SECONDS, check_same_thread=False
        )
        _settle(connection)
        return connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read with. Each statement sees the newest state."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection whose statements all see the state of one moment."""
        with self._explained(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """Give a connection that holds the write lock; the block takes effect whole or not at all.

        ``IntegrityError`` passes through: what a duplicate means is the store's to say. Without
        ``durable`` nobody waits for the disk: a power cut may undo the block, a kill does not.
        """
        writer = self._writer if durable else self._quick_writer
        with self._writing, self._explained(), writer.begin() as connection:
            yield connection

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to the file at ``path``, which exists, also while others write.

        Raises ``StateUnusable``.
        """
        with self._explained(), self._engine.connect() as connection:
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            # https://sqlite.org/backup.html: in one go, so that nobody's write comes in between.
            with closing(sqlite3.connect(path)) as target:
                source.backup(target)
                # One file: the copy is not to depend on a log beside it.
                target.execute("PRAGMA journal_mode=DELETE").close()

    @classmethod
    def _opened(cls, path: Path, *, create: bool) -> Database:
        database = cls(path)
        try:
            with database._explained():
                _close_to_others(path)
            with database.writing() as connection:
                _check(connection, path, create=create)
            with database.reading() as connection:
                # Kept in the file, so set only once it is known to be ours.
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except BaseException:
            database.close()
            raise
        return database

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.path)


def _close_to_others(path: Path) -> None:
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except FileNotFoundError:
        raise NotSetUp(
            f"There is no state database at {path}.",
            remedy="Run `jupyter secure init`; if it was run before, put the file back from a "
            "backup.",
        ) from None


def _uri_path(path: Path) -> str:
    """Return the path as SQLite's URI syntax wants it: `?`, `#` and `%` would end or change it."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _configure(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:  # noqa: ARG001  # the event's signature
    _settle(connection)


def _settle(connection: sqlite3.Connection) -> None:
    # The driver's own transactions begin without the write lock; `_begin` begins ours.
    connection.isolation_level = None
    for setting in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # a used recovery code leaves no trace in free pages
        "trusted_schema=OFF",  # a planted schema runs no functions
    ):
        connection.execute(f"PRAGMA {setting}").close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if _BEGIN_OPTION in options:
        # Of the connection, not of the transaction: the last one may have wished otherwise.
        connection.exec_driver_sql(f"PRAGMA synchronous={options[_SYNC_OPTION]}")
        connection.exec_driver_sql(f"BEGIN {options[_BEGIN_OPTION]}")


def _check(connection: Connection, path: Path, *, create: bool) -> None:
    """Raise unless the tables are there, whole and of our version; make them if ``create``."""
    damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if damage != "ok":
        raise StateUnusable(
            f"The state database {path} is damaged.", remedy="Put it back from a backup."
        )
    found = set(inspect(connection).get_table_names())
    if create and not found:
        schema.metadata.create_all(connection)
        connection.execute(insert(schema.schema_version).values(version=schema.VERSION))
        return
    if schema.schema_version.name not in found:
        raise StateUnusable(
            f"The state database {path} is not one of jupyter-secure.",
            why="It has no schema version.",
            remedy="Put it back from a backup, or name another state directory.",
        )
    version = connection.execute(select(func.max(schema.schema_version.c.version))).scalar()
    if version is not None and version > schema.VERSION:
        raise UnsupportedFormat(
            f"A newer version of jupyter-secure wrote the state database {path}.",
            remedy="Install that version again.",
        )
    # What an older version did not know yet may be missing, and nothing else.
    later = {
        table.name
        for since, tables in schema.ADDED.items()
        if version and since > version
        for table in tables
    }
    if not version or set(schema.metadata.tables) - found - later:
        raise StateUnusable(
            f"The state database {path} is incomplete.", remedy="Put it back from a backup."
        )
    if version < schema.VERSION:
        _upgrade(connection, version)
        connection.execute(update(schema.schema_version).values(version=schema.VERSION))


def _upgrade(connection: Connection, version: int) -> None:
    """Give a database of an earlier version what came since; in the caller's transaction."""
    for since, columns in schema.ADDED_COLUMNS.items():
        for column in columns if since > version else ():
            specification = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {column.table} ADD COLUMN {specification}")
    schema.metadata.create_all(connection)
    for since, columns in schema.ADDED_COLUMNS.items():
        for index in {i for c in columns if since > version for i in c.table.indexes}:
            index.create(connection, checkfirst=True)
