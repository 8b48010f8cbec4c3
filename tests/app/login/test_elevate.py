from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.errors import (
    NotFound,
    TooManyTries,
    VaultSealed,
    WrongCode,
    WrongCredentials,
)
from jupyter_secure.identity.sessions import Session

if TYPE_CHECKING:
    from conftest import Place

HERE = "192.0.2.7"


@pytest.fixture
def session(place: Place) -> Session:
    """Return a session of Alice's; her next code is due."""
    _, session = place.enter()
    place.wait(seconds=30)
    return session


def test_a_login_is_not_elevated(place: Place, session: Session) -> None:
    """A fresh session has to confirm a code of its own before it is elevated."""
    assert place.sessions.elevated_seconds_left(session) == 0


@pytest.mark.parametrize(
    "code",
    [
        lambda place: place.code(),
        lambda place: place.code(steps=1),
        lambda place: place.person("alice").recovery_codes[3],
    ],
    ids=["code", "next code", "recovery code"],
)
def test_elevates_for_ten_minutes(
    place: Place, session: Session, code: Callable[[Place], str]
) -> None:
    """A right code elevates that session, as the next request finds it, for ten minutes."""
    _, elevated = place.elevate(session, code(place))
    assert place.sessions.elevated_seconds_left(elevated) == 600
    assert place.store.by_digest(elevated.id_digest) == elevated
    place.wait(minutes=10)
    assert place.sessions.elevated_seconds_left(elevated) == 0


@pytest.mark.parametrize(
    "code",
    [
        lambda place: place.wrong_code(),
        lambda place: place.code(steps=-1),  # the one that logged in
        lambda place: place.code(steps=-3),
        lambda place: place.code("bob"),
        lambda _: "",
    ],
    ids=["wrong", "used to log in", "old", "another's", "empty"],
)
def test_wrong_code(place: Place, session: Session, code: Callable[[Place], str]) -> None:
    """A wrong, old or used code elevates nothing."""
    with pytest.raises(WrongCode):
        place.elevate(session, code(place))
    assert place.store.by_digest(session.id_digest) == session


def test_code_elevates_once(place: Place, session: Session) -> None:
    """A code that elevated neither elevates again nor logs in."""
    code = place.code()
    _, elevated = place.elevate(session, code)
    with pytest.raises(WrongCode):
        place.elevate(elevated, code)


def test_only_that_session(place: Place, session: Session) -> None:
    """Another session of the same account is not elevated with it."""
    _, other = place.enter()
    place.wait(seconds=30)
    place.elevate(session, place.code())
    assert place.store.by_digest(other.id_digest) == other


def test_strangers_keep_nobody_from_elevating(place: Place, session: Session) -> None:
    """Who is in can confirm a code, however often strangers guess at the account's login."""
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step("alice", "wrong", HERE)
    with pytest.raises(TooManyTries):
        place.log_in.first_step("alice", "wrong", HERE)
    assert place.elevate(session, place.code())[1].elevated_until is not None


def test_a_complete_login_forgets_wrong_tries(place: Place, session: Session) -> None:
    """Only the owner can log in, so that gives the tries back; elevating does not."""
    for _ in range(5):
        with pytest.raises(WrongCode):
            place.elevate(session, place.wrong_code())
    with pytest.raises(TooManyTries):
        place.elevate(session, place.code())
    place.enter()
    place.wait(seconds=30)
    assert place.elevate(session, place.code())[1].elevated_until is not None


def test_right_code_does_not_refill(place: Place, session: Session) -> None:
    """Elevating gives back its own try and forgets no wrong one."""
    for _ in range(4):
        with pytest.raises(WrongCode):
            place.elevate(session, place.wrong_code())
    _, session = place.elevate(session, place.code())
    with pytest.raises(WrongCode):
        place.elevate(session, place.wrong_code())
    with pytest.raises(TooManyTries):
        place.elevate(session, place.wrong_code())


def test_session_that_ended(place: Place, session: Session) -> None:
    """A session that was ended is not elevated, nor brought back."""
    place.enter("bob")
    place.sessions.end(session.public_id)
    with pytest.raises(NotFound):
        place.elevate(session, place.code())
    assert place.store.by_digest(session.id_digest) is None


def test_sealed_vault(place: Place, session: Session) -> None:
    """Without the keys no code can be checked."""
    place.vault.seal()
    with pytest.raises(VaultSealed):
        place.elevate(session, place.code())
