"""Uploads in parts: sealed from the first part, in constant memory, and nothing left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.writing import Writing
from jupyter_secure.errors import Conflict, InvalidInput
from jupyter_secure.locks import Actor

FIRST, LAST = 1, -1
_SWEEP_WAIT_SECONDS = 0.02


@dataclass
class _Upload:
    writing: Writing
    next_part: int
    touched: float
    finished: bool = False


class Uploads:
    """The uploads of one server, by session and target; safe for several threads.

    Parts are numbered from 1, the last one is -1, as in Jupyter's contents API. A part that comes
    a second time is a repetition and adds nothing.
    """

    def __init__(
        self,
        content: Content,
        *,
        idle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._content = content
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._known: dict[tuple[str, str], _Upload] = {}
        self._lock = threading.Lock()

    def take(self, path: str | Path, part: int, data: bytes, actor: Actor) -> int:
        """Take one part for ``path``; return how many bytes have come so far.

        Raises ``InvalidInput`` when a part before this one is missing: the upload is then thrown
        away, and whatever the file held before is still there.
        """
        key = (actor.session, self._content.key(path))
        with self._lock:
            if part == FIRST:
                self._drop(key)
                self._known[key] = _Upload(self._content.begin(path, actor), FIRST, self._clock())
            upload = self._known.get(key)
            if upload is not None and _is_repeated(upload, part):
                return upload.writing.size
            if upload is None or upload.finished or part not in (upload.next_part, LAST):
                self._drop(key)
                raise InvalidInput(
                    "A part of this upload is missing.",
                    why="It was interrupted, or took too long.",
                    remedy="Upload the file again.",
                )
            try:
                # Asked for every part: a lock may have come since the first one.
                self._content.check_write(path, actor)
                self._check_still_plain(path, upload.writing)
                upload.writing.update(data)
                if part == LAST:
                    upload.writing.commit()
                    upload.finished = True
            except BaseException:
                self._drop(key)
                raise
            upload.next_part += 1
            upload.touched = self._clock()
            return upload.writing.size

    def _check_still_plain(self, path: str | Path, writing: Writing) -> None:
        # Its owner may write what they locked, and locking sealed it: plain parts would undo that.
        if not writing.is_sealed and self._content.exists(path) and self._content.sealed(path):
            raise Conflict(
                f"“{Path(path).name}” was encrypted while it was being uploaded.",
                remedy="Upload the file again.",
            )

    def _drop(self, key: tuple[str, str]) -> None:
        upload = self._known.pop(key, None)
        if upload is not None:
            upload.writing.abort()  # which does nothing to one that is finished

    def discard_idle(self) -> int:
        """Throw away what has not been continued for too long; return how many were unfinished.

        For the event loop: while a part is being taken, which may wait for the disk and for others
        who write, nothing is thrown away. Ask again later.
        """
        before = self._clock() - self._idle_seconds
        if not self._lock.acquire(timeout=_SWEEP_WAIT_SECONDS):
            return 0
        try:
            idle = [key for key, upload in self._known.items() if upload.touched < before]
            unfinished = sum(not self._known[key].finished for key in idle)
            for key in idle:
                self._drop(key)
        finally:
            self._lock.release()
        return unfinished

    def discard_all(self) -> None:
        """Throw away every unfinished upload, as the server stops."""
        with self._lock:
            for key in list(self._known):
                self._drop(key)


def _is_repeated(upload: _Upload, part: int) -> bool:
    if part == LAST:
        return upload.finished
    return FIRST < part < upload.next_part
