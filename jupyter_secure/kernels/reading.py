"""A sealed file, read in a kernel: one stream while it is read on, parts where it is jumped in."""

from __future__ import annotations

import io
from http.client import HTTPException
from typing import Any

from jupyter_secure.kernels.transport import Answer, FileChanged, Transport

# Bytes. What a jump fetches first; doubled with each part that is read to its end.
_FIRST_PART = 256 * 1024
# From here on the rest is fetched as one stream.
_LAST_PART = 8 * 1024 * 1024
# As far ahead, what lies between is read and dropped: cheaper than a new question.
_SHORT_JUMP = 128 * 1024
#: What one call asks for at least.
BUFFER_BYTES = 256 * 1024


class RemoteReader(io.RawIOBase):
    """Reads one version of one file; whoever saves meanwhile is noticed, and never mixed in."""

    def __init__(self, transport: Transport, path: str, size: int, tag: str) -> None:
        super().__init__()
        self._transport = transport
        self._path = path
        self._size = size
        self._tag = tag
        self._at = 0
        self._answer: Answer | None = None
        self._answer_end = 0
        # How much to ask for; None is all of the rest, as whoever begins at the beginning wants.
        self._part: int | None = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere; nothing is fetched before it is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        target = base + offset
        if target < 0:
            raise ValueError("A file has no bytes before its beginning.")
        if target != self._at:
            self._jump(target)
        return self._at

    def _jump(self, target: int) -> None:
        ahead = target - self._at
        if self._answer is not None and 0 < ahead <= _SHORT_JUMP and target < self._answer_end:
            self._answer.response.read(ahead)
        else:
            self._hang_up()
            self._part = _FIRST_PART
        self._at = target

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as the file goes; return how many bytes."""
        view = memoryview(buffer).cast("B")[: max(0, self._size - self._at)]
        if not view:
            return 0
        if self._answer is None:
            self._ask(len(view))
        assert self._answer is not None
        try:
            count = self._answer.response.readinto(view[: self._answer_end - self._at])
        except (HTTPException, OSError):
            count = 0
        if not count:
            raise self._broken_off()
        self._at += count
        if self._at >= self._answer_end:
            self._hang_up()
        return count

    def readall(self) -> bytes:
        """Return the rest, in one piece of memory and not two."""
        left = max(0, self._size - self._at)
        if not left:
            return b""
        if self._answer is None or self._answer_end < self._size:
            self._hang_up()
            self._ask(left)
        assert self._answer is not None
        try:
            # Past the response's own `read`, which up to Python 3.11 makes the bytes twice.
            data = self._answer.response.fp.read(left)
        except (HTTPException, OSError):
            data = b""
        self._at += len(data)
        if len(data) != left:
            raise self._broken_off()
        self._answer.response.close()  # it is at its end, so that the connection can be kept
        self._hang_up()
        return data

    def _ask(self, wanted: int) -> None:
        """Ask for the bytes from here on, of the version that was opened."""
        end = self._size
        if self._part is not None:
            end = min(end, self._at + max(self._part, wanted))
            self._part = self._part * 2 if self._part < _LAST_PART else None
        headers = {"Range": f"bytes={self._at}-{end - 1}", "If-Match": self._tag}
        try:
            self._answer = self._transport.ask("GET", self._path, headers)
        except FileNotFoundError:
            raise FileChanged(f"“{self._path}” was deleted while it was being read.") from None
        self._answer_end = end

    def _broken_off(self) -> OSError:
        """Return why the answer ended too early, as the server says it when asked once more."""
        self._hang_up()
        self._part = _FIRST_PART
        try:
            self._ask(1)
        except OSError as error:
            return error
        self._hang_up()
        return ConnectionError(f"Reading “{self._path}” was broken off at byte {self._at}.")

    def _hang_up(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()

    def close(self) -> None:
        """Stop reading."""
        self._hang_up()
        super().close()


class SecureReader(io.BufferedReader):
    """What ``open`` returns: ``name``, ``size`` in bytes, and what every binary file has."""

    def __init__(self, raw: RemoteReader, path: str, size: int) -> None:
        super().__init__(raw, BUFFER_BYTES)
        self.path = path
        self.size = size

    @property
    def name(self) -> str:
        """The path, as it was opened."""
        return self.path
