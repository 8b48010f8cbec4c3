"""Writing files so that a reader finds either all of the old content or all of the new.

Temporary file in the same folder → fsync → rename over the target → fsync of the folder. A kill or
a power cut at any point leaves the old file or the new one, and at most a temporary file behind.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from jupyter_secure.errors import Conflict, InvalidInput, StorageFailed
from jupyter_secure.store import temporary
from jupyter_secure.store.disk_errors import explain
from jupyter_secure.store.permissions import keep_permissions

Buffer: TypeAlias = bytes | bytearray | memoryview

#: How long a temporary file must have been untouched before it counts as left behind, where its
#: writer cannot be asked after (``temporary``).
STALE_SECONDS = 24 * 3600.0
# As much is written before the disk is asked to begin; smaller files are synced in one go.
_WRITE_OUT_BYTES = 8 * 1024 * 1024


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

    ``unchanged`` are the facts of the present file, where the new content is made from it: if that
    is not the file to be replaced any more, ``commit`` raises ``Conflict`` and leaves it alone.

    With ``folder_later`` the caller calls ``sync_folder`` when all files of the folder are done: a
    power cut before that may leave the old file, whole, as one before ``commit`` would.

    Every method raises ``StorageFailed`` when the operating system refuses; the temporary file is
    then gone and the old file untouched. Raises ``InvalidInput`` for a name that no file can have.
    For one thread at a time.
    """

    def __init__(
        self,
        path: Path,
        *,
        mode: int | None = None,
        unchanged: os.stat_result | None = None,
        folder_later: bool = False,
    ) -> None:
        self.path = path
        self._unchanged = unchanged
        self._folder_later = folder_later
        try:
            # Resolved, because renaming onto a link would replace the link.
            self._target = Path(os.path.realpath(path))
        except ValueError:
            # A NUL, or text that the file system cannot encode.
            raise InvalidInput(
                f"{str(path)!r} cannot be the name of a file.", remedy="Choose another name."
            ) from None
        self._temporary: Path | None = None
        self._descriptor = self._held = -1
        self._size = self._begun = 0
        try:
            existing = _stat_replaceable(self._target)
            self._temporary, self._descriptor, self._held = temporary.create(
                self._target, 0o666 if existing is None and mode is None else 0o600
            )
            if existing is not None:
                keep_permissions(self._descriptor, self._target, existing)
            if mode is not None and os.name == "posix":
                os.fchmod(self._descriptor, mode)
        except OSError as error:
            raise self._failed(error) from error

    @property
    def place(self) -> Path:
        """What will be replaced: the path after every link was followed, once and for all."""
        return self._target

    def write(self, data: Buffer) -> None:
        """Append to what will be the new content."""
        view = memoryview(data).cast("B")
        try:
            while view:
                written = os.write(self._descriptor, view)
                self._size += written
                view = view[written:]
        except OSError as error:
            raise self._failed(error) from error
        if self._size - self._begun >= _WRITE_OUT_BYTES:
            self._begin_writing_out()

    def _begin_writing_out(self) -> None:
        """Let the disk begin with what has come, so that ``finish`` has less to wait for.

        Promises nothing: what counts is that ``finish`` syncs it all. The advice "not needed" is
        how Linux is told, posix_fadvise(2); what is not on the disk yet stays in memory.
        """
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                begun, count = self._begun, self._size - self._begun
                os.posix_fadvise(self._descriptor, begun, count, os.POSIX_FADV_DONTNEED)
        self._begun = self._size

    def finish(self) -> Path:
        """Bring the new content onto the disk, not yet in place; return where it lies until then.

        For whoever reads it back before the old one goes. Nothing can be added afterwards.
        """
        assert self._temporary is not None
        if self._descriptor < 0:
            return self._temporary
        try:
            os.fsync(self._descriptor)
            # Given up before it is closed: a descriptor is gone even when closing it fails, and a
            # second try could hit a file that another thread has opened meanwhile.
            descriptor, self._descriptor = self._descriptor, -1
            # Before the rename, as some file systems write only now; the lock lasts beyond it.
            os.close(descriptor)
        except OSError as error:
            raise self._failed(error) from error
        return self._temporary

    def commit(self) -> None:
        """Put the new content in place, on the disk and not only in a cache."""
        temporary_path = self.finish()
        try:
            if os.name != "posix":  # which renames no file that is open
                self._let_go()
            # As late as can be, after all the waiting for the disk.
            self._check_unchanged()
            temporary_path.replace(self._target)
        except OSError as error:
            raise self._failed(error) from error
        self._temporary = None
        self._let_go()
        if not self._folder_later:
            sync_folder(self._target.parent)

    def keep_times(self, of: os.stat_result) -> None:
        """Give the new content the times of ``of``; call it after the last ``write``."""
        try:
            # On the temporary file: whoever sees the new content sees these times with it.
            os.utime(self._temporary or self._target, ns=(of.st_atime_ns, of.st_mtime_ns))
        except OSError as error:
            raise self._failed(error) from error

    def _check_unchanged(self) -> None:
        if self._unchanged is None:
            return
        with contextlib.suppress(FileNotFoundError):
            if _same(self._target.stat(), self._unchanged):
                return
        self.abort()
        raise Conflict(
            f"{self.path} was changed by another program just now.",
            why="Replacing it would have lost that change, so it was left alone.",
            remedy="Close it elsewhere and try again.",
        )

    def abort(self) -> None:
        """Throw the new content away; the old stays. After ``commit`` or twice it does nothing."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._let_go()
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._temporary.unlink()
            self._temporary = None

    def _let_go(self) -> None:
        """Drop the lock on the temporary file."""
        if self._held >= 0:
            held, self._held = self._held, -1
            with contextlib.suppress(OSError):
                os.close(held)

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.abort()  # nothing to do, unless a Ctrl-C came in the middle

    def _failed(self, error: OSError) -> StorageFailed:
        self.abort()
        why, remedy = explain(error)
        return StorageFailed(
            f"{self.path} could not be written; it is as it was before.", why=why, remedy=remedy
        )


def remove_debris(folder: Path, *, older_than: float = STALE_SECONDS) -> int:
    """Delete temporary files that a crash left in a folder; return how many.

    Only regular files named as ours and left by their writer: this machine's at once, others after
    ``older_than`` seconds untouched. Raises nothing: what cannot be deleted now may be later.
    """
    removed = 0
    before = time.time() - older_than
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if temporary.is_temporary(entry.name):
                with contextlib.suppress(OSError):
                    removed += temporary.remove_if_left_behind(Path(entry.path), before)
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


def _same(now: os.stat_result, before: os.stat_result) -> bool:
    return (now.st_ino, now.st_mtime_ns, now.st_size) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_size,
    )


def sync_folder(folder: Path) -> None:
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
