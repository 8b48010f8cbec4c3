"""A sealed file, written in a kernel: sent as it comes, in place once it is closed."""

from __future__ import annotations

import io
from types import TracebackType
from typing import Any

from jupyter_secure.kernels.transport import Sending

#: What is collected before it is sent.
BUFFER_BYTES = 1024 * 1024


class RemoteWriter(io.RawIOBase):
    """Sends what is written. The file is as it was until ``commit``."""

    def __init__(self, sending: Sending, *, commit_on_close: bool) -> None:
        super().__init__()
        self._sending = sending
        self._commit_on_close = commit_on_close
        self._failed = self._discarded = False
        self._at = 0

    def writable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._at

    def write(self, data: Any) -> int:
        """Send ``data``."""
        view = memoryview(data).cast("B")
        if view.nbytes and not self._discarded:  # else what was still collected has nowhere to go
            try:
                self._sending.send(view)
            except BaseException:
                # Half a file must never be put in place by the `close` that follows.
                self._failed = True
                self._sending.discard()
                raise
            self._at += view.nbytes
        return view.nbytes

    def commit(self) -> None:
        """Put the file in place."""
        if not (self._failed or self._discarded):
            self._sending.finish()

    def discard(self) -> None:
        """Leave everything as it was."""
        self._discarded = True
        self._sending.discard()

    def close(self) -> None:
        """Put the file in place, unless something went wrong or a transaction does it later."""
        if not self.closed:
            super().close()
            if self._commit_on_close:
                self.commit()


class SecureWriter(io.BufferedWriter):
    """What ``open`` returns for writing; all or nothing.

    Leaving a ``with`` block by an error throws away what was written.
    """

    def __init__(self, raw: RemoteWriter, path: str) -> None:
        super().__init__(raw, BUFFER_BYTES)
        self._remote = raw
        self.path = path

    @property
    def name(self) -> str:
        """The path, as it was opened."""
        return self.path

    def commit(self) -> None:
        """Put the file in place, at the end of a transaction."""
        if not self.closed:
            self.flush()
        self._remote.commit()

    def discard(self) -> None:
        """Leave everything as it was."""
        self._remote.discard()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.discard()
        super().__exit__(kind, error, traceback)
