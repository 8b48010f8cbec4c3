"""Sealing the vault when nobody needs it any more: at once, or when what is unfinished is done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from jupyter_secure.vault.vault import Vault


class Sealing:
    """Seals a vault. Nobody waits for it: whoever ended the last session may be the event loop.

    Call its methods with ``lock`` held, but for ``wait``.
    """

    def __init__(self, vault: Vault, lock: threading.RLock, needed: Callable[[], bool]) -> None:
        """``needed`` says whether the vault is to stay open."""
        self._vault, self._lock, self._needed = vault, lock, needed
        #: Says whether ``finish`` would have anything to do; it waits for nothing.
        self.unfinished: Callable[[], bool] = lambda: False
        #: Does what still needs the keys. However it ends, they go then.
        self.finish: Callable[[], None] = lambda: None
        # What finishes first. One that is not here any more leaves the vault alone: a session has
        # begun since, and when that ends, what it left unfinished has its own time.
        self._finishing: threading.Thread | None = None

    def look(self) -> None:
        """Seal the vault unless it is needed, or about to be sealed."""
        if self._finishing is not None or not self._due():
            return
        if self.unfinished():
            thread = threading.Thread(target=self._finish, name="jupyter-secure-sealing")
            try:
                thread.start()
            except RuntimeError:  # the system has none left, or the process ends
                with suppress(Exception):
                    self.finish()
            else:
                self._finishing = thread
                return
        self._vault.seal()

    def not_now(self) -> None:
        """Leave the vault open, as a session has begun."""
        self._finishing = None

    def wait(self) -> None:
        """Return when the vault is sealed, if it is about to be."""
        with self._lock:
            thread = self._finishing
        if thread is not None:
            thread.join()

    def _due(self) -> bool:
        return self._vault.is_open and not self._needed()

    def _finish(self) -> None:
        # Whoever waits for what fails is told by that itself.
        with suppress(Exception):
            self.finish()
        with self._lock:
            if self._finishing is threading.current_thread():
                self._finishing = None
                if self._due():
                    self._vault.seal()
