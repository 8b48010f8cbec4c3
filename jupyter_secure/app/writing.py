"""New content for one file that comes in parts."""

from __future__ import annotations

from jupyter_secure.store.atomic import AtomicFile
from jupyter_secure.vault.vault import FileSealer


class Writing:
    """New content for one file that comes in parts, sealed from the first."""

    def __init__(self, file: AtomicFile, sealer: FileSealer | None) -> None:
        self._file = file
        self._sealer = sealer
        #: How many bytes of content have come.
        self.size = 0
        if sealer is not None:
            file.write(sealer.header)

    @property
    def is_sealed(self) -> bool:
        """Whether what is written is sealed; decided when it began."""
        return self._sealer is not None

    def update(self, data: bytes) -> None:
        """Take the next part."""
        self.size += len(data)
        self._file.write(self._sealer.update(data) if self._sealer else data)

    def commit(self) -> None:
        """Put the new content in place."""
        if self._sealer is not None:
            self._file.write(self._sealer.finalize())
        self._file.commit()

    def abort(self) -> None:
        """Throw it away; the old content stays."""
        self._file.abort()
