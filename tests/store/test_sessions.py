from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.sessions import Session, SessionStore
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.database import Database
from jupyter_secure.store.sessions import DatabaseSessions

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


def session(name: str, **changes: object) -> Session:
    """Return a session of Alice's."""
    whole = Session(
        id_digest=name.encode().ljust(32),
        public_id=name,
        username="alice",
        created_at=NOW,
        last_seen_at=NOW,
        elevated_until=None,
        address="192.0.2.7",
        user_agent="Mozilla/5.0 “ü”",
        run_id="run",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # the names are checked at run time


@pytest.fixture
def store(database: Database) -> SessionStore:
    """Return an empty store; Alice has an account."""
    DatabaseAccounts(database).add(Account("alice", "Alice", b"x", -1, True, NOW), ())
    return DatabaseSessions(database)


def test_round_trip(store: SessionStore) -> None:
    """A session comes back as it was kept, elevated or not; another digest finds none."""
    one = session("one")
    two = session("two", elevated_until=NOW + timedelta(minutes=10))
    store.add(one)
    store.add(two)
    assert store.by_digest(one.id_digest) == one
    assert store.by_digest(two.id_digest) == two
    assert store.by_digest(b"?" * 32) is None


def test_runs_are_apart(store: SessionStore) -> None:
    """The sessions of one run are listed oldest first, without those of another."""
    later = session("later", created_at=NOW + timedelta(seconds=1))
    for one in (later, session("first"), session("other", run_id="another")):
        store.add(one)
    assert [one.public_id for one in store.of_run("run")] == ["first", "later"]


def test_touch(store: SessionStore) -> None:
    """Being seen moves the time forward and notes the address; it never moves it back."""
    store.add(session("one"))
    later = NOW + timedelta(minutes=5)
    assert store.touch("one", later, "192.0.2.8")
    assert not store.touch("one", NOW, "192.0.2.9")
    (found,) = store.of_run("run")
    assert (found.last_seen_at, found.address) == (later, "192.0.2.8")


def test_elevate(store: SessionStore) -> None:
    """Elevation is kept with its session and no other."""
    store.add(session("one"))
    store.add(session("two"))
    until = NOW + timedelta(minutes=10)
    assert store.elevate("one", until)
    found = {one.public_id: one.elevated_until for one in store.of_run("run")}
    assert found == {"one": until, "two": None}


def test_what_is_gone_stays_gone(store: SessionStore) -> None:
    """A removed session is found by nothing and brought back by nothing."""
    store.add(session("one"))
    assert store.remove("one")
    assert not store.remove("one")
    assert not store.touch("one", NOW, "")
    assert not store.elevate("one", NOW)
    assert store.by_digest(session("one").id_digest) is None


def test_remove_created_before(store: SessionStore) -> None:
    """Old sessions of every run go, the others stay."""
    store.add(session("old", created_at=NOW - timedelta(hours=13), run_id="killed"))
    store.add(session("new", run_id="another server"))
    assert store.remove_created_before(NOW - timedelta(hours=12)) == 1
    assert [one.public_id for one in store.of_run("another server")] == ["new"]
    assert store.of_run("killed") == ()


def test_what_another_process_changes_counts_at_once(tmp_path: Path) -> None:
    """A session that somebody else ended is not found at the next look, nor an account as it was.

    Both are asked for at every request, and kept in memory between two changes.
    """
    path = tmp_path / "state.db"
    with closing(Database.create(path)) as database, closing(Database.open(path)) as other:
        accounts, others = DatabaseAccounts(database), DatabaseAccounts(other)
        accounts.add(Account("alice", "Alice", b"x", -1, True, NOW), ())
        kept, ending = DatabaseSessions(database), DatabaseSessions(other)
        for name in ("one", "two"):
            kept.add(session(name))
        assert kept.by_digest(session("one").id_digest) == session("one")
        assert kept.by_digest(session("two").id_digest) == session("two")
        found = accounts.get("alice")
        assert found is not None
        assert found.totp_last_step == -1
        assert ending.elevate("two", NOW) is not None
        assert kept.by_digest(session("two").id_digest) == session("two", elevated_until=NOW)
        assert ending.remove("one")
        assert kept.by_digest(session("one").id_digest) is None
        assert others.accept_step("alice", 7)
        found = accounts.get("alice")
        assert found is not None
        assert found.totp_last_step == 7
