"""When to keep the repository of versions small and quick, and having it done.

In a process of its own: packing is left to libgit2, which maps packs into memory, and what it maps
may be cut short, or a block of it be unreadable. That ends the process, and it is not the server's.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

from jupyter_secure.errors import StateUnusable
from jupyter_secure.store.history_branches import FOLDER

#: So many small packs, or loose objects, are worth a pack; so many packs, or branches, one.
SMALL_PACKS, LOOSE, PACKS, BRANCHES = 20, 500, 30, 500
#: Bytes: what is larger is not packed again until everything is.
SMALL_BYTES = 1 << 20
#: The files that are locked while versions are written, and while space is being made.
WRITING_FILE, TIDYING_FILE = "history-writing", "history-tidying"

_FOLDER = re.compile(r"[0-9a-f]{2}", re.ASCII)
_OBJECT = re.compile(r"[0-9a-f]{38}", re.ASCII)
_STAMP = "objects-removed"
_HOUR_SECONDS = 3600


def removed_last(git_dir: Path) -> int:
    """Return what is another number once objects may have gone for good."""
    with contextlib.suppress(OSError):
        return stamp(git_dir).stat().st_mtime_ns
    return 0


def stamp(git_dir: Path) -> Path:
    """Return the file whose time changes before objects go for good."""
    return git_dir / _STAMP


def loose_objects(git_dir: Path) -> list[Path]:
    """Return the files of objects that are in no pack."""
    folders = [one for one in (git_dir / "objects").iterdir() if _FOLDER.fullmatch(one.name)]
    return [one for folder in folders for one in folder.iterdir() if _OBJECT.fullmatch(one.name)]


def packs(git_dir: Path) -> tuple[list[Path], list[Path]]:
    """Return all packs, and those that are small."""
    found = sorted((git_dir / "objects" / "pack").glob("pack-*.pack"))
    return found, [pack for pack in found if size_of(pack) < SMALL_BYTES]


def has_many_branches(git_dir: Path) -> bool:
    """Say whether so many notebooks have a file for their newest version that one is better."""
    folder = git_dir / FOLDER
    return folder.is_dir() and sum(1 for _ in folder.iterdir()) >= BRANCHES


def size_of(file: Path) -> int:
    """Return a file's size in bytes, 0 for one that went."""
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


def tidy_apart(git_dir: Path, *, everything: bool = False) -> int:
    """Do in another process what is worth it, or all; return how many bytes were freed.

    Raises ``OSError``, and ``StateUnusable`` where it could not be done.
    """
    if not (everything or _is_due(git_dir)):
        return 0
    what = f"The history in {git_dir} could not be packed."
    command = [sys.executable, "-m", "jupyter_secure.store.history_packing", str(git_dir)]
    try:
        done = subprocess.run(
            [*command, *(["everything"] if everything else [])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            # `-m` looks for modules in the current folder first, and that may be anybody's.
            cwd=Path(sys.executable).anchor,
            timeout=_HOUR_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StateUnusable(
            what, why="It took more than an hour.", remedy="Look whether the disk is well."
        ) from None
    if done.returncode == 0:
        return int(done.stdout)
    why = f"{done.stderr.strip().rpartition(chr(10))[2].rstrip('.')}."
    if done.returncode < 0:
        why = f"Packing was ended by signal {-done.returncode}."
    raise StateUnusable(
        what,
        why=why,
        remedy="Versions are kept all the same. Make sure that the disk has room and is well; "
        "`jupyter secure history verify` says what is damaged.",
    )


def _is_due(git_dir: Path) -> bool:
    every, small = packs(git_dir)
    return (
        len(small) >= SMALL_PACKS
        or len(every) - len(small) >= PACKS
        or len(loose_objects(git_dir)) >= LOOSE
        or has_many_branches(git_dir)
    )
