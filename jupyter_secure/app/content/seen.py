"""Which session has seen which private file."""

from __future__ import annotations

import threading


class Seen:
    """Remembers it by session and key; safe for several threads.

    A page that shows a private file must be able to save it when the ten minutes are over, or work
    would be lost; it learns nothing by saving.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def add(self, session: str, key: str) -> None:
        """Remember that ``session`` was shown ``key``."""
        with self._lock:
            self._seen.add((session, key))

    def __contains__(self, session_and_key: tuple[str, str]) -> bool:
        return session_and_key in self._seen

    def move(self, old: str, new: str) -> None:
        """Follow a file, or a folder with all below it, that was moved from ``old`` to ``new``."""
        with self._lock:
            self._seen = {
                (session, new + key[len(old) :] if f"{key}/".startswith(f"{old}/") else key)
                for session, key in self._seen
            }

    def forget(self, key: str) -> None:
        """Forget who has seen ``key``."""
        with self._lock:
            self._seen = {seen for seen in self._seen if seen[1] != key}
