"""Versions to keep, for whoever tests the repository of them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

from jupyter_secure.history.notebook_key import KEY_BYTES, NotebookKey
from jupyter_secure.history.repository import Next
from jupyter_secure.history.version import Kind, Version
from jupyter_secure.store.history import GitHistory

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
FILE, OTHER = bytes(range(16)), bytes(16)
KEY = NotebookKey(bytes(range(KEY_BYTES)))


def text(seed: int = 0, lines: int = 3000) -> bytes:
    drawn = random.Random(seed)
    return b"".join(b'    "%d secret\\n",\n' % drawn.randrange(10**9) for _ in range(lines))


def following(
    *contents: bytes, file_id: bytes = FILE, path: str = "a.ipynb", key: NotebookKey = KEY
) -> Next:
    def next_ones(newest: Version | None) -> list[tuple[Version, bytes | None]]:
        found: list[tuple[Version, bytes | None]] = []
        for number, content in enumerate(contents, newest.number + 1 if newest else 1):
            at = NOW + timedelta(minutes=number)
            digest = key.digest(content)
            size = len(content)
            version = Version(file_id, number, path, "alice", at, Kind.AUTOMATIC, size, digest)
            found.append((version, content))
        return found

    return next_ones


def keep(history: GitHistory, *contents: bytes, file_id: bytes = FILE) -> Version:
    history.keep(file_id, KEY, following(*contents, file_id=file_id))
    return next(history.versions(file_id, KEY))
