from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.history.thinning import Retention, kept
from jupyter_secure.history.version import Kind, Version

NOW = datetime(2030, 6, 15, 12, 0, tzinfo=timezone.utc)
POLICY = Retention()


def version(number: int, age: timedelta, kind: Kind = Kind.AUTOMATIC) -> Version:
    return Version(bytes(16), number, "a.ipynb", "alice", NOW - age, kind, 0, bytes(32))


def numbers(ages: list[timedelta], kind: Kind = Kind.AUTOMATIC) -> list[int]:
    found = [version(len(ages) - at, age, kind) for at, age in enumerate(ages)]
    return [one.number for one in kept(found, POLICY, NOW)]


def test_last_hour() -> None:
    """Everything of the last hour stays."""
    assert len(numbers([timedelta(minutes=minute) for minute in range(0, 61, 2)])) == 31


def test_last_day() -> None:
    """Of the last day, the newest of each hour stays."""
    ages = [timedelta(minutes=90 + 10 * step) for step in range(60)]
    hours = {(NOW - age).strftime("%d %H") for age in ages}
    assert len(numbers(ages)) == len(hours)


def test_last_month() -> None:
    """Of the last month, the newest of each day stays; what is older goes."""
    ages = [timedelta(hours=25 + 6 * step) for step in range(400)]
    days = {(NOW - age).date() for age in ages if age <= POLICY.daily}
    assert len(numbers(ages)) == len(days)


@pytest.mark.parametrize("kind", [Kind.MANUAL, Kind.RESTORED])
def test_by_hand(kind: Kind) -> None:
    """What was saved by hand or put back never goes."""
    assert len(numbers([timedelta(days=day) for day in range(0, 4000, 7)], kind)) == 572


def test_newest() -> None:
    """The newest version stays, however old it is."""
    assert numbers([timedelta(days=900), timedelta(days=901)]) == [2]


def test_future() -> None:
    """A version from the future, which a wrong clock made, stays."""
    assert numbers([timedelta(0), timedelta(days=-3), timedelta(days=-3)]) == [3, 2, 1]


@given(st.lists(st.integers(0, 60 * 24 * 60).map(lambda m: timedelta(minutes=m))).map(sorted))
def test_again(ages: list[timedelta]) -> None:
    """Thinning what was thinned takes nothing more."""
    once = kept([version(9, age) for age in ages], POLICY, NOW)
    assert kept(once, POLICY, NOW) == once


@pytest.mark.parametrize("hours", [(2, 1, 3), (1, 3, 2), (-1, 1, 2)])
def test_senseless(hours: tuple[int, int, int]) -> None:
    """Limits that contradict each other are refused."""
    with pytest.raises(ValueError, match="everything"):
        Retention(*(timedelta(hours=one) for one in hours))
