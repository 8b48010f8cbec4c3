"""The catalogue on a real database, and what happens to whoever changes that from outside."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_secure.errors import StateUnusable, VaultSealed
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Direct, Transaction
from jupyter_secure.vault.catalogue import Catalogue, Finding
from jupyter_secure.vault.catalogue_rows import Entry, Sealing
from jupyter_secure.vault.keys import RootKey

ROOT = RootKey.from_bytes(bytes(range(32)))
A, B = b"/root/a.ipynb", b"/root/b.ipynb"


def sealing(number: int = 1, version: int = 1) -> Sealing:
    """Return a sealing of file ``number``; no two calls give the same salt."""
    return Sealing(bytes([number]) * 16, version, os.urandom(24))


@pytest.fixture
def catalogue(database: Database) -> Catalogue:
    """Return an empty catalogue."""
    return Catalogue(DatabaseCatalogue(database), ROOT.derive)


def reopened(database: Database) -> Catalogue:
    """Return the catalogue as the next run of a server finds it."""
    return Catalogue(DatabaseCatalogue(database), ROOT.derive)


def left(catalogue: Catalogue, path: bytes) -> Entry:
    """Return what was left at ``path``."""
    entry = catalogue.entry(path)
    assert isinstance(entry, Entry)
    return entry


@pytest.mark.parametrize(
    "path", [A, b"/root/\xff\xfe not text\n.ipynb", b"/" + b"n" * 4000, "/root/ü🔒".encode()]
)
def test_round_trip(database: Database, catalogue: Catalogue, path: bytes) -> None:
    """What was left at a path comes back, whatever its name; nothing is known of others."""
    one = sealing(version=(1 << 64) - 1)
    catalogue.record(path, one)
    assert left(catalogue, path) == Entry(path, one, one.file_version)
    assert left(reopened(database), path).sealing == one
    assert catalogue.entry(b"/elsewhere") is None
    assert catalogue.check()


def test_versions_grow(catalogue: Catalogue) -> None:
    """Of two saves at once the later counts, whichever was written down first."""
    late, early = sealing(version=3), sealing(version=2)
    catalogue.record(A, late)
    catalogue.record(A, early)
    assert left(catalogue, A).sealing == late


def test_accepted(catalogue: Catalogue) -> None:
    """An older version counts once it is accepted, and the highest one is remembered."""
    old = sealing(version=2)
    catalogue.record(A, sealing(version=7))
    catalogue.record(A, old, accepted=True)
    assert left(catalogue, A) == Entry(A, old, highest=7)


def test_another_file(catalogue: Catalogue) -> None:
    """Another file at the same path begins with its own versions."""
    catalogue.record(A, sealing(1, version=7))
    catalogue.record(A, sealing(2, version=1))
    assert left(catalogue, A).highest == 1
    assert catalogue.elsewhere(bytes([1]) * 16, B) == []
    assert [entry.path for entry in catalogue.elsewhere(bytes([2]) * 16, B)] == [A]


def test_move(catalogue: Catalogue) -> None:
    """What is moved keeps its entry, everything in a folder too, and nothing beside it is taken."""
    inside = {name: sealing() for name in (b"x", b"y/z")}
    for name, one in inside.items():
        catalogue.record(b"/root/folder/" + name, one)
    catalogue.record(b"/root/folder2", sealing())
    catalogue.record(b"/root/new/x", sealing())
    catalogue.move(b"/root/folder", b"/root/new")
    for name, one in inside.items():
        assert left(catalogue, b"/root/new/" + name).sealing == one
        assert catalogue.entry(b"/root/folder/" + name) is None
    assert left(catalogue, b"/root/folder2")
    assert catalogue.check()


def test_forget(catalogue: Catalogue) -> None:
    """What is deleted is forgotten with all below it."""
    for path in (b"/root/f", b"/root/f/x", b"/root/f/y/z", b"/root/f!"):
        catalogue.record(path, sealing())
    catalogue.forget(b"/root/f")
    assert [entry.path for entry in catalogue.entries()] == [b"/root/f!"]
    assert catalogue.check()


Action = tuple[str, bytes, bytes, int]
ACTIONS = st.tuples(
    st.sampled_from(["record", "accept", "move", "forget", "anew"]),
    st.sampled_from([A, B, b"/root", b"/root/f", b"/root/f/x"]),
    st.sampled_from([A, B, b"/root/g", b"/root/f/x"]),
    st.integers(1, 9),
)


@given(st.lists(ACTIONS, max_size=30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stays_whole(database: Database, actions: list[Action]) -> None:
    """Whatever is written down in whatever order, rows and head go together."""
    catalogue = reopened(database)
    for action, path, other, number in actions:
        if action == "record":
            catalogue.record(path, sealing(number, number))
        elif action == "accept":
            catalogue.record(path, sealing(number), accepted=True)
        elif action == "move":
            catalogue.move(path, other)
        elif action == "forget":
            catalogue.forget(path)
        else:
            catalogue.begin_anew()
    assert catalogue.check()
    assert reopened(database).check()


# ── attacks ─────────────────────────────────────────────────────────────────────────────────────


def run(statement: str, *values: object) -> Callable[[sqlite3.Connection], object]:
    """Return an attack by SQL."""
    return lambda connection: connection.execute(statement, values)


def put_back(connection: sqlite3.Connection) -> None:
    """Put the row of one file back as it was before its last save."""
    connection.execute("DELETE FROM catalogue WHERE path = ?", (A,))
    connection.execute("INSERT INTO catalogue SELECT * FROM older.catalogue WHERE path = ?", (A,))


def bring_back(connection: sqlite3.Connection) -> None:
    """Bring the row of a deleted file back, and take another out, so that their number is right."""
    connection.execute(
        "INSERT INTO catalogue SELECT * FROM older.catalogue WHERE path = ?", (b"/root/gone",)
    )
    connection.execute("DELETE FROM catalogue WHERE path = ?", (B,))


def empty(connection: sqlite3.Connection) -> None:
    """Take every row out, and make the head one of nobody's, as a key that changed would."""
    connection.execute("DELETE FROM catalogue")
    connection.execute("UPDATE catalogue_head SET sealed = zeroblob(128)")


