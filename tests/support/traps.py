"""Count what a piece of work asks of the operating system, and let the n-th of it fail or kill."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

#: What changes something on a disk, or makes it last. A lock and a second descriptor are among
#: them because nothing may hang on their success.
_OF_OS = (
    "open",
    "write",
    "fsync",
    "close",
    "dup",
    "replace",
    "rename",
    "unlink",
    "rmdir",
    "mkdir",
    "chmod",
    "fchmod",
    "fchown",
    "utime",
)
_OF_PATH = ("replace", "rename", "unlink", "rmdir", "mkdir", "chmod")
# What needs room, and so goes on failing while a disk is full; and opening a file that is new.
_NEEDS_ROOM = frozenset({"write", "fsync", "mkdir"})

Trap = Callable[[str, tuple[Any, ...]], None]


@contextmanager
def trapped(trap: Trap) -> Iterator[list[str]]:
    """Call ``trap`` with the name and arguments of every call; give the names, as they come."""
    seen: list[str] = []
    inside = False

    def wrap(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **rest: Any) -> Any:
            nonlocal inside
            if inside:  # a Path's method that ends in one of os: counted once
                return function(*arguments, **rest)
            inside = True
            try:
                seen.append(name)
                trap(name, arguments)
                return function(*arguments, **rest)
            finally:
                inside = False

        return wrapped

    with pytest.MonkeyPatch.context() as patch:
        for owner, names in ((os, _OF_OS), (Path, _OF_PATH)):
            for name in names:
                patch.setattr(owner, name, wrap(name, getattr(owner, name)))
        yield seen


def killing(at: int) -> Trap:
    """Return a trap that kills this process at the ``at``-th call, a write half-way through."""
    left = at

    def trap(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        left -= 1
        if left:
            return
        if name == "write":
            # The wrapped one, which knows that it is inside.
            os.write(arguments[0], memoryview(arguments[1])[: len(arguments[1]) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    return trap


def failing(at: int, number: int, *, lasting: bool = False) -> Trap:
    """Return a trap that fails the ``at``-th call with ``number``.

    ``lasting``: from then on, whatever needs room on the disk fails too.
    """
    left = at

    def trap(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        left -= 1
        needs_room = name in _NEEDS_ROOM or (name == "open" and arguments[1] & os.O_CREAT)
        if left == 0 or (lasting and left < 0 and needs_room):
            if name == "close":
                os.close(arguments[0])  # which gives the descriptor up, whatever it answers
            raise OSError(number, os.strerror(number))

    return trap


FAILURES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
