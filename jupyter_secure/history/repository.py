"""What the history needs of the place that keeps it. ``store/history.py`` keeps it in Git."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from jupyter_secure.errors import CorruptFile
from jupyter_secure.history.notebook_key import NotebookKey
from jupyter_secure.history.version import Version

#: Given the newest version, or ``None``: those to keep after it with their content, oldest first.
#: Before them, and without content, may come the newest itself, described anew.
Next = Callable[["Version | None"], Sequence[tuple[Version, "bytes | None"]]]

#: The number of a version, 0 where it cannot be read, and what is wrong with it.
Checked = tuple[int, "CorruptFile | None"]


class Repository(Protocol):
    """Keeps sealed versions by file id. Every method may raise ``StateUnusable``."""

    def sealed_key(self, file_id: bytes) -> bytes | None:
        """Return the notebook's sealed key, if it has a history."""
        ...

    def set_sealed_key(self, file_id: bytes, sealed: bytes) -> None:
        """Keep the notebook's sealed key in place of the one there was."""
        ...

    def private_owner(self, file_id: bytes) -> str | None:
        """Return whose private notebook it was when it was deleted, if it was one."""
        ...

    def set_private_owner(self, file_id: bytes, owner: str | None) -> None:
        """Keep whose private notebook a deleted one was, or nobody's."""
        ...

    def keep(self, file_id: bytes, key: NotebookKey, following: Next) -> None:
        """Keep what ``following`` names, all or nothing; nobody else writes meanwhile."""
        ...

    def versions(
        self, file_id: bytes, key: NotebookKey | None = None, *, before: int | None = None
    ) -> Iterator[Version]:
        """Yield the versions, newest first; with ``key`` each was vouched for.

        With ``before`` only those with a number below it.
        """
        ...

    def read(self, key: NotebookKey, file_id: bytes, number: int) -> tuple[Version, bytes]:
        """Return one version and its content; ``NotFound``, or ``CorruptFile``."""
        ...

    def check(self, key: NotebookKey, file_id: bytes) -> Iterator[Checked]:
        """Read each version, newest first; yield its number, and what is wrong with it if it is."""
        ...

    def retain(self, file_id: bytes, staying: Iterable[int]) -> int:
        """Drop every version but those in ``staying`` and what is newer; return how many went.

        What is newer than all of them came since somebody looked. Where ``staying`` names none that
        there is, nothing is dropped.
        """
        ...

    def tidy(self, *, everything: bool = False) -> int:
        """Take less space if that is worth it, or in any case; return how many bytes were freed."""
        ...

    def newest(self) -> Iterator[Version]:
        """Yield the newest version of every notebook that has a history; not vouched for."""
        ...

    def file_ids(self) -> list[bytes]:
        """Return the file ids of all notebooks that have a history, readable or not."""
        ...
