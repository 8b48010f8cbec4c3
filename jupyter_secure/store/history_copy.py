"""What a backup holds of the history: whole, also while versions are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from jupyter_secure.store.history import DIRECTORY, KEYS, PRIVATE
from jupyter_secure.store.history_tidying import TIDYING_FILE
from jupyter_secure.store.one_writer import OneWriter
from jupyter_secure.store.temporary import is_temporary


@contextmanager
def files_to_copy(state_dir: Path) -> Iterator[Iterator[Path]]:
    """Give the files of the history in the order in which they are to be copied; maybe none.

    The branches come first: objects are only added while nobody tidies, which nobody does in the
    block, so all that they lead to is there when its turn comes.
    """
    git = state_dir / DIRECTORY
    if not git.is_dir():
        yield iter(())
        return
    with OneWriter(state_dir, TIDYING_FILE):
        yield (path for path in _in_order(git) if path.is_file() and not _unfinished(path))


def _in_order(git: Path) -> Iterator[Path]:
    # Loose branches before the packed ones: a branch only ever moves from there to here.
    first = [*(git / "refs").rglob("*"), git / "packed-refs", git / "HEAD", git / "config"]
    return chain(first, *((git / name).rglob("*") for name in (KEYS, PRIVATE, "objects")))


def _unfinished(path: Path) -> bool:
    return path.suffix == ".lock" or is_temporary(path.name)
