"""The folder of the record: the names in it, its lock, and what lies there already."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_secure.crypto import signing
from jupyter_secure.errors import RecordUnwritable, SecureError
from jupyter_secure.store.atomic import write_atomically

if sys.platform != "win32":
    import fcntl

#: The folder in the state directory.
AUDIT_DIRECTORY = "audit"
HEAD_FILE = "head"
LOCK_FILE = "lock"
SIGNING_FILE = "signing.key"
CHECKPOINTS_FILE = "checkpoints.jsonl"
REMOVED_FILE = "removed.json"
INDEX_FILE = "index.db"

_SEGMENT = re.compile(r"record-(\d{8,10})\.jsonl")


def segment_path(folder: Path, number: int) -> Path:
    """Return where a segment lies."""
    return folder / f"record-{number:08}.jsonl"


def segments(folder: Path) -> list[int]:
    """Return the numbers of the segments that are there, in order. Raises ``OSError``."""
    found = (_SEGMENT.fullmatch(entry.name) for entry in os.scandir(folder))
    return sorted(int(match[1]) for match in found if match)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other writers of the record out for the block, those of other processes too.

    The system drops the lock with the process. Raises ``OSError``.
    """
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> None:
    """Wait for the lock on an open lock file; where there are no locks, go on."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def try_lock(descriptor: int) -> bool:
    """As ``lock``, if nobody else has it; return whether they do not."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True


def unlock(descriptor: int) -> None:
    """Let the next one have its turn."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def signing_key(folder: Path) -> bytes:
    """Return the key that checkpoints are signed with, made at the first call.

    Raises ``OSError`` or ``StorageFailed``.
    """
    path = folder / SIGNING_FILE
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == signing.KEY_BYTES:
            return key
    key = signing.generate_key()
    write_atomically(path, key, mode=0o600)
    return key


def same_file(descriptor: int, there: os.stat_result) -> bool:
    """Tell whether an open file is the one that ``there`` is of."""
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of ``data``. Raises ``OSError``, with a part of it written, maybe."""
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], offset + written)


def unwritable(error: OSError | SecureError) -> RecordUnwritable:
    """Return the error for a record that cannot be written, with its cause in words."""
    if isinstance(error, RecordUnwritable):
        return error
    if isinstance(error, SecureError):
        return RecordUnwritable(f"{error.what} {error.remedy}".strip())
    return RecordUnwritable(f"{error.strerror or type(error).__name__}.")
