"""Saves that are to become versions in a moment, behind the answers to those who saved.

A version takes the disk several times as long as the save itself, and what was saved by itself is
on the disk already. So those wait here for a moment, and the ones of a notebook are kept together.
Whoever asks for versions, closes the vault or changes a key has them settled first. If the process
is killed in that moment, the files are as they were saved, and these versions are missing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jupyter_secure.app.content.saves import Origin, Saved

#: Is told which save was kept, or why it was not.
Told = Callable[[Saved, "BaseException | None"], None]

#: So long nobody must have saved before the versions are written: who saves is not to be held up.
LINGER_SECONDS = 0.25
#: And so long a save waits at most.
LONGEST_SECONDS = 2.0
#: More content than this does not wait: who saves next has it kept first. Bytes.
MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Waiting:
    """A save to be kept, when it was, and who is told of it."""

    saved: Saved
    origin: Origin
    at: datetime
    told: Told = lambda *_: None


class Backlog:
    """Has ``write`` keep the saves of one notebook, oldest first; safe for several threads.

    ``write`` is called by one thread at a time, and may raise: then those who wait are told.
    """

    def __init__(self, write: Callable[[Sequence[Waiting]], None]) -> None:
        self._write = write
        self._waiting: dict[bytes, list[Waiting]] = {}
        self._bytes = 0
        self._last = 0.0  # when something was added, on the monotonic clock
        self._few = threading.Lock()  # for the three above and the two below
        self._nothing = threading.Event()
        self._thread: threading.Thread | None = None
        # Held from taking what waits until it is written: versions are in the order of the saves.
        self._in_order = threading.RLock()

    def add(self, one: Waiting) -> None:
        """Have it kept in a moment."""
        with self._few:
            self._waiting.setdefault(one.saved.file_id, []).append(one)
            self._bytes += len(one.saved.content)
            self._last = time.monotonic()
            self._nothing.clear()
            many = self._bytes > MOST_BYTES
            if self._thread is None and not many:
                # Not a daemon: a process that ends waits until it is done.
                thread = threading.Thread(target=self._run, name="jupyter-secure-versions")
                try:
                    thread.start()
                    self._thread = thread
                except RuntimeError:  # the system has none left, or the process ends
                    many = True
        if many:
            self.settle()

    def keep_now(self, one: Waiting) -> None:
        """Keep it, and what waits of the same notebook before it. Raises what ``write`` does."""
        with self._in_order:
            self._keep([*self._take(one.saved.file_id), one])

    def settle(self, file_id: bytes | None = None) -> None:
        """Keep what waits of one notebook, or of all; what fails is told to those who wait."""
        with self._in_order:
            with self._few:
                some = list(self._waiting) if file_id is None else [file_id]
            for one in some:
                if waiting := self._take(one):
                    try:
                        self._keep(waiting)
                    except Exception:  # noqa: BLE001, S112  # each of them was told
                        continue

    def settle_within(self, seconds: float) -> None:
        """Settle all, and wait no longer than that: somebody else may hold the history."""
        thread = threading.Thread(target=self.settle, name="jupyter-secure-versions")
        try:
            thread.start()
        except RuntimeError:  # as above; a process that ends takes the time that it takes
            self.settle()
        else:
            thread.join(seconds)

    def is_settled(self) -> bool:
        """Tell, at once, whether nothing waits and nothing is being written."""
        if not self._in_order.acquire(blocking=False):
            return False
        try:
            with self._few:
                return not self._waiting
        finally:
            self._in_order.release()

    def _take(self, file_id: bytes) -> list[Waiting]:
        with self._few:
            taken = self._waiting.pop(file_id, [])
            self._bytes -= sum(len(one.saved.content) for one in taken)
            if not self._waiting:
                self._nothing.set()
        return taken

    def _keep(self, waiting: list[Waiting]) -> None:
        try:
            self._write(waiting)
        except BaseException as error:
            _tell(waiting, error)
            raise
        _tell(waiting, None)

    def _run(self) -> None:
        while True:
            latest = time.monotonic() + LONGEST_SECONDS
            while not self._nothing.wait(LINGER_SECONDS):
                with self._few:
                    quiet = time.monotonic() - self._last >= LINGER_SECONDS
                if quiet or time.monotonic() >= latest:
                    break
            self.settle()
            with self._few:
                if not self._waiting:
                    self._thread = None
                    return


def _tell(waiting: list[Waiting], failed: BaseException | None) -> None:
    for one in waiting:
        one.told(one.saved, failed)