@pytest.mark.parametrize(
    "attack",
    [
        run("UPDATE catalogue SET salt = zeroblob(24) WHERE path = ?", A),
        run("UPDATE catalogue SET file_version = x'0000000000000001' WHERE path = ?", A),
        run("UPDATE catalogue SET highest = x'00000000000000ff' WHERE path = ?", A),
        run("UPDATE catalogue SET tag = zeroblob(32) WHERE path = ?", A),
        run("UPDATE catalogue SET path = ? WHERE path = ?", b"/root/c.ipynb", A),
        run("DELETE FROM catalogue WHERE path = ?", A),
        run("DELETE FROM catalogue"),
        run("DELETE FROM catalogue_head"),
        run("UPDATE catalogue_head SET sealed = zeroblob(128)"),
        run("UPDATE catalogue_head SET sealed = (SELECT sealed FROM older.catalogue_head)"),
        run("INSERT INTO catalogue SELECT * FROM older.catalogue WHERE path = ?", b"/root/gone"),
        put_back,
        bring_back,
        empty,
    ],
)
def test_altered(
    database: Database, tmp_path: Path, attack: Callable[[sqlite3.Connection], object]
) -> None:
    """Nothing is believed any more once a row or the head was changed from outside."""
    catalogue = reopened(database)
    for path, number in ((A, 1), (B, 2), (b"/root/gone", 3)):
        catalogue.record(path, sealing(number))
    database.close()
    older = tmp_path / "older.db"
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    shutil.copyfile(database.path, older)
    catalogue.record(A, sealing(1, version=2))
    catalogue.forget(b"/root/gone")
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("ATTACH ? AS older", (str(older),))
        attack(connection)
        connection.commit()

    found = reopened(database)
    assert not found.is_whole()
    assert found.entry(A) is Finding.UNCHECKED
    # It shows as well after more was written down, until it is begun anew.
    found.record(b"/root/new", sealing(4))
    assert not reopened(database).is_whole()
    found.begin_anew()
    assert reopened(database).is_whole()
    assert left(found, b"/root/new")


