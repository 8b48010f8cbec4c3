"""Reading a file in parts, in constant memory, sealed or not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import BinaryIO

from jupyter_secure.vault.envelope import FileClass, Flags, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault

_PART_BYTES = 256 * 1024
# Notebooks longer than this are rare, and a second look at them is cheaper than the memory.
_KEEP_BYTES = 64 * 1024 * 1024


class Download:
    """One opened file; what it returns is all of one version, whoever saves meanwhile.

    Of a sealed file the header and the end are authenticated by the time there is a Download, so
    that its ``size`` can be promised. ``modified`` is in seconds since the epoch, ``version`` a
    word that changes with every save.
    """

    def __init__(
        self,
        file: BinaryIO,
        header: Header | None,
        vault: Vault,
        *,
        name: str,
        passphrase: PassphraseKey | None = None,
    ) -> None:
        """Raise ``CorruptFile`` for a file that was cut short, and what ``vault.opener`` raises."""
        self._file = file
        #: What was true of the content when it was sealed; nothing is known of a plain file.
        self.flags = header.flags if header else Flags.NONE
        facts = os.fstat(file.fileno())
        self.modified = facts.st_mtime
        self._reader = None
        self.size = facts.st_size
        self.version = f"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"
        if header is not None:
            opener = vault.opener(
                header, expect=FileClass.CONTENT, name=name, passphrase=passphrase
            )
            self._reader = opener.at_random(self._read, facts.st_size)
            self.size = self._reader.size
            self.version = f"{header.file_id.hex()}-{header.file_version:x}-{facts.st_mtime_ns:x}"

    def parts(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes from ``start`` to before ``end``, in parts, in time for these alone.

        Raises ``CorruptFile`` instead of a part that is not authentic; what came before it is.
        Several threads may read at once.
        """
        end = self.size if end is None else min(end, self.size)
        return self._plain(start, end) if self._reader is None else self._reader.parts(start, end)

    def authentic_parts(self) -> Iterable[bytes]:
        """Return all of the content, in parts, once all of it is known to be authentic.

        Raises ``CorruptFile`` before anything is returned: for what is sent with words for an error
        in its place. What is too long to be kept until then is read twice.
        """
        if self.size <= _KEEP_BYTES:
            return list(self.parts())
        for _ in self.parts():
            pass
        return self.parts()

    def _plain(self, start: int, end: int) -> Iterator[bytes]:
        while start < end and (part := self._read(start, min(end - start, _PART_BYTES))):
            start += len(part)
            yield part

    def _read(self, offset: int, length: int) -> bytes:
        # By offset, so that readers do not move each other's place in the file.
        return os.pread(self._file.fileno(), length, offset)

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
