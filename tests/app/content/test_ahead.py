from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from jupyter_secure.app.content.ahead import ahead
from jupyter_secure.errors import CorruptFile


def threads() -> list[threading.Thread]:
    """Return the threads that make pieces."""
    return [one for one in threading.enumerate() if one.name == "jupyter-secure-ahead"]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 17, 1000])
def test_all_of_it_in_order(count: int) -> None:
    """What comes out is what goes in, whatever the number of pieces."""
    made = [b"%d" % number for number in range(count)]
    assert list(ahead(iter(made))) == made
    assert threads() == []


@pytest.mark.parametrize("count", [0, 1, 4, 9, 100])
def test_an_error_comes_after_what_was_made_before_it(count: int) -> None:
    """An error is raised where the piece would have been, and not sooner."""

    def pieces() -> Iterator[bytes]:
        for number in range(count):
            yield b"%d" % number
        raise CorruptFile("It is damaged.")

    found = []
    with pytest.raises(CorruptFile):
        for piece in ahead(pieces()):
            found.append(piece)  # noqa: PERF402  # what came before the error counts
    assert len(found) == count
    assert threads() == []


@pytest.mark.parametrize("taken", [1, 4, 5, 40])
def test_whoever_stops_early_leaves_no_thread(taken: int) -> None:
    """Closing it in the middle ends the thread, also one that has nothing to make any more."""
    for count in (taken, taken + 1, taken + 100_000):
        stream = ahead(b"x" for _ in range(count))
        for _ in range(taken):
            next(stream)
        stream.close()  # type: ignore[attr-defined]  # a generator
        assert threads() == []


def test_only_a_few_wait() -> None:
    """However slow the reader, little is made ahead of it."""
    made = 0

    def pieces() -> Iterator[bytes]:
        nonlocal made
        for _ in range(10_000):
            made += 1
            yield b"x"

    stream = ahead(pieces())
    next(stream)
    time.sleep(0.2)
    assert made < 40
    stream.close()  # type: ignore[attr-defined]  # a generator
