"""Who hears that the record has grown, and how often."""

from __future__ import annotations

import asyncio
import threading

import pytest

from jupyter_secure.audit.events import Event, Outcome, Who
from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.server import record_news
from jupyter_secure.server.record_news import GROWN, RecordNews


class Page:
    """A page that listens; ``broken`` ones cannot be told."""

    def __init__(self, *, broken: bool = False) -> None:
        self.heard: list[str] = []
        self._broken = broken

    def tell(self, event: str) -> None:
        if self._broken:
            raise RuntimeError("closed")
        self.heard.append(event)


class Place:
    """Three accounts, each with a page."""

    def __init__(self) -> None:
        self.roles: dict[str, Role] = {
            "olga": Role.OWNER,
            "ann": Role.AUDITOR,
            "bob": Role.EDITOR,
        }
        self.news = RecordNews(self.rights_of)
        self.pages = {name: Page() for name in self.roles}

    def rights_of(self, username: str) -> frozenset[Right] | None:
        if username == "broken":
            raise StateUnusable("The state cannot be read.", remedy="Check the disk.")
        role = self.roles.get(username)
        return None if role is None else role.rights

    def open(self) -> None:
        for name, page in self.pages.items():
            self.news.follow(name, page)

    def heard(self) -> dict[str, int]:
        return {name: len(page.heard) for name, page in self.pages.items()}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(record_news, "_SETTLE_SECONDS", 0.01)
    monkeypatch.setattr(record_news, "_EVERY_SECONDS", 0.02)
    return Place()


def run(place: Place, *events: Event) -> dict[str, int]:
    """Record events on another thread, as the recorder does; return who was told how often."""

    async def story() -> None:
        place.open()
        thread = threading.Thread(target=lambda: [place.news.recorded(one) for one in events])
        thread.start()
        await asyncio.sleep(0.1)
        thread.join()

    asyncio.run(story())
    return place.heard()


def by(username: str, action: str = "file:save", outcome: Outcome = Outcome.SUCCESS) -> Event:
    return Event(action, outcome, Who(username=username))


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (by("bob"), {"olga": 1, "ann": 1, "bob": 1}),
        (by("olga"), {"olga": 1, "ann": 1, "bob": 0}),
        (by(""), {"olga": 1, "ann": 1, "bob": 0}),
        (by("bob", "request:read", Outcome.REFUSED), {"olga": 1, "ann": 1, "bob": 1}),
    ],
)
def test_only_who_may_see_it_hears(place: Place, event: Event, told: dict[str, int]) -> None:
    """An owner and an auditor hear of everything, others of what they did themselves."""
    assert run(place, event) == told
    assert place.pages["olga"].heard == [GROWN]


@pytest.mark.parametrize(
    "event",
    [
        by("olga", "record:read"),
        by("olga", "record:read", Outcome.FAILURE),
        by("olga", "record:read", Outcome.REFUSED),
        by("olga", "request:read"),
    ],
)
def test_a_look_at_the_record_calls_for_no_other(place: Place, event: Event) -> None:
    """What a page asks because it heard, and how that came out, tells nobody anything."""
    assert set(run(place, event).values()) == {0}


def test_many_events_are_told_once(place: Place) -> None:
    """A thousand at a time are one word to each page."""
    assert run(place, *[by("bob")] * 1000) == {"olga": 1, "ann": 1, "bob": 1}


def test_rights_are_judged_when_it_is_told(place: Place) -> None:
    """A page that was opened by an auditor hears nothing once they are none any more."""

    async def story() -> None:
        place.open()
        place.roles["ann"] = Role.VIEWER
        del place.roles["bob"]
        place.news.recorded(by("bob"))
        await asyncio.sleep(0.1)

    asyncio.run(story())
    assert place.heard() == {"olga": 1, "ann": 0, "bob": 0}


def test_one_broken_page_keeps_nothing_from_the_others(place: Place) -> None:
    """A page that is gone, or an account that cannot be read, is passed over."""

    async def story() -> None:
        gone = Page(broken=True)
        place.news.follow("olga", gone)
        unreadable = Page()
        place.news.follow("broken", unreadable)
        place.open()
        place.news.recorded(by("olga"))
        await asyncio.sleep(0.1)
        assert unreadable.heard == []

    asyncio.run(story())
    assert place.heard() == {"olga": 1, "ann": 1, "bob": 0}


def test_nobody_listens(place: Place) -> None:
    """Events before the first page, and after the end of the loop, fail nothing."""
    place.news.recorded(by("bob"))
    run(place)
    place.news.recorded(by("bob"))
    assert set(place.heard().values()) == {0}
