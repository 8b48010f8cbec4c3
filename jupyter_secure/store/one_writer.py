"""One writer of content at a time, of all threads and processes that share a state directory.

A save is two steps, the file and its row in the catalogue. Between those of another server the file
would be taken for one that was changed from outside.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from jupyter_secure.errors import StateUnusable

if sys.platform != "win32":
    import fcntl

#: The file in the state directory that is locked; empty, and never removed.
WRITING_FILE = "writing"

_LOOK_SECONDS = 0.005


class OneWriter:
    """To be held while content is written; reentrant, and safe for several threads.

    The system drops the lock with the process, however that ends. Where the file system has no
    locks, or the system none of this kind, only the threads of this process wait for each other.
    """

    def __init__(
        self, state_dir: Path, name: str = WRITING_FILE, *, patience: float | None = None
    ) -> None:
        """Prepare for the state in ``state_dir``; nothing is opened yet.

        ``patience`` is for how many seconds to wait for another process; ``None`` for any time.
        """
        self._path = state_dir / name
        self._patience = patience
        # Until then nobody waits again: whoever comes after one who waited in vain would too, one
        # after the other.
        self._in_vain_until = float("-inf")
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    def __enter__(self) -> OneWriter:
        """Wait for the turn. Raises ``StateUnusable`` if the file cannot be opened, or in vain."""
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._descriptor = self._take()
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            descriptor, self._descriptor = self._descriptor, -1
            with contextlib.suppress(OSError):
                os.close(descriptor)  # which drops the lock
        self._threads.release()

    def _take(self) -> int:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StateUnusable(
                f"{self._path} cannot be opened.",
                why=f"{error.strerror}.",
                remedy="Give the account that runs Jupyter write access to it and its directory.",
            ) from None
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                if self._patience is None:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                elif not _locked_within(descriptor, self._patience_now()):
                    os.close(descriptor)
                    self._in_vain_until = time.monotonic() + self._patience
                    raise StateUnusable(
                        f"Another program holds {self._path}.",
                        why=f"It did not let go of it for {self._patience:g} seconds.",
                        remedy="End that program: another server, a backup or a command that "
                        "hangs.",
                    )
        return descriptor

    def _patience_now(self) -> float:
        in_vain = time.monotonic() < self._in_vain_until
        return 0.0 if in_vain else self._patience or 0.0


def _locked_within(descriptor: int, seconds: float) -> bool:
    """Lock the file, unless another process holds it for longer; ``OSError`` without locks."""
    until = time.monotonic() + seconds
    while sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_SECONDS)
        else:
            break
    return True
