"""Replacing several files that belong together in one step, though each has its own name.

The names are symbolic links into a folder that is itself named by one link, ``current``:
``cert.pem → current/cert.pem``, ``current → set-4f…/``. A new set is written whole beside the old
one, and then that one link is exchanged, which a file system does at once. Whoever looks at any
moment, also after a kill or a power cut, finds all of the old files or all of the new.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from jupyter_secure.errors import StorageFailed
from jupyter_secure.store.atomic import sync_folder, write_atomically
from jupyter_secure.store.temporary import TEMPORARY_PREFIX

_CURRENT = "current"
_SET = "set-"
# A folder that was not linked for so long was left by a process that ended half-way.
_STALE_SECONDS = 3600.0


def replace_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Replace the files of these names in ``folder`` all at once, each with mode 0600.

    Plain files of these names are turned into links first, without a change of what they hold.
    Raises StorageFailed; the files are then as they were before.
    """
    new: Path | None = None
    try:
        before = {_linked(folder)}
        new = _write_set(folder, contents)
        if any(not _is_linked(folder / name) for name in contents):
            _adopt(folder, list(contents))
            before.add(_linked(folder))
        _point(folder / _CURRENT, new.name)
        sync_folder(folder)
    except (OSError, StorageFailed) as error:
        if new is not None and _linked(folder) != new.name:
            shutil.rmtree(new, ignore_errors=True)
        raise StorageFailed(
            f"The files in {folder} could not be replaced; they are as they were before.",
            why=f"{getattr(error, 'strerror', None) or type(error).__name__}.",
            remedy="It takes a file system with symbolic links, room, and the right to write.",
        ) from None
    _remove_old(folder, before)


def _write_set(folder: Path, contents: Mapping[str, bytes]) -> Path:
    made = folder / f"{_SET}{secrets.token_hex(8)}"
    made.mkdir(mode=0o700)
    for name, content in contents.items():
        write_atomically(made / name, content, mode=0o600)
    return made


def _adopt(folder: Path, names: list[str]) -> None:
    """Turn plain files into links, one after the other; each holds the same before and after."""
    # A name that is missing is missing on: there was no whole set to keep.
    held = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    _point(folder / _CURRENT, _write_set(folder, held).name)
    sync_folder(folder)
    for name in names:
        _point(folder / name, f"{_CURRENT}/{name}")


def _point(link: Path, target: str) -> None:
    """Make ``link`` lead to ``target``, replacing at once what has that name."""
    made = link.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
    made.symlink_to(target)
    try:
        made.replace(link)
    except OSError:
        made.unlink()
        raise


def _is_linked(path: Path) -> bool:
    return path.is_symlink() and os.readlink(path) == f"{_CURRENT}/{path.name}"


def _linked(folder: Path) -> str:
    try:
        return os.readlink(folder / _CURRENT)
    except OSError:
        return ""


def _remove_old(folder: Path, before: set[str]) -> None:
    """Delete sets that are not in use: an old key is worth nothing to anyone but a thief."""
    now = _linked(folder)
    for made in folder.glob(f"{_SET}*"):
        with contextlib.suppress(OSError):
            # A young one that is not linked may be another process's, about to be.
            is_stale = time.time() - made.stat().st_mtime > _STALE_SECONDS
            if made.name != now and (made.name in before or is_stale):
                shutil.rmtree(made)
