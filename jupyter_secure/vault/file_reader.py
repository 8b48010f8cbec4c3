"""Reading any part of a sealed file, with every byte that is given out authentic."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.crypto.random_access import RandomOpener, ReadAt
from jupyter_secure.errors import CorruptFile
from jupyter_secure.vault import wrapping
from jupyter_secure.vault.envelope import Header

_RESTORE = "Restore it from a checkpoint or a backup; it was left as it is."


class FileReader:
    """Opens parts of one sealed file in any order; safe for several threads if ``read`` is.

    A file that was cut short is refused by the constructor, so that whoever has one of these knows
    how long the content is. It holds the data key of this one file, and goes on working if the
    vault is sealed meanwhile.
    """

    def __init__(
        self, header: Header, data_key: bytes, name: str, read: ReadAt, file_bytes: int
    ) -> None:
        """``read`` returns bytes of the whole file, which has ``file_bytes``.

        Raises ``CorruptFile``; ``name`` begins its message.
        """
        self.header = header
        self._name = name
        payload_at = len(bytes(header))
        try:
            self._opener = RandomOpener(
                data_key,
                wrapping.data_context(header.core),
                lambda offset, length: read(payload_at + offset, length),
                file_bytes - payload_at,
            )
        except InvalidSeal:
            raise self._corrupt() from None
        #: Bytes of content.
        self.size = self._opener.size

    def parts(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the content from ``start`` to before ``end`` (its end if None), in parts.

        Raises ``CorruptFile`` instead of a part that is not authentic; what came before it is.
        """
        try:
            yield from self._opener.parts(start, end)
        except InvalidSeal:
            raise self._corrupt() from None

    def _corrupt(self) -> CorruptFile:
        return CorruptFile(
            f"{self._name} is damaged.",
            why="Its content was altered or cut short after it was sealed.",
            remedy=_RESTORE,
        )
