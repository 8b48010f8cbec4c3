"""Recording from many threads at once: one write and one wait for the disk for all who wait.

A thread of its own takes whatever has come together while the disk was busy (group commit), so
sixteen who record at a time wait for one ``fdatasync`` and not for sixteen. The thread starts with
the first event and ends when nothing came for a while.
"""

from __future__ import annotations

import asyncio
import logging
import threading
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

    async def begin(self, event: Event) -> None:
        """As ``write``, for the start of something: on record, and not waited for on the disk.

        A kill does not undo it, a power cut may: as it may undo what was started.
        """
        await self._write(event, durable=False)

    async def _write(self, event: Event, *, durable: bool) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def told(error: RecordUnwritable | None) -> None:
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
        if batch:
            self._commit(batch)
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
            if not self._runs:
                threading.Thread(
                    target=self._run, name="jupyter-secure-record", daemon=True
                ).start()
                self._runs = True
            elif len(self._waiting) == 1:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._changed.wait(_IDLE_SECONDS)
                if not self._waiting:
                    self._runs = False
                    return
                batch = self._waiting[:_MOST_AT_ONCE]
                del self._waiting[:_MOST_AT_ONCE]
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[_Waiting]) -> None:
        error: RecordUnwritable | None = None
        with self._files_in_use:
            try:
                self.files.append(
                    [said for _, said, _, _ in batch],
                    durable=any(durable for _, _, _, durable in batch),
                )
            except RecordUnwritable as refused:
                error = refused
            except Exception as bug:  # noqa: BLE001  # whoever waits must be told, whatever it was
                error = RecordUnwritable(f"{type(bug).__name__}.")
        for event, _, told, _ in batch:
            told(error)
            if error is None:
                self.on_recorded(event)


def _settle(done: asyncio.Future[None], error: RecordUnwritable | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(RecordUnwritable(error.why))
