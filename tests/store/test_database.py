from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, insert, inspect, select
from sqlalchemy.exc import StatementError

from jupyter_secure.errors import NotSetUp, StateUnusable, UnsupportedFormat
from jupyter_secure.store import database as module
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a database that exists and is closed."""
    path = tmp_path / "state.db"
    Database.create(path).close()
    return path


@pytest.fixture
def opened(path: Path) -> Iterator[Database]:
    """Return an open database."""
    database = Database.open(path)
    yield database
    database.close()


def put(database: Database, key: str) -> None:
    """Write one row."""
    moment = datetime(2030, 1, 1, tzinfo=timezone.utc)
    row = {"key": key, "count": 1, "since": moment, "blocked_until": moment}
    with database.writing() as connection:
        connection.execute(insert(schema.attempts), row)


def fill(database: Database) -> None:
    """Write more than a restricted database takes."""
    for number in range(2000):
        put(database, f"{number} " + "x" * 2000)


def keys(database: Database) -> list[str]:
    """Read all rows."""
    with database.reading() as connection:
        return list(connection.execute(select(schema.attempts.c.key)).scalars())


def test_closed_to_others(opened: Database, path: Path) -> None:
    """The file, its log and its index can be read by nobody else."""
    put(opened, "a")
    files = list(path.parent.glob("state.db*"))
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_closed_to_others_again(path: Path) -> None:
    """A file that was opened to others is closed to them when it is next used."""
    path.chmod(0o644)
    Database.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_settings(opened: Database) -> None:
    """Every connection is durable, checks references, and wipes what is deleted."""
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with opened.reading() as one, opened.reading() as other:
        for connection in (one, other):
            for name, value in expected.items():
                assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


def test_create_keeps_what_is_there(path: Path) -> None:
    """Creating a database that exists opens it as it is."""
    for key in ("a", "b"):
        database = Database.create(path)
        put(database, key)
        database.close()
    database = Database.open(path)
    assert keys(database) == ["a", "b"]
    database.close()


def test_all_or_nothing(opened: Database) -> None:
    """What a failing block wrote is gone."""
    with pytest.raises(RuntimeError), opened.writing() as connection:
        connection.execute(
            insert(schema.locks),
            {
                "path": "a",
                "file_id": None,
                "mode": "private",
                "owner": "alice",
                "created_at": datetime(2030, 1, 1, tzinfo=timezone.utc),
            },
        )
        raise RuntimeError
    with opened.reading() as connection:
        assert connection.execute(select(schema.locks)).all() == []


def test_looking_and_writing_is_one_step(opened: Database) -> None:
    """No two threads are ever both between looking and writing."""
    both = threading.Barrier(8)

    def work(number: int) -> None:
        both.wait()
        for _ in range(5):
            with opened.writing() as connection:
                rows = connection.execute(select(schema.schema_version.c.version)).all()
                connection.execute(insert(schema.schema_version), {"version": -len(rows)})
        assert number >= 0

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened.reading() as connection:
        found = connection.execute(select(schema.schema_version.c.version)).scalars().all()
    assert sorted(found) == [*range(-40, 0), schema.VERSION]


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "what?.db", "no#1.db", "ü.db", "file:x.db"])
def test_odd_names(name: str, tmp_path: Path) -> None:
    """A path with characters that mean something in a URI is that very path."""
    database = Database.create(tmp_path / name)
    put(database, "a")
    database.close()
    assert (tmp_path / name).stat().st_size > 0
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_naive_time_is_refused(opened: Database) -> None:
    """A time without a zone is not written."""
    with pytest.raises(StatementError), opened.writing() as connection:
        connection.execute(
            insert(schema.attempts),
            {
                "key": "a",
                "count": 1,
                "since": datetime(2030, 1, 1),  # noqa: DTZ001  # what is being refused
                "blocked_until": datetime(2030, 1, 1, tzinfo=timezone.utc),
            },
        )


# ── what cannot be used ─────────────────────────────────────────────────────────────────────────


def test_missing(tmp_path: Path) -> None:
    """Opening what is not there says to set up, and makes nothing."""
    with pytest.raises(NotSetUp, match="jupyter secure init"):
        Database.open(tmp_path / "state.db")
    assert list(tmp_path.iterdir()) == []


def test_no_directory(tmp_path: Path) -> None:
    """A database cannot be made in a directory that is not there."""
    with pytest.raises(StateUnusable, match="cannot be made"):
        Database.create(tmp_path / "none" / "state.db")


def overwrite(path: Path, start: int, data: bytes) -> None:
    """Damage the file."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(data)


def other_database(path: Path) -> None:
    """Put someone else's database in its place."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")


def drop_table(path: Path) -> None:
    """Take a table out."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE locks")


