"""What is saved, handed to the histories; and what could not be kept, told of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from jupyter_secure.app.content.saves import Origin, Saved
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.errors import SecureError, StateUnusable
from jupyter_secure.history.version import Kind
from jupyter_secure.locks import Lock, LockMode
from jupyter_secure.vault.passphrase import PassphraseKey

_MOST_PROBLEMS = 1000


class Keeping:
    """Implements ``app.content.saves.Saves``; safe for several threads."""

    def __init__(
        self,
        histories: Histories,
        *,
        keeps: bool = True,
        most_bytes: int = 64 << 20,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Without ``keeps`` no version is added; what there is stays under its locks all the same.

        Content of more than ``most_bytes`` is not kept. ``warn`` is told what could not be.
        """
        self._histories = histories
        self.keeps = keeps
        self._most_bytes = most_bytes
        self._warn = warn
        self._lock = threading.Lock()
        self._problems: dict[bytes, SecureError] = {}
        self._touched: set[bytes] = set()

    @property
    def problems(self) -> tuple[SecureError, ...]:
        """Why the last save of some files is no version; empty if each is."""
        with self._lock:
            return tuple(self._problems.values())

    def take_touched(self) -> set[bytes]:
        """Return the files that were saved since this was asked last."""
        with self._lock:
            touched, self._touched = self._touched, set()
        return touched

    def saved(self, saved: Saved, origin: Origin) -> None:
        """See ``Saves.saved``: what fails is reported, as the save itself did not."""
        try:
            self._keep(saved, origin)
        except SecureError as error:
            self._report(saved, error)
        except Exception as error:  # noqa: BLE001  # whatever it is, the file is on the disk
            self._report(saved, _unforeseen(error))

    def saved_by_hand(self, saved: Saved) -> None:
        """See ``Saves.saved_by_hand``."""
        try:
            self._keep(saved, Origin(Kind.MANUAL))
        except SecureError as error:
            self._report(saved, error)
            raise

    def resealing(
        self, file_id: bytes, session: str, passphrase: PassphraseKey | None
    ) -> Callable[[], None]:
        """See ``Saves.resealing``."""
        return self._histories.keys.resealing(file_id, session, passphrase)

    def deleted(self, locks: Iterable[Lock]) -> None:
        """See ``Saves.deleted``: what was private stays its owner's."""
        for lock in locks:
            if lock.mode is LockMode.PRIVATE and lock.file_id is not None:
                self._histories.withhold(lock.file_id, lock.owner)

    def _keep(self, saved: Saved, origin: Origin) -> None:
        if not self.keeps or len(saved.content) > self._most_bytes:
            return
        self._histories.keep(saved, origin.kind, restored=origin.restored)
        with self._lock:
            self._touched.add(saved.file_id)
            self._problems.pop(saved.file_id, None)

    def _report(self, saved: Saved, error: SecureError) -> None:
        self._warn(f"No version was kept of this save of “{saved.path}”: {error}")
        with self._lock:
            if len(self._problems) < _MOST_PROBLEMS:
                self._problems[saved.file_id] = error


def _unforeseen(error: Exception) -> SecureError:
    return StateUnusable(
        "A version could not be kept.",
        why=f"Something unforeseen happened ({type(error).__name__}).",
        remedy="The file itself was saved. Please report it.",
    )
