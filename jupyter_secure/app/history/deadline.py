"""Work on what others wrote, ended when it takes too long."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from jupyter_secure.errors import SecureError

# Raised again so often until the block ends: in a destructor, or a callback of the garbage
# collector, Python prints what is raised and goes on.
_AGAIN_SECONDS = 0.1


class _Over(BaseException):
    """Passes through whatever catches errors."""


@contextmanager
def deadline(seconds: float, error: SecureError) -> Iterator[None]:
    """Raise ``error`` out of the block once it has taken so long.

    For the main thread of a process of its own, on POSIX; elsewhere the block takes what it takes.
    """
    if not hasattr(signal, "setitimer") or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def over(_number: int, _frame: FrameType | None) -> None:
        raise _Over

    before = signal.signal(signal.SIGALRM, over)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        yield
    except _Over:
        raise error from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
