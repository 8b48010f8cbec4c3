"""Opening files: what their first bytes say, and what goes wrong in words."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_secure.app.content.place import real_path
from jupyter_secure.errors import CorruptFile, InvalidInput, NotFound, Refused, StorageFailed
from jupyter_secure.vault.catalogue_rows import SALT_BYTES, Sealing
from jupyter_secure.vault.envelope import (
    BASE_HEADER_BYTES,
    Flags,
    Header,
    header_bytes,
    is_sealed,
    plaintext_size,
    read_prefix,
)
from jupyter_secure.vault.file_pieces import FileOpener

#: How much of a file is read first, for its header: all of what is small.
FIRST_BYTES = 256 * 1024


@dataclass(frozen=True)
class Facts:
    """What can be told of a file without its key. ``size`` is that of the content, in bytes."""

    size: int
    sealed: bool


def facts_of(path: str | Path) -> Facts:
    """Look at the beginning of a file; ``OSError`` as ``open`` raises."""
    with open(path, "rb", opener=at_once) as file:
        size = os.fstat(file.fileno()).st_size
        prefix = file.read(BASE_HEADER_BYTES)
    if not is_sealed(prefix):
        return Facts(size, sealed=False)
    try:
        return Facts(plaintext_size(size, header_bytes(prefix)), sealed=True)
    except CorruptFile:
        # A listing must not fail for one damaged file; opening it says what is wrong.
        return Facts(size, sealed=True)


@dataclass(frozen=True)
class Reading:
    """The content of a file, and the header it was sealed under (``None`` for a plain file)."""

    data: bytes
    header: Header | None

    @property
    def flags(self) -> Flags:
        """What was true of the content when it was sealed; nothing is known of a plain file."""
        return self.header.flags if self.header else Flags.NONE


def opened_whole(
    rest: io.BufferedIOBase, first: bytes, header: Header, opener: FileOpener
) -> bytes:
    """Return the content of a file: ``first``, with the header, was read already, not ``rest``.

    All or nothing; raises ``CorruptFile``. In pieces that the memory is at hand for: asking the
    system for as much as a large file has takes longer than opening it.
    """
    result = io.BytesIO()
    result.write(opener.update(memoryview(first)[header.size :]))
    if len(first) == FIRST_BYTES:
        piece = bytearray(FIRST_BYTES)
        view = memoryview(piece)
        while count := rest.readinto(piece):
            result.write(opener.update(view[:count]))
    result.write(opener.finalize())
    return result.getvalue()


def at_once(path: str, flags: int) -> int:
    """Open what lies at ``path`` for ``open``; raise ``InvalidInput`` for what is no file.

    A pipe is not waited for: who put it there may never take its other end.
    """
    try:
        descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    except BlockingIOError:  # a lease, as file servers hold; the system asks for it back
        descriptor = os.open(path, flags)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind in (stat.S_IFREG, stat.S_IFDIR):  # of a folder ``open`` says so itself
        return descriptor
    os.close(descriptor)
    raise InvalidInput(f"“{Path(path).name}” is no file.")


def in_memory(path: str) -> bytes | None:
    """Return all of a file that is small and that the system has in memory; otherwise None.

    For who must not wait. Where the system cannot say what it has in memory, that is None too:
    preadv2(2), RWF_NOWAIT, which network file systems do not offer.
    """
    if not hasattr(os, "RWF_NOWAIT"):
        return None
    try:
        # O_NONBLOCK: a pipe that took the name is not waited for either.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size >= FIRST_BYTES:
            return None
        data = bytearray(facts.st_size)
        count = os.preadv(descriptor, [data], 0, os.RWF_NOWAIT)
        return bytes(data) if count == len(data) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def prefix_of(path: str | Path) -> bytes | None:
    """Return the first bytes of a file, None for nothing, or nothing that can become a file.

    Raises as ``explained`` does for a file that cannot be looked at.
    """
    with explained(path):
        try:
            with open(real_path(path), "rb", opener=at_once) as file:
                return read_prefix(file.read)
        except OSError:
            if os.path.isfile(path):
                raise
            return None


def header_of(file: BinaryIO, name: str) -> Header | None:
    """Read the header of an open file, and leave the position behind it; 0 for a plain file."""
    prefix = read_prefix(file.read)
    if is_sealed(prefix[:8]):
        return Header.parse(prefix, name=f"“{name}”")
    file.seek(0)
    return None


def sealing_in(file: BinaryIO, header: Header | None) -> Sealing | None:
    """Return which sealing an open file is, whose position is behind its header and stays there."""
    if header is None:
        return None
    salt = file.read(SALT_BYTES)
    file.seek(-len(salt), os.SEEK_CUR)
    return Sealing(header.file_id, header.file_version, salt)


def sealing_of(header: Header, blob: bytes) -> Sealing:
    """Return which sealing a whole file is."""
    salt = blob[header.size : header.size + SALT_BYTES]
    return Sealing(header.file_id, header.file_version, salt)


@contextmanager
def explained(path: str | Path) -> Iterator[None]:
    """Turn what the operating system says while reading into words."""
    name = Path(path).name
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"“{name}” does not exist.") from None
    except IsADirectoryError:
        raise InvalidInput(f"“{name}” is a folder.") from None
    except PermissionError as error:
        raise Refused(
            f"“{name}” cannot be read.",
            why="Its permissions do not allow it.",
            remedy="Change them, or ask its owner.",
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"“{name}” cannot be read.",
            why=f"{error.strerror or 'The system gave no reason'}.",
            remedy="Try again; if it stays so, have the disk looked at.",
        ) from error
