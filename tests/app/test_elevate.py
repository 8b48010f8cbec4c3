from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.errors import NotFound, TooManyTries, VaultSealed, WrongCode
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
    elevated = place.elevate(session, code(place), address=HERE)
    assert place.sessions.elevated_seconds_left(elevated) == 600
    assert place.store.by_digest(session.id_digest) == elevated
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
        place.elevate(session, code(place), address=HERE)
    assert place.store.by_digest(session.id_digest) == session


def test_code_elevates_once(place: Place, session: Session) -> None:
    """A code that elevated neither elevates again nor logs in."""
    code = place.code()
    place.elevate(session, code, address=HERE)
    with pytest.raises(WrongCode):
        place.elevate(session, code, address=HERE)


def test_only_that_session(place: Place, session: Session) -> None:
    """Another session of the same account is not elevated with it."""
    _, other = place.enter()
    place.wait(seconds=30)
    place.elevate(session, place.code(), address=HERE)
    assert place.store.by_digest(other.id_digest) == other


def test_draws_on_the_budget_of_logging_in(place: Place, session: Session) -> None:
    """A stolen session gets no more guesses at the code than a login, counted together."""
    for _ in range(3):
        with pytest.raises(WrongCode):
            place.elevate(session, place.wrong_code(), address=HERE)
    pending = place.log_in.first_step("alice", place.person("alice").password, HERE)
    for _ in range(2):
        with pytest.raises(Exception, match="not right"):
            place.log_in.second_step(pending, place.wrong_code(), HERE, "")
    with pytest.raises(TooManyTries):
        place.elevate(session, place.code(), address=HERE)


def test_right_code_does_not_refill(place: Place, session: Session) -> None:
    """Elevating gives back its own try and forgets no wrong one."""
    for _ in range(4):
        with pytest.raises(WrongCode):
            place.elevate(session, place.wrong_code(), address=HERE)
    place.elevate(session, place.code(), address=HERE)
    with pytest.raises(WrongCode):
        place.elevate(session, place.wrong_code(), address=HERE)
    with pytest.raises(TooManyTries):
        place.elevate(session, place.wrong_code(), address=HERE)


def test_session_that_ended(place: Place, session: Session) -> None:
    """A session that was ended is not elevated, nor brought back."""
    place.enter("bob")
    place.sessions.end(session.public_id)
    with pytest.raises(NotFound):
        place.elevate(session, place.code(), address=HERE)
    assert place.store.by_digest(session.id_digest) is None


def test_sealed_vault(place: Place, session: Session) -> None:
    """Without the keys no code can be checked."""
    place.sessions.end(session.public_id)
    with pytest.raises(VaultSealed):
        place.elevate(session, place.code(), address=HERE)
