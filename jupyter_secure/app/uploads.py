"""Uploads in parts: sealed from the first part, in constant memory, and nothing left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.app.content import Content
from jupyter_secure.app.writing import Writing
from jupyter_secure.errors import InvalidInput, SecureError
from jupyter_secure.locks import Actor

FIRST, LAST = 1, -1


@dataclass
class _Upload:
    writing: Writing
    next_part: int
    touched: float


class Uploads:
    """The unfinished uploads of one server, by session and target; safe for several threads.

    Parts are numbered from 1, the last one is -1, as in Jupyter's contents API.
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
        self._open: dict[tuple[str, str], _Upload] = {}
        self._lock = threading.Lock()

    def take(self, path: str | Path, part: int, data: bytes, actor: Actor) -> int:
        """Take one part for ``path``; return how many bytes have come so far.

        Raises ``InvalidInput`` for a part out of order: the upload is then thrown away, and
        whatever the file held before is still there.
        """
        key = (actor.session, self._content.key(path))
        with self._lock:
            upload = self._open.pop(key, None)
            if part == FIRST:
                if upload is not None:
                    upload.writing.abort()
                upload = _Upload(self._content.begin(path, actor), FIRST, 0)
            if upload is None or part not in (upload.next_part, LAST):
                if upload is not None:
                    upload.writing.abort()
                raise InvalidInput(
                    "A part of this upload is missing.",
                    why="It was interrupted, or took too long.",
                    remedy="Upload the file again.",
                )
            try:
                # Asked for every part: a lock may have come since the first one.
                self._content.check_write(path, actor)
                upload.writing.update(data)
                if part == LAST:
                    upload.writing.commit()
                    return upload.writing.size
            except SecureError:
                upload.writing.abort()
                raise
            upload.next_part = part + 1
            upload.touched = self._clock()
            self._open[key] = upload
            return upload.writing.size

    def discard_idle(self) -> int:
        """Throw away what has not been continued for too long; return how many."""
        before = self._clock() - self._idle_seconds
        with self._lock:
            idle = [key for key, upload in self._open.items() if upload.touched < before]
            for key in idle:
                self._open.pop(key).writing.abort()
        return len(idle)

    def discard_all(self) -> None:
        """Throw away every unfinished upload, as the server stops."""
        with self._lock:
            for upload in self._open.values():
                upload.writing.abort()
            self._open.clear()
