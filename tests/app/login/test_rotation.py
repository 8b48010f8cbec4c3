from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.errors import Conflict, NotFound
from jupyter_secure.identity import totp
from jupyter_secure.identity.sessions import GRACE

if TYPE_CHECKING:
    from conftest import Place

InParallel = Callable[[int, Callable[[], object]], list[object]]


def test_a_step_up_changes_the_token(place: Place) -> None:
    """An elevated session has another token; the one before finds it un-elevated, then nothing."""
    old, session = place.enter()
    place.wait(seconds=30)
    new, elevated = place.elevate(session, place.code())
    assert new != old
    assert place.sessions.authenticate(new) == elevated
    assert place.sessions.elevated_seconds_left(elevated) == 600
    before = place.sessions.authenticate(old)
    assert before is not None
    assert before.public_id == session.public_id
    assert place.sessions.elevated_seconds_left(before) == 0
    place.now += GRACE
    assert place.sessions.authenticate(old) is None
    assert place.sessions.authenticate(new) == elevated


def test_the_grace_is_not_renewed_by_a_clock_set_back(place: Place) -> None:
    """A clock that goes back before the step up does not give the old token a second life."""
    old, session = place.enter()
    place.wait(seconds=30)
    new, _ = place.sessions.rotate(session)
    place.wait(seconds=-10)
    assert place.sessions.authenticate(old) is None
    assert place.sessions.authenticate(new) is not None


def test_only_the_last_token_has_a_grace(place: Place) -> None:
    """After two steps up the first token is dead at once."""
    first, session = place.enter()
    second, session = place.sessions.rotate(session)
    place.sessions.rotate(session)
    assert place.sessions.authenticate(first) is None
    assert place.sessions.authenticate(second) is not None


def test_the_old_token_steps_up_no_more(place: Place) -> None:
    """What holds the token of before can neither elevate nor change a factor, code or not."""
    old, session = place.enter()
    place.wait(seconds=30)
    place.sessions.rotate(session)
    before = place.sessions.authenticate(old)
    assert before is not None
    code = place.code()
    for work in (
        lambda: place.elevate(before, code),
        lambda: place.sessions.rotate(before),
        lambda: place.factors.changed(before),
        lambda: place.factors.remove_totp(before),
        lambda: place.enrolments.begin(before),
        lambda: place.enrolments.confirm(before, code),
    ):
        with pytest.raises(Conflict):
            work()
    place.enter(code=code)  # which was not used up


def test_of_parallel_rotations_one_counts(place: Place, in_parallel: InParallel) -> None:
    """However many step up at once from one token, one gets the new one, and it works."""
    _, session = place.enter()
    outcomes = in_parallel(12, lambda: place.sessions.rotate(session))
    won = [one for one in outcomes if isinstance(one, tuple)]
    assert len(won) == 1
    assert [type(one) for one in outcomes].count(Conflict) == 11
    assert place.sessions.authenticate(won[0][0]) == won[0][1]


def test_a_session_that_ended_is_not_brought_back(place: Place) -> None:
    """Neither its token nor a new one finds a session that was ended meanwhile."""
    token, session = place.enter()
    place.store.remove(session.public_id)
    with pytest.raises(NotFound):
        place.sessions.rotate(session)
    assert place.sessions.authenticate(token) is None


def test_rotating_neither_elevates_nor_lowers(place: Place) -> None:
    """The elevation goes with the session to its new token, and none is made."""
    _, session = place.enter()
    assert place.sessions.rotate(session)[1].elevated_until is None
    place.wait(seconds=30)
    _, other = place.enter()
    _, elevated = place.sessions.elevate(other)
    _, rotated = place.sessions.rotate(elevated)
    assert rotated.elevated_until == elevated.elevated_until


def test_ending_the_others_keeps_one(place: Place) -> None:
    """All sessions of an account end but the one that says so."""
    mine, session = place.enter()
    place.wait(seconds=30)
    other, _ = place.enter()
    bobs, _ = place.enter("bob")
    ended = place.sessions.end_all("alice", keep=session.public_id)
    assert len(ended) == 1
    assert place.sessions.authenticate(other) is None
    assert place.sessions.authenticate(mine) is not None
    assert place.sessions.authenticate(bobs) is not None


@pytest.mark.parametrize("end", [True, False], ids=["ended", "stepped up"])
def test_what_waited_meanwhile_changes_nothing(place: Place, *, end: bool) -> None:
    """A request of a session that ended, or got another token, while it waited does nothing.

    An attacker who is elevated may have it wait behind many logins.
    """
    _, session = place.enter()
    place.wait(seconds=30)
    place.enrolments.begin(session)
    new = totp.current_code(place.enrolments.begin(session).secret, place.now)
    if end:
        place.enter("bob")  # the vault stays open
        place.sessions.end(session.public_id)
    else:
        place.sessions.rotate(session)
    code, before = place.code(), place.accounts.get("alice")
    for work in (
        lambda: place.elevate(session, code),
        lambda: place.factors.changed(session),
        lambda: place.factors.remove_totp(session),
        lambda: place.enrolments.begin(session),
        lambda: place.enrolments.confirm(session, new),
    ):
        with pytest.raises(NotFound if end else Conflict):
            work()
    assert place.accounts.get("alice") == before
    place.enter(code=code)  # which was not used up
