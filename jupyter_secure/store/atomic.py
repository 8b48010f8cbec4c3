"""Writing files so that a reader finds either all of the old content or all of the new.

Temporary file in the same folder → fsync → rename over the target → fsync of the folder. A kill or
a power cut at any point leaves the old file or the new one, and at most a temporary file behind.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from jupyter_secure.errors import InvalidInput, StorageFailed

Buffer: TypeAlias = bytes | bytearray | memoryview

TEMPORARY_PREFIX = ".~jsec-"
_TEMPORARY_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{16}")

#: How long a temporary file must have been untouched before it counts as left behind.
STALE_SECONDS = 24 * 3600.0


def write_atomically(
    path: Path, chunks: Buffer | Iterable[Buffer], *, mode: int | None = None
) -> None:
    """Replace the content of a file, all or nothing; details as ``AtomicFile``.

    An error raised by ``chunks`` itself passes through unchanged, and the file keeps its content.
    """
    with AtomicFile(path, mode=mode) as file:
        if isinstance(chunks, (bytes, bytearray, memoryview)):
            file.write(chunks)
        else:
            for chunk in chunks:
                file.write(chunk)


class AtomicFile:
    """A file that comes into place on ``commit``, or on leaving a ``with`` without an exception.

    ``mode`` are the permission bits; None keeps those of the existing file, and gives a new one
    what the umask allows. A symbolic link stays, and what it points to is replaced. Hard links are
    parted: the other names keep the old content.

    Every method raises ``StorageFailed`` when the operating system refuses; the temporary file is
    then gone and the old file untouched. Raises ``InvalidInput`` for a name that no file can have.
    For one thread at a time.
    """

    def __init__(self, path: Path, *, mode: int | None = None) -> None:
        self.path = path
        try:
            # Resolved, because renaming onto a link would replace the link.
            self._target = Path(os.path.realpath(path))
        except ValueError:
            # A NUL, or text that the file system cannot encode.
            raise InvalidInput(
                f"{str(path)!r} cannot be the name of a file.", remedy="Choose another name."
            ) from None
        self._temporary = self._target.with_name(TEMPORARY_PREFIX + secrets.token_hex(8))
        self._descriptor = -1
        try:
            existing = _stat_replaceable(self._target)
            kept = stat.S_IMODE(existing.st_mode) if existing and mode is None else mode
            # O_EXCL: what lies there under this name, planted or left behind, is never written to.
            self._descriptor = os.open(
                self._temporary,
                os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0),
                0o666 if kept is None else 0o600,
            )
            if existing is not None:
                _keep_owner(self._descriptor, existing)
            # After the owner: changing that clears bits.
            if kept is not None and os.name == "posix":
                os.fchmod(self._descriptor, kept)
        except OSError as error:
            raise self._failed(error) from error

    def write(self, data: Buffer) -> None:
        """Append to what will be the new content."""
        view = memoryview(data).cast("B")
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            raise self._failed(error) from error

    def commit(self) -> None:
        """Put the new content in place, on the disk and not only in a cache."""
        try:
            os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            self._temporary.replace(self._target)
        except OSError as error:
            raise self._failed(error) from error
        _sync_folder(self._target.parent)

    def abort(self) -> None:
        """Throw the new content away; the old stays. After ``commit`` or twice it does nothing."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1
        with contextlib.suppress(OSError):
            self._temporary.unlink()

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.abort()

    def _failed(self, error: OSError) -> StorageFailed:
        self.abort()
        why, remedy = _explain(error)
        return StorageFailed(
            f"{self.path} could not be written; it is as it was before.", why=why, remedy=remedy
        )


def remove_debris(folder: Path, *, older_than: float = STALE_SECONDS) -> int:
    """Delete temporary files that a crash left in a folder; return how many.

    Only regular files named as ours and untouched for ``older_than`` seconds, so that a write in
    progress is left alone. Raises nothing: what cannot be deleted now may be later.
    """
    removed = 0
    before = time.time() - older_than
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _TEMPORARY_NAME.fullmatch(entry.name):
                continue
            with contextlib.suppress(OSError):
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode) and facts.st_mtime <= before:
                    Path(entry.path).unlink()
                    removed += 1
    return removed


def _stat_replaceable(target: Path) -> os.stat_result | None:
    """Return the facts of the file to be replaced, or None if there is none."""
    try:
        facts = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EINVAL, "It is a device or a pipe")
    # A rename would get past this: it asks for the right to write the folder only.
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return facts


def _keep_owner(descriptor: int, existing: os.stat_result) -> None:
    """Keep owner and group where we may; a shared folder's files stay its group's."""
    if os.name != "posix":
        return
    created = os.fstat(descriptor)
    if (created.st_uid, created.st_gid) != (existing.st_uid, existing.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, existing.st_uid, existing.st_gid)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system offers it.

    A failure is not reported as a failed write: the new content is complete and in place, and a
    caller told otherwise would take the old one to be there still.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_EXPLANATIONS = {
    errno.ENOSPC: ("The disk is full.", "Free some space and save again."),
    errno.EDQUOT: ("Your disk quota is used up.", "Delete some files and save again."),
    errno.EROFS: ("The file system is read-only.", "Save to another place."),
    errno.EACCES: ("The permissions of the file or its folder do not allow it.", "Change them."),
    errno.EPERM: ("The permissions of the file or its folder do not allow it.", "Change them."),
    errno.ENOENT: ("Its folder does not exist.", "Make the folder first."),
    errno.ENOTDIR: ("What should be its folder is a file.", "Choose another place."),
    errno.EISDIR: ("It is a folder.", "Choose another name."),
    errno.ENAMETOOLONG: ("Its name is too long.", "Choose a shorter name."),
    errno.EFBIG: ("It is larger than the file system or a limit allows.", "Make it smaller."),
    errno.EMFILE: ("Too many files are open.", "Close some notebooks and save again."),
}


def _explain(error: OSError) -> tuple[str, str]:
    known = _EXPLANATIONS.get(error.errno or 0)
    return known or (f"{error.strerror or 'The system gave no reason'}.", "Try again.")
