"""Temporary files, and how to tell one that is being written from one that a crash left behind.

Whoever writes one holds a lock (``flock``) on it, which the system drops with the process, however
that ends. A file whose lock is free has lost its writer. That holds within one running kernel only:
over a network file system the lock of another machine may not show. So the name carries a mark of
the kernel that made the file, and of a file with another mark, or on a system without such locks,
nothing but its age can tell.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import sys
from functools import cache
from pathlib import Path

if sys.platform != "win32":
    import fcntl

TEMPORARY_PREFIX = ".~jsec-"
_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{16}")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4): new at every start of the kernel
_MARK_DIGITS = 8
_TRIES = 100


def is_temporary(name: str) -> bool:
    """Say whether a file of that name is one of ours."""
    return _NAME.fullmatch(name) is not None


def create(target: Path, mode: int) -> tuple[Path, int, int]:
    """Make a temporary file beside ``target``; return its path and two descriptors.

    The first is for writing. The second holds the lock, which stays until both are closed. Raises
    ``OSError``.
    """
    for _ in range(_TRIES):
        path = target.with_name(TEMPORARY_PREFIX + _mark() + secrets.token_hex(_free_digits()))
        # O_EXCL: what lies there under this name, planted or left behind, is never written to.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags, mode)
        except FileExistsError:
            continue
        try:
            if _hold(descriptor):
                return path, descriptor, os.dup(descriptor)
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        # Somebody clearing up came between the making and the lock: the file is theirs.
        os.close(descriptor)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def remove_if_left_behind(path: Path, before: float) -> bool:
    """Delete the temporary file at ``path`` if nobody is writing it; return whether it is gone.

    Where the lock cannot tell, it counts as left behind if it was last changed ``before`` then, in
    seconds since the epoch. Raises ``OSError``.
    """
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        return False
    if not _marked_as_ours(path.name):
        if facts.st_mtime > before:
            return False
        path.unlink()
        return True
    # O_NOFOLLOW, O_NONBLOCK: a link or a pipe that took the name meanwhile is not gone along with.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        try:
            free = _lock(descriptor)
        except OSError:  # no such locks here
            free = facts.st_mtime <= before
        if free:
            # With the lock held: a writer that has only just made the file sees that it is lost.
            path.unlink()
        return free
    finally:
        os.close(descriptor)


@cache
def _mark() -> str:
    """Return what tells this run of this kernel from others; empty where that is not known."""
    if sys.platform == "win32":
        return ""
    try:
        boot = _BOOT_ID.read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(boot).hexdigest()[:_MARK_DIGITS] if boot else ""


def _free_digits() -> int:
    return (16 - len(_mark())) // 2


def _marked_as_ours(name: str) -> bool:
    return bool(_mark()) and name.startswith(TEMPORARY_PREFIX + _mark())


def _hold(descriptor: int) -> bool:
    """Lock the new file; return False if it was taken for left behind before that."""
    try:
        return _lock(descriptor) and os.fstat(descriptor).st_nlink > 0
    except OSError:
        # A file system without locks: its files are told by their age.
        return True


def _lock(descriptor: int) -> bool:
    """Take the lock if it is free. Raises ``OSError`` where there is none."""
    if sys.platform == "win32":
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