def add_column_value(path: Path) -> None:
    """Write a version that was never ours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE schema_version SET version = 0")
        connection.commit()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: overwrite(path, 0, b"no database at all"),
        lambda path: overwrite(path, 4096, b"\xff" * 4096),
        lambda path: overwrite(path, 100, b"\x00" * 3996),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"plain text"),
        other_database,
        drop_table,
        add_column_value,
    ],
    ids=[
        "header",
        "page",
        "schema",
        "cut",
        "empty",
        "text",
        "other database",
        "no table",
        "old version",
    ],
)
def test_damaged(path: Path, spoil: Callable[[Path], object]) -> None:
    """A database that is damaged, incomplete or another's is refused with a remedy, and kept."""
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(StateUnusable) as caught:
        Database.open(path)
    assert str(path) in caught.value.what
    assert caught.value.remedy
    assert path.read_bytes() == before


def test_create_does_not_adopt_anothers(path: Path) -> None:
    """Creating refuses a file that holds something else, rather than adding tables to it."""
    other_database(path)
    before = path.read_bytes()
    with pytest.raises(StateUnusable, match="not one of jupyter-secure"):
        Database.create(path)
    assert path.read_bytes() == before


def test_older(path: Path) -> None:
    """A database of an earlier version gets what came since, and keeps what it holds."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO locks VALUES ('a.ipynb', NULL, 'private', 'alice', 0)")
        for column in (column for columns in schema.ADDED_COLUMNS.values() for column in columns):
            if column.index:
                connection.execute(f"DROP INDEX ix_{column.table.name}_{column.name}")
            connection.execute(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}")
        for table in (table for tables in schema.ADDED.values() for table in tables):
            connection.execute(f"DROP TABLE {table.name}")
        connection.execute(
            "INSERT INTO accounts VALUES ('alice', 'Alice', x'00', -1, 1, 0)",
        )
        connection.execute("UPDATE schema_version SET version = 1")
        connection.commit()
    upgraded = Database.open(path)
    with upgraded.reading() as connection:
        assert connection.execute(select(schema.locks.c.owner)).scalars().all() == ["alice"]
        assert connection.execute(select(schema.catalogue)).all() == []
        assert connection.execute(select(schema.accounts.c.role)).scalars().all() == ["owner"]
        columns = inspect(connection).get_columns("sessions")
        assert {column["name"] for column in columns} == set(schema.sessions.c.keys())
        found = connection.execute(select(schema.schema_version.c.version)).scalars().all()
    assert found == [schema.VERSION]
    upgraded.close()


def test_newer(path: Path) -> None:
    """A database that a newer version wrote is not touched."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE schema_version SET version = {schema.VERSION + 1}")
        connection.commit()
    with pytest.raises(UnsupportedFormat, match="newer version"):
        Database.open(path)


def test_locked(opened: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that another program's lock holds up ends with an error that says so."""
    monkeypatch.setattr(module, "LOCK_WAIT_SECONDS", 0.05)
    impatient = Database.open(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnusable, match="keeps it locked"):
            put(impatient, "a")
        assert keys(impatient) == []  # reading goes on
        other.rollback()
    put(impatient, "a")
    assert keys(opened) == ["a"]
    impatient.close()


@pytest.mark.parametrize(
    ("pragma", "words"),
    [("max_page_count=1", "disk is full"), ("query_only=ON", "cannot be written")],
)
def test_cannot_grow_or_write(opened: Database, path: Path, pragma: str, words: str) -> None:
    """A full disk and a read-only file are told apart, with what to do; nothing is half-written."""

    def restrict(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA {pragma}").close()

    opened.close()
    event.listen(opened._engine, "connect", restrict)
    with pytest.raises(StateUnusable, match=words) as caught:
        fill(opened)
    assert caught.value.remedy
    assert "xxx" not in str(caught.value)
    opened.close()
    event.remove(opened._engine, "connect", restrict)
    count = len(keys(opened))
    put(opened, "after")
    assert len(keys(opened)) == count + 1
    assert path.stat().st_size > 0


def test_removed_while_open(opened: Database, path: Path) -> None:
    """A file that vanished while the server ran is an error, never a new and empty database."""
    opened.close()
    path.unlink()
    with pytest.raises(StateUnusable, match="state database"):
        keys(opened)
    assert not path.exists()


def test_errors_do_not_carry_values(opened: Database) -> None:
    """What was being written is neither in the error nor in the chain that a log would show."""
    with pytest.raises(StateUnusable) as caught, opened.writing() as connection:
        connection.exec_driver_sql("SELECT canary FROM nowhere WHERE a = ?", ("secret-value",))
    assert caught.value.__suppress_context__
    assert "secret-value" not in str(caught.value)
