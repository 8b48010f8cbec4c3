"""Folders that are marked: everything that is saved below one is sealed, whatever its name.

A mark names the real folder (symbolic links resolved) by its API path below the root, as a lock
does; ``""`` is the root itself. Marks may lie within each other, and each goes with its folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from jupyter_secure.app.content.coverage import in_marked_folder
from jupyter_secure.errors import ElevationRequired, InvalidInput, NotFound, StateUnusable
from jupyter_secure.locks import Actor


class FolderMarks(Protocol):
    """Where the marks are kept. Every method may raise ``StateUnusable``: then nothing is saved."""

    def list(self) -> tuple[str, ...]:
        """Return every marked folder."""
        ...

    def add(self, path: str) -> None:
        """Mark ``path``; marked already: nothing changes. ``InvalidInput`` if it is not text."""
        ...

    def remove(self, path: str) -> bool:
        """Take the mark off exactly ``path``; say whether there was one."""
        ...

    def copy(self, old: str, new: str) -> None:
        """Mark in ``new`` what is marked on and below ``old``."""
        ...

    def forget(self, path: str) -> None:
        """Take the marks off ``path`` and all below it: it was deleted."""
        ...


class _NoMarks:
    """For a place without a database: no folder is marked, and none can be."""

    def list(self) -> tuple[str, ...]:
        return ()

    def add(self, path: str) -> None:
        raise StateUnusable(f"“{path}” cannot be marked here.")

    def remove(self, path: str) -> bool:  # noqa: ARG002  # the protocol's
        return False

    def copy(self, old: str, new: str) -> None:
        """Nothing is there to follow."""

    def forget(self, path: str) -> None:
        """Nothing is there to forget."""


NO_MARKS: FolderMarks = _NoMarks()


def key_below(root: Path, folder: Path) -> str:
    """Return the name of a folder below ``root``; ``InvalidInput`` for one that is elsewhere."""
    real, base = folder.resolve(), root.resolve()
    if not real.is_relative_to(base):
        raise InvalidInput(
            f"{folder} does not lie in {root}.",
            why="A server marks folders below the one that it serves.",
            remedy="Name the server's folder with --root.",
        )
    key = real.relative_to(base).as_posix()
    return "" if key == "." else key


class KnowsKeys(Protocol):
    """What marking needs of the files."""

    def key(self, path: str | Path) -> str:
        """Return the name of what is behind ``path``; may be ``Refused``."""
        ...


class SealedFolders:
    """Marks folders, and takes marks off again."""

    def __init__(self, marks: FolderMarks, files: KnowsKeys) -> None:
        self._marks = marks
        self._files = files

    def list(self) -> tuple[str, ...]:
        """Return every marked folder, by its API path."""
        return self._marks.list()

    def covers(self, path: str | Path) -> bool:
        """Say whether ``path`` lies in a marked folder, or is one."""
        return in_marked_folder(self._files.key(path), self._marks.list())

    def mark(self, path: str | Path) -> None:
        """Mark a folder; files that lie in it stay as they are until they are saved or migrated.

        Raises ``InvalidInput`` for what is no folder or has a name that is not text.
        """
        if not Path(path).is_dir():
            raise InvalidInput(
                f"“{Path(path).name}” is not a folder.",
                remedy="Mark the folder that it lies in, or lock the file.",
            )
        self._marks.add(self._files.key(path))

    def unmark(self, path: str | Path, actor: Actor) -> None:
        """Take the mark off, whether or not the folder still exists; what is sealed stays so.

        Raises ``ElevationRequired``, or ``NotFound`` if exactly this folder is not marked.
        """
        key = self._files.key(path)
        marks = self._marks.list()
        if key not in marks:
            outer = [mark for mark in marks if in_marked_folder(key, (mark,))]
            raise NotFound(
                f"“{key}” is not marked.",
                why=f"It lies in “{outer[0]}”, which is." if outer else "",
            )
        if not actor.elevated:
            raise ElevationRequired(
                f"“{key}” is marked to be sealed.",
                why="What is saved in it would be in plain text from then on.",
                remedy="Enter a code from your authenticator to take the mark off.",
            )
        self._marks.remove(key)
