"""Whether servers run on a state directory, and keeping them out while its root key is changed.

Each server, and each command that changes files, holds a shared lock (``flock``) on one file, which
the system drops with the process, however that ends; who changes the root key holds it alone. It
tells of this machine's processes; over a network file system another machine's may not show.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from jupyter_secure.errors import Conflict, StateUnusable

if sys.platform != "win32":
    import fcntl

#: The file in the state directory; empty, and never removed while anyone may hold it.
IN_USE_FILE = "in-use"


class InUse:
    """The mark of a server, or of a command that changes files, from ``take`` until ``close``."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, state_dir: Path) -> InUse:
        """Mark the state directory as in use.

        Raises ``StateUnusable`` while its root key is being changed, or if it cannot be written.
        """
        descriptor = _open(state_dir)
        if not _lock(descriptor, alone=False):
            os.close(descriptor)
            raise StateUnusable(
                f"The root key of {state_dir} is being changed just now.",
                why="`jupyter secure vault rotate --full` is running.",
                remedy="Try again when it has finished.",
            )
        return cls(descriptor)

    def close(self) -> None:
        """Take the mark away. Twice is fine."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def __enter__(self) -> InUse:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def alone(state_dir: Path) -> Iterator[None]:
    """Keep servers out of the state directory for the block. Raises ``Conflict`` if one runs."""
    descriptor = _open(state_dir)
    try:
        if not _lock(descriptor, alone=True):
            raise Conflict(
                f"A server, or another command that changes files, runs on {state_dir}.",
                why="It goes on working with the present keys, which are to become useless.",
                remedy="Stop it first (`jupyter server list` shows the servers of this account).",
            )
        yield
    finally:
        os.close(descriptor)


def _open(state_dir: Path) -> int:
    try:
        return os.open(state_dir / IN_USE_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateUnusable(
            f"{state_dir / IN_USE_FILE} cannot be opened.",
            why=f"{error.strerror}.",
            remedy="Give the account that runs Jupyter write access to it and to its directory.",
        ) from None


def _lock(descriptor: int, *, alone: bool) -> bool:
    if sys.platform == "win32":
        return True
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: as on a network, nobody can be seen there.
        return True
    return True
