"""Where the files of a kernel are: in the folder of its notebook, after every link is followed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.opening import explained
from jupyter_secure.app.kernels.access import Capability
from jupyter_secure.errors import InvalidInput, NotFound, Refused


@dataclass(frozen=True)
class Found:
    """A file or folder. ``size`` is that of the content, in bytes; ``modified`` since the epoch."""

    name: str
    is_folder: bool
    size: int
    modified: float
    sealed: bool


class Places:
    """Finds what a kernel names. Paths are relative to its folder; places are the system's."""

    def __init__(self, content: Content, root: str | Path, *, allow_hidden: bool = False) -> None:
        self._content = content
        self._root = os.path.realpath(root)
        self._allow_hidden = allow_hidden

    def locate(self, kernel: Capability, path: str) -> str:
        """Return the real place of ``path``: in the kernel's folder after every link is followed.

        Raises ``Refused`` for what lies elsewhere, and ``NotFound`` for what is hidden.
        """
        _require_possible(path)
        parts = PurePosixPath(path).parts
        if path.startswith("/") or ".." in parts:
            raise self._outside(path)
        place = os.path.realpath(os.path.join(self._root, kernel.folder, *parts))
        key = self._content.key(place)
        if not kernel.reaches(key):
            raise self._outside(path)
        if not all(self.shown(part) for part in (*parts, *PurePosixPath(key).parts)):
            # As in the contents API: what is hidden there is no data either.
            raise NotFound(f"There is no file “{path}”.", why="Hidden files are not data.")
        return place

    def locate_entry(self, kernel: Capability, path: str) -> str:
        """Return the place of the directory entry itself, which a move or deletion changes."""
        _require_possible(path)
        folder, name = os.path.split(path.strip("/"))
        if name in ("", ".", ".."):
            raise InvalidInput("The folder of the notebook itself stays as it is.")
        if not self.shown(name):
            raise NotFound(f"There is no file “{path}”.", why="Hidden files are not data.")
        return os.path.join(self.locate(kernel, folder), name)

    def shown(self, name: str) -> bool:
        """Say whether a file of that name is data, as for the contents API."""
        return self._allow_hidden or not name.startswith(".")

    @staticmethod
    def _outside(path: str) -> Refused:
        return Refused(
            f"“{path}” lies outside of the folder of this kernel's notebook.",
            why="A kernel reaches the files beside and below its notebook, and no others.",
            remedy="Put the data there, or open the notebook from the folder above both.",
        )

    def look(self, place: str) -> Found:
        """Return what is at ``place``, by its name there. Refuses pipes and devices."""
        with explained(place):
            facts = os.stat(place)
            name = os.path.basename(place)
            if stat.S_ISDIR(facts.st_mode):
                return Found(name, True, 0, facts.st_mtime, False)
            if not stat.S_ISREG(facts.st_mode):
                raise Refused(f"“{name}” is neither a file nor a folder.")
            known = self._content.facts(place)
        return Found(name, False, known.size, facts.st_mtime, known.sealed)


def _require_possible(path: str) -> None:
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise InvalidInput("That cannot be the name of a file.")
