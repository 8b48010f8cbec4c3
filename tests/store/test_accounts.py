from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from jupyter_secure.errors import Conflict
from jupyter_secure.identity.accounts import Account, AccountStore
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.database import Database

ALICE = Account(
    username="alice",
    display_name="Alice Ü",
    totp_secret_sealed=b"\x00sealed",
    totp_last_step=-1,
    confirmed=False,
    created_at=datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=timezone.utc),
)
DIGESTS = (b"1" * 32, b"2" * 32)


@pytest.fixture
def store(database: Database) -> AccountStore:
    """Return a store that holds Alice."""
    store = DatabaseAccounts(database)
    store.add(ALICE, DIGESTS)
    return store


def in_parallel(count: int, work: Callable[[], bool]) -> list[bool]:
    """Run ``work`` in that many threads at once; return what each answered."""
    start, answers = threading.Barrier(count), []

    def run() -> None:
        start.wait()
        answers.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_round_trip(store: AccountStore) -> None:
    """An account comes back as it was kept; a name nobody has gives none."""
    assert store.get("alice") == ALICE
    assert store.get("bob") is None
    assert store.list() == (ALICE,)


def test_a_name_is_taken_once(store: AccountStore) -> None:
    """A second account of that name is refused, and takes neither codes nor place."""
    with pytest.raises(Conflict, match="alice"):
        store.add(ALICE, [b"3" * 32])
    assert store.remaining_recovery_codes("alice") == 2
    assert not store.use_recovery_code("alice", b"3" * 32)


@pytest.mark.parametrize(
    ("steps", "accepted"),
    [
        ([5, 5], [True, False]),
        ([6, 5], [True, False]),
        ([5, 6, 6, 5], [True, True, False, False]),
        ([0, 1], [True, True]),
    ],
)
def test_steps_only_go_up(store: AccountStore, steps: list[int], accepted: list[bool]) -> None:
    """A time step is accepted once, and none before it afterwards."""
    assert [store.accept_step("alice", step) for step in steps] == accepted


def test_accepting_confirms(store: AccountStore) -> None:
    """The first accepted code confirms the enrolment; a refused one changes nothing."""
    assert store.accept_step("alice", 7)
    account = store.get("alice")
    assert account is not None
    assert (account.confirmed, account.totp_last_step) == (True, 7)
    assert not store.accept_step("alice", 6)
    assert store.get("alice") == account


def test_nobodys_step(store: AccountStore) -> None:
    """No step of an unknown account is accepted."""
    assert not store.accept_step("bob", 5)


def test_recovery_code_works_once(store: AccountStore) -> None:
    """A recovery code works once, for its account only."""
    assert not store.use_recovery_code("bob", DIGESTS[0])
    assert store.use_recovery_code("alice", DIGESTS[0])
    assert not store.use_recovery_code("alice", DIGESTS[0])
    assert store.remaining_recovery_codes("alice") == 1
    assert store.remaining_recovery_codes("bob") == 0


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.accept_step("alice", 5),
        lambda store: store.use_recovery_code("alice", DIGESTS[0]),
    ],
    ids=["step", "recovery code"],
)
def test_exactly_one_of_many(store: AccountStore, use: Callable[[AccountStore], bool]) -> None:
    """Of twenty threads that use the same code at once, one is let in."""
    assert sorted(in_parallel(20, lambda: use(store))) == [False] * 19 + [True]
