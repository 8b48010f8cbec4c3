from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, literal, select

from jupyter_secure.errors import StateUnusable
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Kept, Statement

NOW = datetime(2030, 1, 1, 12, 0, 0, 7, tzinfo=timezone.utc)
_columns = schema.sealed_folders.c
PUT = Statement(insert(schema.sealed_folders))
ALL = Statement(select(_columns.path).order_by(_columns.path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the database lies."""
    return tmp_path / "state.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Database]:
    """Return an open database."""
    database = Database.create(path)
    yield database
    database.close()


def put(database: Database, name: str) -> None:
    """Write one row through SQLAlchemy."""
    with database.writing() as connection:
        connection.execute(insert(schema.sealed_folders), {"path": name})


def put_by_another_process(path: Path, name: str) -> None:
    """Write one row by a program that knows nothing of this one."""
    code = (
        "import sqlite3, sys\n"
        "with sqlite3.connect(sys.argv[1], timeout=10) as database:\n"
        "    database.execute('INSERT INTO sealed_folders VALUES (?)', [sys.argv[2]])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path), name], check=True)


def names(database: Database) -> list[str]:
    """Return the rows."""
    return [row[0] for row in database.direct.rows(ALL)]


def test_the_version_tells_every_change(opened: Database, path: Path) -> None:
    """Whoever commits, the version is another one afterwards; looking does not change it."""
    seen = [opened.direct.version()]

    def has_changed() -> bool:
        assert names(opened) == names(opened)
        seen.append(opened.direct.version())
        assert opened.direct.version() == seen[-1]
        return seen[-1] not in seen[:-1]

    assert not has_changed()
    put(opened, "a")
    assert has_changed()
    with opened.direct.writing() as transaction:
        transaction.rows(PUT, ("b",))
    assert has_changed()
    with closing(Database.open(path)) as other:
        seen.append(opened.direct.version())  # opening checks whether it must write
        put(other, "c")
        assert has_changed()
    put_by_another_process(path, "d")
    assert has_changed()
    assert names(opened) == ["a", "b", "c", "d"]


def test_the_version_survives_no_closing(opened: Database) -> None:
    """Numbers of two connections say nothing about each other, so both never look the same."""
    seen = set()
    for _ in range(3):
        seen.add(opened.direct.version())
        opened.close()
    assert len(seen) == 3


def test_values_mean_what_the_columns_say(opened: Database) -> None:
    """A time is a time again; what stands in the statement is put where it belongs."""
    columns = schema.attempts.c
    with opened.writing() as connection:
        connection.execute(
            insert(schema.attempts),
            [{"key": k, "count": n, "since": NOW} for n, k in enumerate("abcd")],
        )
    statement = Statement(
        select(columns.key, columns.since, columns.blocked_until, literal("x"))
        .where(columns.count > bindparam("more"), columns.key != "c", columns.key < bindparam("to"))
        .order_by(columns.key)
        .limit(2)
    )
    assert opened.direct.rows(statement, (0, "z")) == [
        ("b", NOW, None, "x"),
        ("d", NOW, None, "x"),
    ]
    assert opened.direct.rows(statement, (0, "c")) == [("b", NOW, None, "x")]


def test_all_or_nothing(opened: Database) -> None:
    """What a failing block wrote is gone, and the next one works."""
    with pytest.raises(RuntimeError), opened.direct.writing() as transaction:
        transaction.each(PUT, [("a",), ("b",)])
        assert len(transaction.rows(ALL)) == 2
        raise RuntimeError
    assert names(opened) == []
    with opened.direct.writing() as transaction:
        transaction.each(PUT, [("c",)])
    assert names(opened) == ["c"]


def test_the_reader_does_not_write(opened: Database) -> None:
    """What is run for its rows cannot change anything."""
    with pytest.raises(StateUnusable):
        opened.direct.rows(PUT, ("a",))
    assert names(opened) == []


def test_writers_wait_for_each_other(opened: Database) -> None:
    """No two threads are both between looking and writing, whichever way they write."""
    both = threading.Barrier(4)

    def work(number: int) -> None:
        both.wait()
        for _ in range(10):
            if number % 2:
                with opened.direct.writing() as transaction:
                    count = len(transaction.rows(ALL))
                    transaction.rows(PUT, (f"{count:04}",))
            else:
                with opened.writing() as connection:
                    count = len(connection.execute(select(_columns.path)).all())
                    connection.execute(insert(schema.sealed_folders), {"path": f"{count:04}"})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(opened) == [f"{number:04}" for number in range(40)]


def test_refusals_are_explained(
    opened: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that another program keeps locked is named, without what was to be written."""
    monkeypatch.setattr("jupyter_secure.store.database.LOCK_WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnusable) as caught, opened.direct.writing():
            pytest.fail("It must not get in.")
    assert "keeps it locked" in str(caught.value.why)
    assert caught.value.__suppress_context__


def test_no_database_is_made_anew(opened: Database, path: Path) -> None:
    """A database that vanished is an error, and not an empty one."""
    opened.close()
    path.unlink()
    with pytest.raises(StateUnusable):
        opened.direct.version()
    assert not path.exists()


def test_kept_until_somebody_changes_something(opened: Database, path: Path) -> None:
    """What is kept is read once, and again after every change, whoever makes it."""
    reads = []

    def read() -> list[str]:
        reads.append(1)
        return names(opened)

    kept = Kept(opened.direct, read)
    assert [kept.get() for _ in range(3)] == [[], [], []]
    assert len(reads) == 1
    put(opened, "a")
    assert kept.get() == kept.get() == ["a"]
    put_by_another_process(path, "b")
    assert kept.get() == kept.get() == ["a", "b"]
    assert len(reads) == 3
    opened.close()
    put_by_another_process(path, "c")
    assert kept.get() == ["a", "b", "c"]


def test_what_changes_while_it_is_read_is_read_again(opened: Database, path: Path) -> None:
    """A change that comes in between the question and the answer is not lost."""
    changes = iter(["b"])

    def read() -> list[str]:
        found = names(opened)
        for name in changes:
            put_by_another_process(path, name)
        return found

    kept = Kept(opened.direct, read)
    assert kept.get() == []
    assert kept.get() == ["b"]
