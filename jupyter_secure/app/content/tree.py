"""Every file below a folder, for what looks at or changes all of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from jupyter_secure.errors import NotFound, SecureError, StorageFailed
from jupyter_secure.store.temporary import is_temporary

Failed = Callable[[Path, SecureError], None]


def regular_files(
    start: Path, failed: Failed, enter: Callable[[Path], bool] = lambda _: True
) -> Iterator[Path]:
    """Yield each regular file below the folder ``start``, or ``start`` itself if it is a file.

    In a fixed order. Links are not followed: what they point to is looked at where it lies. Files
    that are just being written, or were left half-written by a crash, are left out. A folder that
    cannot be listed, a file that cannot be asked, goes to ``failed``; what vanishes meanwhile is
    passed over. ``enter`` is asked about each folder below ``start`` when it is its turn. Raises
    ``NotFound`` when there is no ``start``.
    """
    if not start.exists():
        raise NotFound(f"There is no {start}.", remedy="Check the path.")
    if not start.is_dir():
        yield start
        return

    def unlisted(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            failed(Path(str(error.filename)), unreadable(Path(str(error.filename)), error))

    for folder, folders, names in os.walk(start, onerror=unlisted):
        if folder != os.fspath(start) and not enter(Path(folder)):
            folders.clear()
            continue
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            try:
                kind = path.lstat().st_mode
            except FileNotFoundError:
                continue
            except OSError as error:
                failed(path, unreadable(path, error))
                continue
            if stat.S_ISREG(kind) and not is_temporary(name):
                yield path


def unreadable(path: Path, error: OSError) -> StorageFailed:
    """Return the operating system's refusal in words."""
    return StorageFailed(
        f"{path} cannot be read.",
        why=f"{error.strerror or 'The system gave no reason'}.",
        remedy="Check its permissions and the disk.",
    )
