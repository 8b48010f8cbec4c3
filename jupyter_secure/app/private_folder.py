"""A folder for plaintext that must not touch the disk: in memory, private, gone after use."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jupyter_secure.errors import StorageFailed

_PREFIX = "jupyter-secure-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-\w+")
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
DEFAULT_PLACE = Path("/dev/shm")  # noqa: S108  # where Linux keeps shared memory


@contextlib.contextmanager
def private_folder(place: Path | None = None) -> Iterator[Path]:
    """Give a new empty folder with mode 0700, and remove it with all it holds at the end.

    ``place`` is where, taken as it is: whoever names one answers for it. Without it, it is made in
    memory. What a killed process left there is removed too. Raises ``StorageFailed``.
    """
    if place is None:
        place = DEFAULT_PLACE
        if not _in_memory(place):
            raise _no_place(f"{place} is not a file system in memory here.")
    remove_leftovers(place)
    try:
        folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place)
    except OSError as error:
        raise _no_place(f"{place}: {error.strerror}.") from error
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(place: Path) -> None:
    """Remove this account's folders of processes that no longer run."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(place):
            found = _NAME.fullmatch(entry.name)
            if found and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                try:
                    os.kill(int(found[1]), 0)
                except ProcessLookupError:
                    shutil.rmtree(entry.path, ignore_errors=True)
                except OSError:
                    continue


def _no_place(why: str) -> StorageFailed:
    return StorageFailed(
        "There is no place for temporary files that is not on a disk.",
        why=why,
        remedy="Name a folder in SecureConfig.conversion_dir that is in memory, or on an "
        "encrypted disk.",
    )


def _in_memory(path: Path) -> bool:
    """Tell if ``path`` itself is where a file system in memory is mounted (proc(5), "mounts")."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    kinds = [line.split(" ")[2] for line in mounts.splitlines() if line.split(" ")[1] == str(path)]
    # Mounted over one another, the last is what is seen.
    return bool(kinds) and kinds[-1] in _IN_MEMORY
