"""A clock that jumps an hour back or forth, at every moment of a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_secure.errors import SecureError, TooManyTries, WrongCode, WrongCredentials

if TYPE_CHECKING:
    from conftest import Place

HERE = "192.0.2.7"
HOUR = 3600
BOTH_WAYS = pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forth", "back"])


@BOTH_WAYS
def test_a_half_finished_login_ends(place: Place, jump: int) -> None:
    """Between the steps a jump either way ends the login; it begins again and works."""
    pending = place.log_in.first_step("alice", place.person("alice").password, HERE)
    place.wait(seconds=jump)
    with pytest.raises(WrongCredentials):
        place.log_in.second_step(pending, place.code(), HERE, "")
    place.enter()


@BOTH_WAYS
def test_a_session_ends(place: Place, jump: int) -> None:
    """Neither does a session live longer by a jump back, nor one forth keep the vault open."""
    token, session = place.enter()
    place.wait(seconds=jump)
    assert place.sessions.authenticate(token) is None
    assert place.sessions.sweep() == (session,)
    assert not place.vault.is_open
    place.wait(seconds=-jump)
    assert place.sessions.authenticate(token) is None


@BOTH_WAYS
def test_an_elevation_ends(place: Place, jump: int) -> None:
    """An elevation is not prolonged by a jump, in a session that lives long enough to tell."""
    _, session = place.enter()
    place.wait(seconds=30)
    _, elevated = place.elevate(session, place.code())
    place.wait(seconds=jump)
    assert place.sessions.elevated_seconds_left(elevated) == 0


def test_used_codes_stay_used(place: Place) -> None:
    """Codes that were used before the clock went back an hour do not work when it comes again."""
    place.wait(seconds=HOUR)
    used = place.code()
    place.enter(code=used)
    place.wait(seconds=-HOUR)
    for _ in range(2):
        with pytest.raises(WrongCredentials):
            place.enter()  # an earlier step than the last
        place.wait(seconds=30)
    place.enter(code=place.person("alice").recovery_codes[0])  # the way in that needs no clock
    place.wait(seconds=HOUR - 60)
    with pytest.raises(WrongCredentials):
        place.enter(code=used)


@BOTH_WAYS
def test_a_wait_neither_grows_nor_is_forgotten(place: Place, jump: int) -> None:
    """A jump back locks nobody out for an hour, and gives no fresh budget."""
    password = place.person("alice").password
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step("alice", "wrong", HERE)
    place.wait(seconds=jump)
    with pytest.raises(WrongCredentials):
        place.log_in.first_step("alice", "wrong", HERE)
    with pytest.raises(TooManyTries) as caught:
        place.log_in.first_step("alice", password, HERE)
    assert caught.value.retry_after == 60
    place.wait(seconds=60)
    place.log_in.first_step("alice", password, HERE)


@BOTH_WAYS
def test_nothing_steps_up_after_a_jump(place: Place, jump: int) -> None:
    """With a code of the clock before, in a session of before, nothing is elevated."""
    _, session = place.enter()
    place.wait(seconds=30)
    code = place.code()
    place.wait(seconds=jump)
    with pytest.raises(SecureError) as caught:
        place.elevate(session, code)
    assert isinstance(caught.value, WrongCode)
