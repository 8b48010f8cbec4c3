"""A database that fails at each step of a login, and of each change of an account, in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from jupyter_secure.app.login.new_password import NewPassword
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import StateUnusable, WrongKey
from jupyter_secure.identity import totp
from jupyter_secure.identity.passkeys import Passkey
from jupyter_secure.identity.sessions import Session
from jupyter_secure.store import schema
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

if TYPE_CHECKING:
    from conftest import Place

HERE = "192.0.2.7"
NEW = "an otter under Hay bridge"
Work = Callable[["Place", Session], object]
_MOST_STEPS = 12


class Failing:
    """Fails the transaction with that number, and every later one, as a full disk does."""

    def __init__(self, place: Place, number: int) -> None:
        self.left = number
        self._writing = place.database.writing

    @contextmanager
    def writing(self, **options: Any) -> Iterator[Any]:
        if self.left == 0:
            raise StateUnusable("The disk is full.")
        self.left -= 1
        with self._writing(**options) as connection:
            yield connection


def rows(place: Place, table: Any) -> list[tuple[Any, ...]]:
    with place.database.reading() as connection:
        return sorted(tuple(row) for row in connection.execute(select(table)))


def each_failure(place: Place, work: Callable[[], object]) -> Iterator[bool]:
    """Run ``work`` with a database that fails ever later; say each time whether it went through."""
    original = place.database.writing
    for number in range(_MOST_STEPS):
        place.database.writing = Failing(place, number).writing  # type: ignore[method-assign]
        try:
            work()
        except StateUnusable:
            went_through = False
        else:
            went_through = True
        finally:
            place.database.writing = original  # type: ignore[method-assign]
        yield went_through
        if went_through:
            return
        with place.database.writing() as connection:
            connection.execute(schema.attempts.delete())
    raise AssertionError("it never went through")


def test_logging_in(place: Place) -> None:
    """Without its row there is no session, no cookie, and the vault stays sealed."""
    cookies: list[str] = []

    def log_in() -> None:
        place.wait(seconds=30)
        cookies.append(place.enter()[0])

    for went_through in each_failure(place, log_in):
        assert went_through is bool(cookies)
        assert len(place.sessions.live()) == len(cookies)
        assert place.vault.is_open is went_through
    assert place.sessions.authenticate(cookies[0]) is not None


def test_no_key_of_a_login_is_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a login breaks off, the root key that its password gave is wiped."""
    wiped, made = [], []
    opened, wipe = Keyring.open_with_password, RootKey.wipe

    def noted(*args: Any) -> RootKey:
        made.append(opened(*args))
        return made[-1]

    def wiping(root: RootKey) -> None:
        wiped.append(id(root))
        wipe(root)

    monkeypatch.setattr(Keyring, "open_with_password", noted)
    monkeypatch.setattr(RootKey, "wipe", wiping)

    def log_in() -> None:
        place.wait(minutes=10)  # what waited for its code is wiped by now
        place.enter()

    for _ in each_failure(place, log_in):
        pass
    place.wait(minutes=10)
    place.log_in.sweep()
    assert len(made) > 2
    assert {id(root) for root in made} <= set(wiped)


def test_confirming(place: Place) -> None:
    """A session counts as elevated only if its new token was kept."""
    _, session = place.enter()

    def elevate() -> None:
        place.wait(seconds=30)
        place.elevate(session, place.code())

    for went_through in each_failure(place, elevate):
        (kept,) = place.sessions.live()
        assert (place.sessions.elevated_seconds_left(kept) > 0) is went_through
        assert (kept.id_digest == session.id_digest) is not went_through


def test_changing_the_password(place: Place) -> None:
    """There is never a new password beside the sessions of who knew the old one."""
    place.enter()
    place.wait(seconds=30)
    _, session = place.enter()
    held = [place.foundation.keyring]

    def change(function: Callable[[Keyring], Keyring]) -> None:
        held[0] = function(held[0])

    new_password = NewPassword(
        change=change,
        factors=place.factors,
        attempts=place.attempts,
        sessions=place.sessions,
        clock=place.clock,
        profile=OWASP_MINIMUM,
    )
    old, changed = place.person("alice").password, False

    def work() -> None:
        if not changed:
            new_password(session, old, NEW)

    for _ in each_failure(place, work):
        try:
            held[0].open_with_password("alice", NEW).wipe()
            changed = True
        except WrongKey:
            held[0].open_with_password("alice", old).wipe()
        if changed:
            assert [one.public_id for one in place.sessions.live()] == [session.public_id]
    assert changed


def _confirm(place: Place, session: Session) -> None:
    place.wait(seconds=30)
    made = place.enrolments.begin(session)
    place.enrolments.confirm(session, totp.current_code(made.secret, place.now))


def _remove(place: Place, session: Session) -> None:
    place.factors.remove_totp(session)


@pytest.mark.parametrize("work", [_confirm, _remove])
def test_changing_a_factor(place: Place, work: Work) -> None:
    """Factor, generation and sessions change together or not at all."""
    place.enter()
    place.wait(seconds=30)
    _, session = place.enter()
    with place.database.writing() as connection:
        passkey = Passkey(b"k", "k", "alice", "Key", b"sealed", 0, place.now)
        connection.execute(schema.passkeys.insert(), asdict(passkey))
    before = place.accounts.get("alice")
    assert before is not None
    done = False

    def once() -> None:
        if not done:
            work(place, session)

    for _ in each_failure(place, once):
        account = place.accounts.get("alice")
        assert account is not None
        done = account.totp_secret_sealed != before.totp_secret_sealed
        assert (account.generation != before.generation) is done
        assert len(place.sessions.live("alice")) == (1 if done else 2)
    assert done


def test_new_recovery_codes(place: Place) -> None:
    """There are ten at any moment: all of before, or all new."""
    _, session = place.enter()
    before = rows(place, schema.recovery_codes)
    for went_through in each_failure(place, lambda: place.factors.renew_recovery_codes(session)):
        now = rows(place, schema.recovery_codes)
        assert len(now) == len(before)
        assert (now == before) is not went_through
