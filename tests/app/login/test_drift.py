from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_secure.errors import TooManyTries, WrongCode, WrongCredentials
from jupyter_secure.identity.sessions import Session

if TYPE_CHECKING:
    from conftest import Place


@pytest.fixture
def session(place: Place) -> Session:
    """Return a session of Alice's; her next code is due."""
    _, session = place.enter()
    place.wait(seconds=30)
    return session


@pytest.mark.parametrize(
    ("steps", "words"),
    [(2, "about 1 minute:"), (-2, "about 1 minute:"), (10, "5 minutes"), (-20, "10 minutes")],
)
def test_who_is_in_is_told_of_a_wrong_clock(
    place: Place, session: Session, steps: int, words: str
) -> None:
    """A code of some minutes away elevates nothing and says by how much the clock is off."""
    with pytest.raises(WrongCode, match=words) as caught:
        place.elevate(session, place.code(steps=steps))
    assert caught.value.clock_off_seconds == steps * 30
    assert place.drift.offset("alice") == steps * 30
    place.elevate(session, place.code())
    assert place.drift.offset("alice") is None


@pytest.mark.parametrize("steps", [-21, 21, 1000])
def test_farther_off_is_merely_wrong(place: Place, session: Session, steps: int) -> None:
    """Of a code that is right at no time near now nothing is told."""
    with pytest.raises(WrongCode) as caught:
        place.elevate(session, place.code(steps=steps))
    assert caught.value.clock_off_seconds is None


def test_a_used_code_is_merely_wrong(place: Place, session: Session) -> None:
    """A code of now that was used already tells of no clock that is wrong."""
    _, session = place.elevate(session, place.code(steps=1))
    with pytest.raises(WrongCode) as caught:
        place.elevate(session, place.code(steps=1))
    assert caught.value.clock_off_seconds is None


def test_a_login_is_not_told(place: Place) -> None:
    """At the login a code of another minute is as wrong as any: a stranger learns nothing."""
    with pytest.raises(WrongCredentials) as caught:
        place.enter(code=place.code(steps=6))
    assert str(caught.value) == str(WrongCredentials())


def test_what_was_told_is_worth_nothing_later(place: Place, session: Session) -> None:
    """A guess that hit a code to come is refused when its time has come, here and at the login."""
    told = place.code(steps=6)
    with pytest.raises(WrongCode, match="3 minutes"):
        place.elevate(session, told)
    place.wait(minutes=3)
    assert place.code() == told
    with pytest.raises(WrongCode) as caught:
        place.elevate(session, told)
    assert caught.value.clock_off_seconds is None
    with pytest.raises(WrongCredentials):
        place.enter(code=told)
    place.elevate(session, place.code(steps=1))


def test_being_told_counts_as_a_try(place: Place, session: Session) -> None:
    """Whoever asks by guessing runs out of tries as with any wrong code."""
    for _ in range(5):
        with pytest.raises(WrongCode):
            place.elevate(session, place.code(steps=4))
    with pytest.raises(TooManyTries):
        place.elevate(session, place.code())
