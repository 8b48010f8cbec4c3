"""How many of the files that are to be encrypted are."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from jupyter_secure.vault.envelope import MAGIC, is_sealed

# Where Jupyter keeps checkpoints: copies of notebooks, counted apart from the notebooks.
CHECKPOINTS = ".ipynb_checkpoints"


@dataclass(frozen=True)
class Coverage:
    """What was found: ``sealed`` of ``matching`` files, and how many could not be looked at.

    ``plain_checkpoints`` are Jupyter's copies that still are as they were. ``counted_all`` is False
    when the time was up before the last folder.
    """

    sealed: int = 0
    matching: int = 0
    unreadable: int = 0
    plain_checkpoints: int = 0
    counted_all: bool = True

    @property
    def plain(self) -> int:
        """How many matching files are not sealed."""
        return self.matching - self.sealed - self.unreadable


def must_seal(path: str, patterns: Sequence[str], marked: Sequence[str] = ()) -> bool:
    """Return whether the patterns, or a marked folder that it lies in, want a file encrypted.

    ``path`` and the folders are below the root, with "/". Without regard to case: one file too many
    is sealed rather than one too few.
    """
    path = path.lower()
    name = path.rpartition("/")[2]
    return any(
        fnmatchcase(path if "/" in pattern else name, pattern.lower()) for pattern in patterns
    ) or in_marked_folder(path, marked)


def in_marked_folder(path: str, marked: Sequence[str]) -> bool:
    """Return whether ``path`` is a ``marked`` folder or lies below one; "" is the root."""
    below = f"{path}/".lower()
    return any(not folder or below.startswith(f"{folder}/".lower()) for folder in marked)


def is_left_out(name: str) -> bool:
    """Return whether an entry of a folder is hidden, and so none of what Jupyter shows and saves.

    Folders of checkpoints are hidden too, and counted and sealed all the same.
    """
    return name.startswith(".") and name != CHECKPOINTS


def count(
    root: Path, patterns: Sequence[str], marked: Sequence[str] = (), *, seconds: float = 5.0
) -> Coverage:
    """Walk ``root`` and look at the first bytes of each file that matches, for some seconds.

    ``marked`` are the folders below it in which every file counts. What is hidden is left out.
    """
    until = time.monotonic() + seconds
    sealed = matching = unreadable = plain_checkpoints = 0
    for folder, folders, names in os.walk(root):
        if time.monotonic() > until:
            return Coverage(sealed, matching, unreadable, plain_checkpoints, counted_all=False)
        folders[:] = sorted(name for name in folders if not is_left_out(name))
        below = Path(folder).relative_to(root)
        for name in names:
            if is_left_out(name) or not must_seal((below / name).as_posix(), patterns, marked):
                continue
            is_ours = _is_sealed(Path(folder, name))
            if CHECKPOINTS in below.parts:
                plain_checkpoints += is_ours is False
                continue
            matching += 1
            sealed += is_ours is True
            unreadable += is_ours is None
    return Coverage(sealed, matching, unreadable, plain_checkpoints)


def _is_sealed(path: Path) -> bool | None:
    try:
        # O_NONBLOCK: a pipe that happens to match must not hang the count.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            return is_sealed(file.read(len(MAGIC)))
    except OSError:
        return None
