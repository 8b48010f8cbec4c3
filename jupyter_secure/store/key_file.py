"""Key files on the disk. What stands in one is ``vault/key_file.py``'s business."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from jupyter_secure.errors import InvalidInput, NotFound, StateUnusable, StorageFailed
from jupyter_secure.vault.key_file import MAX_TEXT_BYTES, FileKey

_NEW = "make one with `jupyter secure vault slots add --key-file PATH`"


def read_key_file(path: Path) -> FileKey:
    """Return the key in a key file; the caller wipes it.

    A link is followed, and what it leads to is judged. Raises ``NotFound``, ``StateUnusable`` for a
    file that others can read or change, ``InvalidInput`` for one that is no key file, and
    ``StorageFailed``.
    """
    try:
        # Opening a pipe would wait for a writer; O_NONBLOCK means nothing for a regular file.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"There is no key file {path}.", remedy=f"Put it back, or {_NEW}.") from None
    except (OSError, ValueError) as error:
        raise _failed("read", path, error) from None
    try:
        # Of the open file, so that nobody puts another in its place in between.
        _require_safe(path, os.fstat(descriptor))
        text = os.read(descriptor, MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise _failed("read", path, error) from None
    finally:
        os.close(descriptor)
    return FileKey.from_text(text, name=str(path))


def make_key_file(path: Path) -> FileKey:
    """Make a new key file, mode 0600, and return its key, which is on the disk then.

    Never over a file that exists: then it raises ``FileExistsError``. Also ``StorageFailed``, and
    then there is no new file.
    """
    key = FileKey.generate()
    try:
        # No temporary file: until its slot is made nothing hangs on this one, and one that a crash
        # cut short is refused by its length.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        raise _failed("made", path, error) from None
    try:
        try:
            os.write(descriptor, key.to_text())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _sync(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _failed("made", path, error) from None
    return key


def _require_safe(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise InvalidInput(
            f"{path} is not a key file.", why="It is not a regular file.", remedy=f"Else {_NEW}."
        )
    if os.name != "posix":
        return
    if facts.st_uid not in (os.geteuid(), 0):
        raise StateUnusable(
            f"The key file {path} is not safe.",
            why="It belongs to another account, which can read and change it.",
            remedy="Give it to the account that runs Jupyter: chown ACCOUNT FILE.",
        )
    if mode := stat.S_IMODE(facts.st_mode) & 0o077:
        raise StateUnusable(
            f"The key file {path} is not safe.",
            why=f"Other accounts can read or change it (mode {stat.S_IMODE(facts.st_mode):04o})."
            if mode & 0o066
            else f"It is open to other accounts (mode {stat.S_IMODE(facts.st_mode):04o}).",
            remedy=f"Close it: chmod 600 {path}. If others could read it, make a new one.",
        )


def _sync(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(what: str, path: Path, error: OSError | ValueError) -> StorageFailed:
    why = error.strerror if isinstance(error, OSError) else "That cannot be the name of a file"
    return StorageFailed(
        f"The key file {path} cannot be {what}.",
        why=f"{why or 'The system gave no reason'}.",
        remedy="Check the path and its permissions.",
    )
