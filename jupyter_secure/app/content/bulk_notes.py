"""Telling the catalogue of many sealed files without a transaction for each."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jupyter_secure.app.content.in_place import Hooks
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.errors import VaultSealed
from jupyter_secure.vault.catalogue_rows import Sealing

_AT_ONCE = 100


class BulkNotes:
    """Keeps what was sealed for a moment and notes it together; safe for several threads.

    A note that is lost with the process does no harm: of a place where nothing is known, the file
    is taken as it is. So the opposite, that a file is plain now, is not kept back.
    """

    def __init__(self, provenance: Provenance, hooks: Hooks) -> None:
        self._provenance = provenance
        self._tell = hooks.left
        self._kept: dict[Path, Sealing] = {}
        self._lock = threading.Lock()
        #: The hooks that were given, with this taking part.
        self.hooks = replace(hooks, left=self._left, ended=self._ended)

    def _left(self, path: Path, sealing: Sealing | None) -> None:
        if sealing is None:
            self._tell(path, None)
            return
        with self._lock:
            self._kept[path] = sealing
            if len(self._kept) >= _AT_ONCE:
                self._note()

    def _ended(self) -> None:
        with self._lock, suppress(VaultSealed):
            self._note()

    def _note(self) -> None:
        kept, self._kept = self._kept, {}
        if kept:
            self._provenance.saved_all(kept)
