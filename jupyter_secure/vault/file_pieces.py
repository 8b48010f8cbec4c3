"""Sealing and opening one file piece by piece, once its data key is known."""

from __future__ import annotations

from jupyter_secure.crypto import aead
from jupyter_secure.crypto.random_access import ReadAt
from jupyter_secure.errors import CorruptFile
from jupyter_secure.vault import wrapping
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.file_reader import FileReader

_RESTORE = "Restore it from a checkpoint or a backup; it was left as it is."


class FileSealer:
    """Seals one file piece by piece: write ``header``, then all that the methods return."""

    def __init__(self, header: Header, data_key: bytes) -> None:
        #: The first bytes of the sealed file.
        self.header = bytes(header)
        self._sealer = aead.Sealer(data_key, wrapping.data_context(header.core))

    def update(self, data: aead.Buffer) -> bytes:
        """Take the next piece of content; return the next bytes of the file, possibly none."""
        return self._sealer.update(data)

    def finalize(self) -> bytes:
        """Return the last bytes of the file."""
        return self._sealer.finalize()


class FileOpener:
    """Opens the payload of one file piece by piece: give it what follows the header.

    What ``update`` returns is authentic; that it is everything is known once ``finalize`` returns.
    It holds the data key of this one file, and goes on working if the vault is sealed meanwhile.
    """

    def __init__(self, header: Header, data_key: bytes, name: str) -> None:
        self.header = header
        self._name = name
        self._data_key = data_key
        self._opener = aead.Opener(data_key, wrapping.data_context(header.core))

    def update(self, payload: aead.Buffer) -> bytes:
        """Take the next piece of payload; return content. Raises ``CorruptFile``."""
        try:
            return self._opener.update(payload)
        except aead.InvalidSeal:
            raise self._corrupt() from None

    def finalize(self) -> bytes:
        """Return the last content. Raises ``CorruptFile`` if the file was cut short."""
        try:
            return self._opener.finalize()
        except aead.InvalidSeal:
            raise self._corrupt() from None

    def at_random(self, read: ReadAt, file_bytes: int) -> FileReader:
        """Open parts in any order instead, by ``read`` from the whole file of ``file_bytes``.

        Raises ``CorruptFile`` if the file was cut short.
        """
        return FileReader(self.header, self._data_key, self._name, read, file_bytes)

    def _corrupt(self) -> CorruptFile:
        return CorruptFile(
            f"{self._name} is damaged.",
            why="Its content was altered or cut short after it was sealed.",
            remedy=_RESTORE,
        )
