"""One line on a terminal that says how far a long command has come."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_SECONDS_BETWEEN = 0.1


class Progress:
    """A line on standard error, rewritten ten times a second; nothing where that is no terminal.

    A context manager, so that the line is gone when results or errors are printed.
    """

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()
        self._next = 0.0

    def say(self, text: str) -> None:
        """Show ``text`` unless something was shown just now."""
        if self._shows and (now := time.monotonic()) >= self._next:
            self._next = now + _SECONDS_BETWEEN
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shows:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
