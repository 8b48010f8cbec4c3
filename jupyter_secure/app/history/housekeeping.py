"""What the history needs from time to time: thinning out, and less space."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from jupyter_secure.app.history.histories import Histories
from jupyter_secure.app.history.keeping import Keeping
from jupyter_secure.errors import SecureError

_EVERY_SECONDS = 180.0
_ALL_EVERY_SECONDS = 6 * 3600.0


class Housekeeping:
    """Does it beside a running server, on a thread of its own."""

    def __init__(
        self, histories: Histories, keeping: Keeping, *, warn: Callable[[str], None]
    ) -> None:
        """Prepare; ``warn`` is told what could not be done."""
        self._histories, self._keeping, self._warn = histories, keeping, warn
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="jupyter-secure-history", daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what is being done is finished, or cut short with the process, which is fine."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        all_at = time.monotonic() + _EVERY_SECONDS
        while not self._stop.wait(_EVERY_SECONDS):
            now = time.monotonic()
            # The others have aged as well, but nothing hurries.
            self.once(everyone=now >= all_at)
            all_at = now + _ALL_EVERY_SECONDS if now >= all_at else all_at

    def once(self, *, everyone: bool) -> None:
        """Thin out what was saved lately, or ``everyone``, and pack what has become many."""
        touched = self._keeping.take_touched()
        try:
            self._histories.thin_all(None if everyone else touched)
            self._histories.tidy()
        except Exception as error:  # noqa: BLE001  # or nobody would do it again, and say nothing
            why = error if isinstance(error, SecureError) else f"{type(error).__name__}."
            self._warn(f"The history could not be tidied up: {why}")
