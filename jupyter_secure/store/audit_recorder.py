"""Recording from many threads at once: one write and one wait for the disk for all who wait.

A thread of its own takes whatever has come together while the disk was busy (group commit), so
sixteen who record at a time wait for one ``fdatasync`` and not for sixteen. It writes, tells who
waits for no more than that, and then waits for the disk, before it takes what comes next. The
thread starts with the first event and ends when nothing came for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_secure.audit.events import Event, encode
from jupyter_secure.errors import RecordUnwritable
from jupyter_secure.store.audit_segments import SEGMENT_BYTES, RecordFiles

_log = logging.getLogger(__name__)

_Told = Callable[[RecordUnwritable | None], None]
_Waiting = tuple[Event, bytes, _Told, bool]
# So many at once are still one write; more only make the first of them wait.
_MOST_AT_ONCE = 1024
_IDLE_SECONDS = 5.0
# After so many at once, those who were just told get this long to come back: else half of them
# would wait for the disk while the other half records, and the other way round.
_MANY, _GATHER_SECONDS = 4, 0.0003


class GroupRecorder:
    """The record in one folder, for all threads of this process. Implements ``Recorder``."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Prepare for the record in ``folder``; nothing is opened yet."""
        self.files = RecordFiles(folder, segment_bytes=segment_bytes)
        self._waiting: list[_Waiting] = []
        #: Told of each event that is in the record. It must not wait, and may not fail.
        self.on_recorded: Callable[[Event], None] = lambda _: None
        self._changed = threading.Condition(threading.Lock())
        self._runs = False
        # The thread has taken something and is not done; and what was written without it is still
        # to be brought onto the disk.
        self._busy = self._owed = False
        # The disk did not take what was written last: until it does, everyone waits for it.
        self._unsure = False
        # Held while the files are used, so that `close` and `exclusively` are alone with them.
        self._files_in_use = threading.Lock()

    def record(self, event: Event) -> None:
        """Return when ``event`` is on the disk. Raises ``RecordUnwritable``; then it is not."""
        done = threading.Lock()
        done.acquire()
        failed: list[RecordUnwritable] = []

        def told(error: RecordUnwritable | None) -> None:
            if error is not None:
                failed.append(error)
            done.release()

        self._put(event, told)
        done.acquire()
        if failed:
            raise RecordUnwritable(failed[0].why)

    async def write(self, event: Event) -> None:
        """As ``record``, for the event loop, which goes on meanwhile."""
        await self._write(event, durable=True)

    async def put(self, event: Event) -> None:
        """As ``write``, once the system has it; the disk follows at once and is not waited for.

        A kill does not undo it, a power cut may. It is on the disk when the next ``put`` returns.
        """
        if not self._put_at_once(event):
            await self._write(event, durable=False)

    async def _write(self, event: Event, *, durable: bool) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def told(error: RecordUnwritable | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(_settle, done, error)

        self._put(event, told, durable=durable)
        # Whoever asked may have gone; the event is written all the same.
        await asyncio.shield(done)

    def note(self, event: Event) -> None:
        """Record what happened by itself, and wait for nothing; a failure is logged."""

        def told(error: RecordUnwritable | None) -> None:
            if error is not None:
                _log.error("%s was not recorded: %s", event.action, error)

        self._put(event, told)

    def close(self) -> None:
        """Write what waits, and let go of the files. Recording afterwards opens them again."""
        with self._changed:
            batch, self._waiting = self._waiting, []
            owed, self._owed = self._owed, False
        self._commit(batch, owed=owed)
        with self._files_in_use:
            self.files.close()

    def begin_chain(self) -> tuple[object, bytes]:
        """See ``RecordFiles.begin_chain``."""
        with self._files_in_use:
            return self.files.begin_chain()

    def _put(self, event: Event, told: _Told, *, durable: bool = True) -> None:
        said = encode(event)
        with self._changed:
            self._waiting.append((event, said, told, durable))
            self._wake()

    def _put_at_once(self, event: Event) -> bool:
        """Write an event from here if nobody else is writing: two threads need not meet for that.

        Not before all that was written earlier is on the disk, so as to keep what ``put`` says.
        """
        said = encode(event)
        with self._changed:
            if self._waiting or self._busy or self._owed or self._unsure:
                return False
            if not self._files_in_use.acquire(blocking=False):
                return False
            try:
                self._owed = self.files.append_at_once(said)
            finally:
                self._files_in_use.release()
            if not self._owed:
                return False
            self._wake()
        self.on_recorded(event)
        return True

    def _wake(self) -> None:
        if not self._runs:
            threading.Thread(target=self._run, name="jupyter-secure-record", daemon=True).start()
            self._runs = True
        elif not self._busy:
            self._changed.notify()

    def _run(self) -> None:
        batch: list[_Waiting] = []
        while True:
            if len(batch) >= _MANY:
                time.sleep(_GATHER_SECONDS)
            with self._changed:
                self._busy = False
                if not self._waiting and not self._owed:
                    self._changed.wait(_IDLE_SECONDS)
                if not self._waiting and not self._owed:
                    self._runs = False
                    return
                batch = self._waiting[:_MOST_AT_ONCE]
                del self._waiting[:_MOST_AT_ONCE]
                owed, self._owed = self._owed, False
                self._busy = True
            self._commit(batch, owed=owed)

    def _commit(self, batch: list[_Waiting], *, owed: bool) -> None:
        """Bring onto the disk what is owed to it; then write, tell, sync, and tell the others."""
        with self._files_in_use:
            if owed:
                self._sync()
            if not batch:
                return
            waits = [durable or self._unsure for _, _, _, durable in batch]
            error = self._tried(
                lambda: self.files.append([said for _, said, _, _ in batch], durable=all(waits))
            )
            if error is not None:
                waits = [True] * len(batch)
            elif all(waits):
                self._unsure = False
            else:
                self._tell([one for one, wait in zip(batch, waits, strict=True) if not wait], None)
                error = self._sync()
        self._tell([one for one, wait in zip(batch, waits, strict=True) if wait], error)

    def _sync(self) -> RecordUnwritable | None:
        error = self._tried(self.files.sync)
        self._unsure = error is not None
        if error is not None:
            _log.error("The disk did not take the last events: %s", error)
        return error

    @staticmethod
    def _tried(step: Callable[[], object]) -> RecordUnwritable | None:
        try:
            step()
        except RecordUnwritable as refused:
            return refused
        except Exception as bug:  # noqa: BLE001  # whoever waits must be told, whatever it was
            return RecordUnwritable(f"{type(bug).__name__}.")
        return None

    def _tell(self, told: list[_Waiting], error: RecordUnwritable | None) -> None:
        for _, _, tell, _ in told:
            tell(error)
        for event, _, _, _ in told:
            if error is None:
                self.on_recorded(event)


def _settle(done: asyncio.Future[None], error: RecordUnwritable | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(RecordUnwritable(error.why))
