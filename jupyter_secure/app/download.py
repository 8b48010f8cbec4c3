"""Reading a file in parts, in constant memory, sealed or not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import BinaryIO

from jupyter_secure.vault.envelope import HEADER_BYTES, FileClass, Flags, Header, plaintext_size
from jupyter_secure.vault.vault import FileOpener, Vault

_PART_BYTES = 256 * 1024
# Notebooks longer than this are rare, and a second look at them is cheaper than the memory.
_KEEP_BYTES = 64 * 1024 * 1024


class Download:
    """One opened file; what it returns is all of one version, whoever saves meanwhile.

    ``size`` is that of the content, ``modified`` seconds since the epoch, ``version`` a word that
    changes with every save.
    """

    def __init__(self, file: BinaryIO, header: Header | None, vault: Vault, *, name: str) -> None:
        self._file = file
        #: What was true of the content when it was sealed; nothing is known of a plain file.
        self.flags = header.flags if header else Flags.NONE
        facts = os.fstat(file.fileno())
        self.modified = facts.st_mtime
        self._opener: Callable[[], FileOpener] | None = None
        if header is None:
            self.size = facts.st_size
            self.version = f"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"
        else:
            self._opener = partial(vault.opener, header, expect=FileClass.CONTENT, name=name)
            # Once now, so that what is wrong with the header is told before anything is promised.
            self._opener()
            self.size = plaintext_size(facts.st_size, name=name)
            self.version = f"{header.file_id.hex()}-{header.file_version:x}-{facts.st_mtime_ns:x}"

    def parts(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes from ``start`` to before ``end``, in parts.

        Raises ``CorruptFile`` at the first part that is not authentic, and at the end if the file
        was cut short.
        """
        end = self.size if end is None else min(end, self.size)
        return self._plain(start, end) if self._opener is None else self._sealed(start, end)

    def authentic_parts(self) -> Iterable[bytes]:
        """Return all of the content, in parts, once all of it is known to be authentic.

        Raises ``CorruptFile`` before anything is returned. What is too long to be kept until then
        is read twice.
        """
        if self.size <= _KEEP_BYTES:
            return list(self.parts())
        for _ in self.parts():
            pass
        return self.parts()

    def _plain(self, start: int, end: int) -> Iterator[bytes]:
        self._file.seek(start)
        left = end - start
        while left > 0 and (part := self._file.read(min(left, _PART_BYTES))):
            left -= len(part)
            yield part

    def _sealed(self, start: int, end: int) -> Iterator[bytes]:
        # Authenticated from the beginning: what comes before ``start`` is opened and dropped,
        # which costs about a second for eight gigabytes.
        assert self._opener is not None
        opener = self._opener()
        self._file.seek(HEADER_BYTES)
        at = 0
        while payload := self._file.read(_PART_BYTES):
            part = opener.update(payload)
            yield from _overlap(part, at, start, end)
            at += len(part)
            if at >= end and end < self.size:
                return
        yield from _overlap(opener.finalize(), at, start, end)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Download:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _overlap(part: bytes, at: int, start: int, end: int) -> Iterator[bytes]:
    """Return what of ``part``, which begins at ``at``, lies from ``start`` to before ``end``."""
    if wanted := part[max(0, start - at) : max(0, end - at)]:
        yield wanted
