"""Whom JupyterHub has let in, and for how long."""

from __future__ import annotations

import pytest

from jupyter_secure.app.login.visitors import UNANSWERED_SECONDS, Visitor, Visitors

MAX_HOURS = 12.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitors(clock: Clock) -> Visitors:
    return Visitors(MAX_HOURS, clock)


def arrive(visitors: Visitors) -> tuple[str, Visitor]:
    return visitors.arrive("alice", "alice", "a proof")


def test_found_by_token_only(visitors: Visitors) -> None:
    """A visitor is found by the cookie's token, whole, and by nothing else."""
    token, visitor = arrive(visitors)
    assert visitors.find(token) is visitor
    for other in ("", None, token[:-1], token + "x", "x" * 10_000, "a proof"):
        assert visitors.find(other) is None


def test_only_visitors_begin_sessions(visitors: Visitors) -> None:
    """A session counts if a visitor began it, and for no longer than they stay."""
    _, visitor = arrive(visitors)
    assert not visitors.vouches_for("one")
    assert visitors.begin(visitor, "one")
    assert visitors.vouches_for("one")
    assert visitors.of_session("one") is visitor
    assert not visitors.vouches_for("two")
    assert visitors.leave(visitor) == {"one"}
    assert not visitors.vouches_for("one")
    assert not visitors.begin(visitor, "two")


def test_stranger(visitors: Visitors) -> None:
    """Someone who never arrived begins nothing."""
    assert not visitors.begin(Visitor("eve", "alice", "", b"", 1000.0, 1000.0), "one")
    assert not visitors.vouches_for("one")


def test_the_hub_is_silent(visitors: Visitors, clock: Clock) -> None:
    """Without an answer of the Hub's a visitor stays for five minutes, and not longer."""
    token, visitor = arrive(visitors)
    visitors.begin(visitor, "one")
    clock.now += UNANSWERED_SECONDS - 1
    assert visitors.vouches_for("one")
    visitors.vouched(visitor)
    clock.now += UNANSWERED_SECONDS - 1
    assert visitors.vouches_for("one")
    assert not visitors.overdue()
    clock.now += 1
    assert not visitors.vouches_for("one")
    assert visitors.find(token) is None
    assert visitors.overdue() == (visitor,)


def test_longest_stay(visitors: Visitors, clock: Clock) -> None:
    """However often the Hub says yes, after the longest session one logs in there again."""
    token, visitor = arrive(visitors)
    for _ in range(int(MAX_HOURS * 3600 / 60)):
        assert visitors.find(token) is visitor
        clock.now += 60
        visitors.vouched(visitor)
    assert visitors.find(token) is None
    assert not visitors.begin(visitor, "one")


def test_ended_sessions_are_forgotten(visitors: Visitors) -> None:
    """After a session has ended its visitor may begin another."""
    token, visitor = arrive(visitors)
    visitors.begin(visitor, "one")
    visitors.forget_sessions({"one"})
    assert not visitors.vouches_for("one")
    assert visitors.find(token) is visitor
    assert visitors.begin(visitor, "two")


def test_many_arrivals(visitors: Visitors) -> None:
    """Browsers that come and go do not fill the memory, and push out nobody who works."""
    _, at_work = arrive(visitors)
    visitors.begin(at_work, "one")
    for _ in range(1000):
        arrive(visitors)
    assert len(visitors.present()) <= 201
    assert visitors.vouches_for("one")


def test_nothing_secret_is_shown() -> None:
    """What is logged of a visitor holds no token of the Hub's."""
    assert "hubs-token" not in repr(Visitor("alice", "alice", "hubs-token", b"", 0.0, 0.0))
