from __future__ import annotations

from datetime import datetime, timedelta, timezone

from jupyter_secure.identity import challenges
from jupyter_secure.identity.challenges import Challenges, Purpose
from jupyter_secure.identity.relying_party import RelyingParty

LAB = RelyingParty("lab", "https://lab")


class Time:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


def test_each_is_good_once() -> None:
    """A challenge can be taken once, and two are never the same."""
    kept = Challenges(Time())
    one, other = (kept.make(Purpose.LOG_IN, "", LAB) for _ in range(2))
    assert one.value != other.value
    assert len(one.value) == 32
    assert kept.take(one.value, Purpose.LOG_IN, "") == one
    assert kept.take(one.value, Purpose.LOG_IN, "") is None
    assert kept.take(other.value, Purpose.LOG_IN, "") == other


def test_taken_for_something_else_it_is_gone() -> None:
    """Asked for the wrong session or purpose, it is not given, then or later."""
    kept = Challenges(Time())
    for purpose, bound_to in ((Purpose.ELEVATE, "other"), (Purpose.REGISTER, "session")):
        one = kept.make(Purpose.ELEVATE, "session", LAB)
        assert kept.take(one.value, purpose, bound_to) is None
        assert kept.take(one.value, Purpose.ELEVATE, "session") is None


def test_it_runs_out() -> None:
    """It is good for five minutes, and not before it was made."""
    time = Time()
    kept = Challenges(time)
    for wait, good in ((299, True), (300, False), (-1, False)):
        one = kept.make(Purpose.LOG_IN, "", LAB)
        time.now += timedelta(seconds=wait)
        assert (kept.take(one.value, Purpose.LOG_IN, "") is not None) is good


def test_asking_again_ends_the_question_before() -> None:
    """Of one session's questions for one purpose the newest counts; others' stay."""
    kept = Challenges(Time())
    first = kept.make(Purpose.ELEVATE, "a", LAB)
    others = kept.make(Purpose.ELEVATE, "b", LAB)
    second = kept.make(Purpose.ELEVATE, "a", LAB)
    assert kept.take(first.value, Purpose.ELEVATE, "a") is None
    assert kept.take(others.value, Purpose.ELEVATE, "b") == others
    assert kept.take(second.value, Purpose.ELEVATE, "a") == second


def test_a_flood_pushes_out_strangers_only() -> None:
    """However many strangers ask, memory is bounded, and who is logged in keeps their question."""
    kept = Challenges(Time())
    mine = kept.make(Purpose.ELEVATE, "a", LAB)
    first = kept.make(Purpose.LOG_IN, "", LAB)
    last = [kept.make(Purpose.LOG_IN, "", LAB) for _ in range(challenges.MOST_KEPT)][-1]
    assert len(kept._strangers) == challenges.MOST_KEPT
    assert kept.take(first.value, Purpose.LOG_IN, "") is None
    assert kept.take(last.value, Purpose.LOG_IN, "") == last
    assert kept.take(mine.value, Purpose.ELEVATE, "a") == mine
