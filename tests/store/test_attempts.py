from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from jupyter_secure.errors import TooManyTries
from jupyter_secure.identity.throttle import PER_ACCOUNT, Attempts
from jupyter_secure.store import schema
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.database import Database

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def store(database: Database) -> Attempts:
    """Return an empty store."""
    return DatabaseAttempts(database)


def test_counts_and_waits(store: Attempts) -> None:
    """Five tries go through, the sixth waits, and other keys do not."""
    for _ in range(5):
        store.reserve("a", PER_ACCOUNT, NOW)
    with pytest.raises(TooManyTries) as caught:
        store.reserve("a", PER_ACCOUNT, NOW + timedelta(seconds=1))
    assert caught.value.retry_after == 29
    assert store.reserve("b", PER_ACCOUNT, NOW).count == 1
    assert store.reserve("a", PER_ACCOUNT, NOW + timedelta(seconds=30)).count == 6


def test_refund(store: Attempts) -> None:
    """A try that is given back does not count; one of a key that is gone does nothing."""
    for _ in range(20):
        store.refund("a", PER_ACCOUNT, store.reserve("a", PER_ACCOUNT, NOW))
    assert store.reserve("a", PER_ACCOUNT, NOW).count == 1
    reserved = store.reserve("b", PER_ACCOUNT, NOW)
    store.clear("b")
    store.refund("b", PER_ACCOUNT, reserved)
    assert store.reserve("b", PER_ACCOUNT, NOW).count == 1


def test_clear(store: Attempts) -> None:
    """Clearing forgets the tally and the wait of one key."""
    for key in ("a", "b"):
        for _ in range(5):
            store.reserve(key, PER_ACCOUNT, NOW)
    store.clear("a")
    assert store.reserve("a", PER_ACCOUNT, NOW).count == 1
    with pytest.raises(TooManyTries):
        store.reserve("b", PER_ACCOUNT, NOW)


def test_parallel_tries_are_all_counted(store: Attempts) -> None:
    """Of thirty tries at once exactly the five free ones go through."""
    start, through, refused = threading.Barrier(30), [], []

    def run() -> None:
        start.wait()
        try:
            through.append(store.reserve("a", PER_ACCOUNT, NOW).count)
        except TooManyTries as error:
            refused.append(error)

    threads = [threading.Thread(target=run) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(through) == [1, 2, 3, 4, 5]
    assert len(refused) == 25


def test_old_tallies_go(store: Attempts, database: Database) -> None:
    """The table does not grow forever with names that were tried once."""
    for number in range(50):
        store.reserve(f"old {number}", PER_ACCOUNT, NOW)
    store.reserve("new", PER_ACCOUNT, NOW + timedelta(days=8))
    with database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(schema.attempts)).scalar()
    assert count == 1
