from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from jupyter_secure.errors import (
    ElevationRequired,
    Locked,
    PassphraseRequired,
    Refused,
    SecureError,
)
from jupyter_secure.locks import (
    NOBODY,
    Actor,
    Lock,
    LockMode,
    check_move_or_delete,
    check_read,
    check_relock,
    check_unlock,
    check_write,
)

WHEN = datetime(2030, 1, 1, tzinfo=timezone.utc)
PRIVATE = Lock("a.ipynb", b"f" * 16, LockMode.PRIVATE, "alice", WHEN)
SEALED = Lock("a.ipynb", b"f" * 16, LockMode.SEALED, "alice", WHEN)
READ_ONLY = Lock("a.ipynb", b"f" * 16, LockMode.READ_ONLY, "alice", WHEN)

OWNER = Actor("alice", elevated=False)
ELEVATED = Actor("alice", elevated=True)
OTHER = Actor("bob", elevated=True)
OPEN = Actor("alice", elevated=False, has_passphrase=True)
OTHER_OPEN = Actor("bob", elevated=False, has_passphrase=True)
ANYONE = [OWNER, ELEVATED, OTHER, NOBODY]

Outcome = type[SecureError] | None


def outcome(check: Callable[[], None]) -> Outcome:
    """Return the exact class of what is raised, or ``None``."""
    try:
        check()
    except SecureError as error:
        return type(error)
    return None


@pytest.mark.parametrize("actor", ANYONE)
@pytest.mark.parametrize("check", [check_read, check_write, check_move_or_delete])
def test_unlocked(check: Callable[[Lock | None, Actor], None], actor: Actor) -> None:
    """Without a lock nothing is withheld."""
    check(None, actor)


@pytest.mark.parametrize(
    ("lock", "actor", "read", "change", "unlock"),
    [
        (PRIVATE, OWNER, ElevationRequired, ElevationRequired, ElevationRequired),
        (PRIVATE, ELEVATED, None, None, None),
        (PRIVATE, OTHER, Locked, Locked, Refused),
        (PRIVATE, NOBODY, Locked, Locked, Refused),
        (SEALED, ELEVATED, PassphraseRequired, PassphraseRequired, PassphraseRequired),
        (SEALED, OPEN, None, None, None),
        (SEALED, OTHER, PassphraseRequired, PassphraseRequired, Refused),
        (SEALED, OTHER_OPEN, None, None, Refused),
        (SEALED, NOBODY, PassphraseRequired, PassphraseRequired, Refused),
        (READ_ONLY, OWNER, None, Locked, None),
        (READ_ONLY, ELEVATED, None, Locked, None),
        (READ_ONLY, OTHER, None, Locked, Refused),
        (READ_ONLY, NOBODY, None, Locked, Refused),
    ],
)
def test_rules(lock: Lock, actor: Actor, read: Outcome, change: Outcome, unlock: Outcome) -> None:
    """Each lock lets each person do exactly this."""
    assert outcome(lambda: check_read(lock, actor)) is read
    assert outcome(lambda: check_write(lock, actor)) is change
    # What nobody can open any more, its owner can still put away.
    puts_away = lock is SEALED and actor.username == lock.owner
    assert outcome(lambda: check_move_or_delete(lock, actor)) is (None if puts_away else change)
    assert outcome(lambda: check_unlock(lock, actor)) is unlock


@pytest.mark.parametrize(
    ("lock", "mode", "actor", "expected"),
    [
        (None, LockMode.PRIVATE, OWNER, None),
        (None, LockMode.READ_ONLY, OWNER, None),
        (READ_ONLY, LockMode.PRIVATE, OWNER, None),
        (PRIVATE, LockMode.PRIVATE, OWNER, None),
        (PRIVATE, LockMode.READ_ONLY, OWNER, ElevationRequired),
        (PRIVATE, LockMode.READ_ONLY, ELEVATED, None),
        (PRIVATE, LockMode.READ_ONLY, OTHER, Refused),
        (PRIVATE, LockMode.SEALED, OWNER, ElevationRequired),
        (READ_ONLY, LockMode.SEALED, OWNER, None),
        (SEALED, LockMode.SEALED, ELEVATED, PassphraseRequired),
        (SEALED, LockMode.PRIVATE, ELEVATED, PassphraseRequired),
        (SEALED, LockMode.PRIVATE, OPEN, None),
        (SEALED, LockMode.PRIVATE, OTHER_OPEN, Refused),
    ],
)
def test_changing_the_mode(
    lock: Lock | None, mode: LockMode, actor: Actor, expected: Outcome
) -> None:
    """Making a private file readable takes what unlocking it takes."""
    assert outcome(lambda: check_relock(lock, mode, actor)) is expected


@pytest.mark.parametrize(
    ("check", "lock", "actor"),
    [
        (check_read, PRIVATE, OTHER),
        (check_read, PRIVATE, OWNER),
        (check_read, SEALED, OWNER),
        (check_write, READ_ONLY, OWNER),
        (check_unlock, READ_ONLY, OTHER),
    ],
)
def test_refusals_explain_themselves(
    check: Callable[[Lock, Actor], None], lock: Lock, actor: Actor
) -> None:
    """A refusal names the file, says why, and what to do."""
    with pytest.raises(SecureError, match=r"a\.ipynb") as caught:
        check(lock, actor)
    assert caught.value.why
    assert caught.value.remedy