@pytest.mark.parametrize(
    "attack",
    [
        run("UPDATE catalogue SET highest = x'00000000000000ff' WHERE path = ?", A),
        run("UPDATE catalogue SET tag = zeroblob(32) WHERE path = ?", A),
        run("UPDATE catalogue SET path = ? WHERE path = ?", b"/root/c.ipynb", A),
    ],
)
def test_an_altered_row_is_no_witness(
    database: Database, attack: Callable[[sqlite3.Connection], object]
) -> None:
    """A row that was changed after the look at all of them says nothing of its file either."""
    catalogue = reopened(database)
    for path, number in ((A, 1), (B, 2)):
        catalogue.record(path, sealing(number))
    assert catalogue.is_whole()
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        attack(connection)
        connection.commit()
    assert catalogue.elsewhere(bytes([1]) * 16, b"/root/new") == []
    assert [one.path for one in catalogue.elsewhere(bytes([2]) * 16, b"/root/new")] == [B]
    assert [one.path for one in catalogue.entries()] == [B]
    assert not isinstance(catalogue.entry(A), Entry)
    catalogue.begin_anew()
    assert reopened(database).is_whole()
    assert [one.path for one in catalogue.entries()] == [B]


@pytest.mark.parametrize("looked", ["at all of it", "while writing", "after it was begun anew"])
def test_put_back_while_running(database: Database, tmp_path: Path, looked: str) -> None:
    """Rows and head put back together are noticed by whoever has seen newer ones."""
    catalogue = reopened(database)
    catalogue.record(A, sealing())
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    older = tmp_path / "older.db"
    shutil.copyfile(database.path, older)
    catalogue.record(A, sealing(version=2))
    if looked == "after it was begun anew":
        catalogue.begin_anew()
    assert catalogue.is_whole()
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("ATTACH ? AS older", (str(older),))
        for table in ("catalogue", "catalogue_head"):
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} SELECT * FROM older.{table}")
        connection.commit()
    if looked == "while writing":
        catalogue.record(B, sealing(2))
        assert not catalogue.is_whole()
        return
    assert not catalogue.check()
    # What nobody has seen nobody can miss: the limit that the threat model names.
    assert reopened(database).check()


def test_another_vault(database: Database, catalogue: Catalogue) -> None:
    """A catalogue that was made with another root key is not believed."""
    catalogue.record(A, sealing())
    other = Catalogue(DatabaseCatalogue(database), RootKey.generate().derive)
    assert other.entry(A) is Finding.UNCHECKED


def test_rekey(database: Database, catalogue: Catalogue) -> None:
    """Under a new root key it holds what it held, and the old key counts for nothing."""
    one = sealing()
    catalogue.record(A, one)
    new = RootKey.generate()
    with DatabaseCatalogue(database).changing() as rows:
        catalogue.rekey(rows, new.derive)
    rekeyed = Catalogue(DatabaseCatalogue(database), new.derive)
    assert left(rekeyed, A).sealing == one
    assert rekeyed.check()
    assert not reopened(database).is_whole()


def test_sealed_vault(database: Database) -> None:
    """Without keys nothing is told and nothing written down."""

    def sealed(_: bytes) -> bytes:
        raise VaultSealed

    catalogue = Catalogue(DatabaseCatalogue(database), sealed)
    for use in (
        lambda: catalogue.entry(A),
        lambda: catalogue.record(A, sealing()),
        lambda: catalogue.forget(A),
        catalogue.begin_anew,
    ):
        with pytest.raises(VaultSealed):
            use()


def test_two_processes(database: Database) -> None:
    """Two that write in turns do not take each other's changes for an attack."""
    one, other = reopened(database), reopened(database)
    for version in range(1, 6):
        one.record(A, sealing(1, version))
        other.record(B, sealing(2, version))
    assert one.check()
    assert other.check()


def test_a_full_disk(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that the disk had no room for is no alarm: the head was not put back by anyone."""
    catalogue.record(A, sealing())
    writing = Direct.writing

    @contextmanager
    def full(self: Direct) -> Iterator[Transaction]:
        with writing(self) as transaction:
            yield transaction
            raise StateUnusable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(Direct, "writing", full)
        for change in (lambda: catalogue.record(B, sealing(2)), catalogue.begin_anew):
            with pytest.raises(StateUnusable):
                change()
    later = sealing(version=2)
    catalogue.record(A, later)
    assert left(catalogue, A).sealing == later
    assert catalogue.check()
    assert catalogue.entry(B) is None
