from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from jupyter_secure.identity import sessions as rules
from jupyter_secure.identity.sessions import Session, SessionPolicy

BEGAN = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
POLICY = SessionPolicy(idle_minutes=60, max_hours=12, elevation_minutes=10)


def minutes(count: float) -> timedelta:
    """Return that many minutes."""
    return timedelta(minutes=count)


SESSION = Session(
    id_digest=b"d" * 32,
    public_id="one",
    username="alice",
    created_at=BEGAN,
    last_seen_at=BEGAN,
    elevated_until=None,
    address="127.0.0.1",
    user_agent="",
    run_id="run",
)


@pytest.mark.parametrize(
    ("seen", "now", "left"),
    [
        (0, 0, 3600),
        (0, 59, 60),
        (0, 60, 0),
        (30, 60, 1800),
        (700, 719, 60),  # the absolute limit comes first
        (719, 720, 0),
        (719, 10_000, 0),
        (0, -1, 3660),  # a small step back by NTP ends nothing
        (0, -3, 0),  # a clock that was set back does
        (30, 27, 0),
    ],
)
def test_limits(seen: int, now: int, left: int) -> None:
    """A session ends by the idle or the absolute limit, or when the clock is set back."""
    session = replace(SESSION, last_seen_at=BEGAN + minutes(seen))
    moment = BEGAN + minutes(now)
    assert rules.seconds_left(session, POLICY, moment) == left
    assert rules.is_live(session, POLICY, moment) is (left > 0)


@pytest.mark.parametrize(
    ("until", "now", "left"),
    [
        (None, 0, 0),
        (10, 0, 600),
        (10, 9.999, 1),
        (10, 10, 0),
        (10, 11, 0),
        (10, -1, 660),
        (10, -5, 0),  # set back: would last longer than the policy allows
    ],
)
def test_elevation(until: float | None, now: float, left: int) -> None:
    """Elevation ends after its minutes, and a clock that is set back does not prolong it."""
    elevated_until = None if until is None else BEGAN + minutes(until)
    session = replace(SESSION, elevated_until=elevated_until)
    assert rules.elevated_seconds_left(session, POLICY, BEGAN + minutes(now)) == left


@pytest.mark.parametrize("value", [0, -1, float("nan")])
@pytest.mark.parametrize("limit", ["idle_minutes", "max_hours", "elevation_minutes"])
def test_limits_are_positive(limit: str, value: float) -> None:
    """A limit that is not more than zero is refused: nobody should read it as "never"."""
    with pytest.raises(ValueError, match="positive"):
        SessionPolicy(**{limit: value})


def test_tokens() -> None:
    """A token holds 256 random bits, and only its SHA-256 is kept."""
    tokens = {rules.new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}
    token = tokens.pop()
    assert rules.digest_token(token) == hashlib.sha256(token.encode()).digest()


def test_no_device_is_trusted_unless_asked() -> None:
    """Trusting devices is off by default, and for less than no time it cannot be."""
    assert SessionPolicy().trusted_device_days == 0
    with pytest.raises(ValueError, match="less than no time"):
        SessionPolicy(trusted_device_days=-1)


@pytest.mark.parametrize(
    ("seconds", "alive"), [(-1, False), (0, True), (19.9, True), (20, False), (3600, False)]
)
def test_the_grace_after_a_step_up(seconds: float, *, alive: bool) -> None:
    """The token of before is good for twenty seconds, and not before its time."""
    now = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)
    session = Session(
        b"new", "s", "alice", now, now, None, "::1", "x", "run", b"old", now - timedelta(hours=1)
    )
    later = now + timedelta(seconds=seconds)
    assert rules.in_grace(replace(session, rotated_at=now), later) is alive
    assert not rules.in_grace(replace(session, rotated_at=None), later)
    assert not rules.is_superseded(session)
    assert rules.is_superseded(replace(session, id_digest=b"old"))
