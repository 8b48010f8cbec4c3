from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jupyter_secure.audit.events import Event, Outcome, Who
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.server import record_looks
from jupyter_secure.server.record_looks import COVERED_SECONDS, RecordLooks, filters_of

HERE = "192.0.2.7"
ASKED: dict[str, str | int | bool] = {"what": "file:*", "limit": 100}
READ = Event("record:read", Outcome.SUCCESS, Who("olga", session="s1"), address=HERE, details=ASKED)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks(clock: Clock) -> RecordLooks:
    return RecordLooks(clock)


@pytest.mark.parametrize(
    ("session", "address", "change", "covered"),
    [
        ("s1", HERE, {}, True),
        ("s1", HERE, {"limit": 20}, True),
        ("s1", HERE, {"limit": 101}, False),
        ("s1", HERE, {"what": "*"}, False),
        ("s1", HERE, {"path": "a.ipynb"}, False),
        ("s1", HERE, {"before": 7}, False),
        ("s2", HERE, {}, False),
        ("s1", "198.51.100.1", {}, False),
    ],
)
def test_the_very_same_look(
    looks: RecordLooks, session: str, address: str, change: dict[str, Any], *, covered: bool
) -> None:
    """An event covers the look that it tells of, and no other query, session or address."""
    assert not looks.covers(session, address, ASKED | change)
    looks.recorded(READ)
    assert looks.covers(session, address, ASKED | change) is covered


@pytest.mark.parametrize(
    "event",
    [
        replace(READ, outcome=Outcome.FAILURE),
        replace(READ, outcome=Outcome.REFUSED),
        replace(READ, action="record:export"),
        replace(READ, who=Who("olga", token="s1")),
        replace(READ, details=ASKED | {"before": 7}),
    ],
)
def test_what_covers_nothing(looks: RecordLooks, event: Event) -> None:
    """What was refused, gave another page, or was a program's covers no look."""
    looks.recorded(event)
    assert not looks.covers("s1", HERE, ASKED)
    assert not looks.covers("s1", HERE, ASKED | {"before": 7})
    assert not looks.covers("", HERE, ASKED)


def test_for_some_minutes(looks: RecordLooks, clock: Clock) -> None:
    """However often it is looked meanwhile, the next event comes when its time is over."""
    looks.recorded(READ)
    for _ in range(10):
        clock.now += COVERED_SECONDS / 10 - 0.001
        assert looks.covers("s1", HERE, ASKED)
    clock.now += 0.01
    assert not looks.covers("s1", HERE, ASKED)


def test_right_after_the_machine_began() -> None:
    """A clock that has only just begun covers nothing either."""
    assert not RecordLooks(lambda: 0.0).covers("s1", HERE, ASKED)


def test_memory_has_an_end(looks: RecordLooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many looks the oldest are forgotten, and leave events again."""
    monkeypatch.setattr(record_looks, "_MOST", 2)
    looks.recorded(READ)
    looks.recorded(replace(READ, who=Who("olga", session="s2")))
    looks.recorded(READ)
    looks.recorded(replace(READ, who=Who("olga", session="s3")))
    assert [looks.covers(f"s{number}", HERE, ASKED) for number in (1, 2, 3)] == [True, False, True]


def test_what_an_event_says() -> None:
    """The event names the filters that were given, and only those."""
    assert filters_of(Wanted()) == {}
    assert filters_of(Wanted(who="bob", since=5)) == {"who": "bob", "since": 5}
