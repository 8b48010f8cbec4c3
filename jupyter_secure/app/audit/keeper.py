"""What the record needs from time to time: checkpoints, removal of what is too old, its index."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_secure.app.audit.checkpoint import checkpoint
from jupyter_secure.app.audit.retention import remove_old
from jupyter_secure.app.audit.send import send
from jupyter_secure.app.audit.tail_check import TailCheck
from jupyter_secure.audit.recorder import Recorder
from jupyter_secure.errors import NotFound, SecureError
from jupyter_secure.store.audit_index import RecordIndex

_INDEX_SECONDS = 30.0
_RETENTION_SECONDS = 3600.0


class Keeper:
    """Looks after the record of a running server, on a thread of its own."""

    def __init__(
        self,
        folder: Path,
        recorder: Recorder,
        index: RecordIndex,
        *,
        places: Sequence[str],
        every_minutes: float,
        keep_days: int,
        warn: Callable[[str], None],
    ) -> None:
        """Prepare; ``warn`` is told what could not be done."""
        self._folder, self._recorder, self._index = folder, recorder, index
        self._places, self._every, self._days = places, every_minutes * 60, keep_days
        self._warn = warn
        self._stop = threading.Event()
        self._sent = -1
        #: Why the last checkpoint could not be made or sent; empty if it was.
        self.problem = ""
        self.tail = TailCheck(folder)
        self._thread = threading.Thread(
            target=self._run, name="jupyter-secure-record-keeper", daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Send one last checkpoint, and stop."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(15)
        self._checkpoint()

    def _run(self) -> None:
        checkpoint_at = retention_at = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= checkpoint_at:
                self._checkpoint()
                checkpoint_at = now + self._every
            if now >= retention_at:
                self._remove_old()
                retention_at = now + _RETENTION_SECONDS
            # First what somebody may be waiting for.
            self._index.catch_up()
            self.tail.look(self._stop)
            if self._stop.wait(min(_INDEX_SECONDS, self._every)):
                return

    def _checkpoint(self) -> None:
        try:
            made = checkpoint(self._folder)
        except NotFound:
            return
        except SecureError as error:
            self.problem = str(error)
            self._warn(self.problem)
            return
        if made.seq == self._sent:
            return
        problem = ""
        for place in self._places:
            try:
                send(place, made)
            except SecureError as error:
                problem = str(error)
                self._warn(problem)
        self.problem = problem
        if not problem:
            self._sent = made.seq

    def _remove_old(self) -> None:
        try:
            remove_old(self._folder, self._recorder, self._days)
        except SecureError as error:
            self._warn(str(error))
