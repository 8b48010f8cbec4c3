"""What is saved, handed to the histories; and what could not be kept, told of."""

from __future__ import annotations

import contextlib
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
        soon: bool = False,
        most: Callable[[str], int] = lambda _: 64 << 20,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Without ``keeps`` no version is added; what there is stays under its locks all the same.

        With ``soon``, what was saved by itself is kept a moment later. ``most`` says of a path how
        many bytes its content may have to be kept. ``warn`` is told what could not be.
        """
        self._histories = histories
        self.keeps = keeps
        self._soon = soon
        self._most = most
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

    def most(self, path: str) -> int:
        """See ``Saves.most``."""
        return self._most(path) if self.keeps else -1

    def saved(self, saved: Saved, origin: Origin) -> None:
        """See ``Saves.saved``: what fails is reported, as the save itself did not."""
        if not self._is_kept(saved):
            return
        if self._soon and origin.kind is Kind.AUTOMATIC:
            self._histories.keep_soon(saved, origin, self._told)
            return
        with contextlib.suppress(Exception):  # it is told of, and the file is on the disk
            self._keep(saved, origin)

    def saved_by_hand(self, saved: Saved) -> None:
        """See ``Saves.saved_by_hand``."""
        if self._is_kept(saved):
            self._keep(saved, Origin(Kind.MANUAL))

    def resealing(
        self, file_id: bytes, session: str, passphrase: PassphraseKey | None
    ) -> Callable[[], None]:
        """See ``Saves.resealing``."""
        return self._histories.resealing(file_id, session, passphrase)

    def deleted(self, locks: Iterable[Lock]) -> None:
        """See ``Saves.deleted``: what was private stays its owner's."""
        for lock in locks:
            if lock.mode is LockMode.PRIVATE and lock.file_id is not None:
                self._histories.withhold(lock.file_id, lock.owner)

    def _is_kept(self, saved: Saved) -> bool:
        return len(saved.content) <= self.most(saved.path)

    def _keep(self, saved: Saved, origin: Origin) -> None:
        try:
            self._histories.keep(saved, origin)
        except BaseException as error:
            self._told(saved, error)
            raise
        self._told(saved, None)

    def _told(self, saved: Saved, failed: BaseException | None) -> None:
        if failed is not None:
            error = failed if isinstance(failed, SecureError) else _unforeseen(failed)
            self._warn(f"No version was kept of this save of “{saved.path}”: {error}")
        with self._lock:
            if failed is None:
                self._touched.add(saved.file_id)
                self._problems.pop(saved.file_id, None)
            elif len(self._problems) < _MOST_PROBLEMS:
                self._problems[saved.file_id] = error


def _unforeseen(error: BaseException) -> SecureError:
    return StateUnusable(
        "A version could not be kept.",
        why=f"Something unforeseen happened ({type(error).__name__}).",
        remedy="The file itself was saved. Please report it.",
    )
