from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

from jupyter_secure.app.login import sealing

if TYPE_CHECKING:
    from conftest import Place


class Unfinished:
    """Something that needs the keys for as long as a test wants it to."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.found_open: list[bool] = []
        place.sessions.sealing.unfinished = lambda: True
        place.sessions.sealing.finish = self.finish

    def finish(self) -> None:
        self.begun.set()
        assert self.go_on.wait(30)
        self.found_open.append(self.place.vault.is_open)


@pytest.fixture
def unfinished(place: Place) -> Unfinished:
    return Unfinished(place)


def test_nothing_unfinished(place: Place) -> None:
    """Where nothing needs the keys any more, they go with the last session."""
    _, session = place.enter()
    place.sessions.sealing.finish = lambda: pytest.fail("nothing is unfinished")
    place.sessions.end(session.public_id)
    assert not place.vault.is_open
    place.sessions.sealing.wait()


@pytest.mark.parametrize("how", ["end", "end_all", "sweep"])
def test_nobody_waits(place: Place, unfinished: Unfinished, how: str) -> None:
    """What ends the last session ends it at once; the keys go when what needs them is done."""
    token, session = place.enter()

    async def end() -> None:
        if how == "end":
            place.sessions.end(session.public_id)
        elif how == "end_all":
            place.sessions.end_all()
        else:
            place.wait(hours=13)
            place.sessions.sweep()

    # On an event loop, which would stand still here.
    asyncio.run(end())
    assert place.sessions.authenticate(token) is None
    assert place.vault.is_open
    place.sessions.sweep()  # which finds it under way
    unfinished.go_on.set()
    place.sessions.sealing.wait()
    assert unfinished.found_open == [True]
    assert not place.vault.is_open


def test_what_is_unfinished_fails(place: Place) -> None:
    """The keys go also where what still needed them ends with an error."""

    def fail() -> NoReturn:
        raise OSError

    place.sessions.sealing.unfinished = lambda: True
    place.sessions.sealing.finish = fail
    _, session = place.enter()
    place.sessions.end(session.public_id)
    place.sessions.sealing.wait()
    assert not place.vault.is_open


def test_no_thread_is_left(
    place: Place, unfinished: Unfinished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread can be had, as at the end of a process, it is done there and then."""

    class NoThread(threading.Thread):
        def start(self) -> NoReturn:
            raise RuntimeError

    monkeypatch.setattr(sealing.threading, "Thread", NoThread)
    unfinished.go_on.set()
    _, session = place.enter()
    place.sessions.end(session.public_id)
    assert unfinished.found_open == [True]
    assert not place.vault.is_open


def test_a_session_begins_meanwhile(place: Place, unfinished: Unfinished) -> None:
    """A login in that moment keeps the vault open; its own end has the keys go."""
    _, first = place.enter()
    place.sessions.end(first.public_id)
    assert unfinished.begun.wait(30)
    place.wait(minutes=1)
    _, second = place.enter()
    unfinished.go_on.set()
    for thread in threading.enumerate():
        if thread.name == "jupyter-secure-sealing":
            thread.join(30)
    assert place.vault.is_open
    place.sessions.end(second.public_id)
    place.sessions.sealing.wait()
    assert not place.vault.is_open


def test_one_ends_and_another_is_still_waited_for(place: Place) -> None:
    """Whoever waited for an earlier session's work seals nothing under a later one's."""
    first, second = Unfinished(place), Unfinished(place)
    place.sessions.sealing.finish = first.finish
    _, session = place.enter()
    place.sessions.end(session.public_id)
    assert first.begun.wait(30)
    place.wait(minutes=1)
    _, session = place.enter()
    place.sessions.sealing.finish = second.finish
    place.sessions.end(session.public_id)
    assert second.begun.wait(30)
    first.go_on.set()
    second.go_on.set()
    place.sessions.sealing.wait()
    assert second.found_open == [True]
    assert not place.vault.is_open
