"""What is told of every save, so that it can be got back later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from jupyter_secure.history.version import Kind
from jupyter_secure.locks import Actor, Lock
from jupyter_secure.vault.envelope import Flags
from jupyter_secure.vault.passphrase import PassphraseKey


@dataclass(frozen=True)
class Saved:
    """What was just saved: which file, where (relative to the root), its content, and by whom."""

    file_id: bytes
    path: str
    content: bytes
    actor: Actor
    passphrase: PassphraseKey | None = None
    flags: Flags = Flags.NONE


class Origin(NamedTuple):
    """Why something is saved, and which version is put back by it."""

    kind: Kind = Kind.AUTOMATIC
    restored: int | None = None


SAVED = Origin()


class Saves(Protocol):
    """Is told of sealed files; ``app.history.keeping`` keeps versions of them."""

    def most(self, path: str) -> int:
        """Return how large a file of that name may be to be taken, in bytes; -1 for none."""
        ...

    def saved(self, saved: Saved, origin: Origin) -> None:
        """Take what is on the disk already. Never raises: the save is done."""
        ...

    def saved_by_hand(self, saved: Saved) -> None:
        """Take what somebody wants kept. Raises if it was not."""
        ...

    def resealing(
        self, file_id: bytes, session: str, passphrase: PassphraseKey | None
    ) -> Callable[[], None]:
        """Prepare to put what was kept of a file under ``passphrase``, or under none.

        What is returned does it. Raises ``PassphraseRequired`` if it does not open in ``session``.
        """
        ...

    def deleted(self, locks: Iterable[Lock]) -> None:
        """Withhold what was kept of deleted files from whom these locks withheld them."""
        ...


class NoSaves:
    """Takes nothing: for places without a history."""

    def most(self, path: str) -> int:  # noqa: ARG002  # the port's form
        """See ``Saves.most``."""
        return -1

    def saved(self, saved: Saved, origin: Origin) -> None:
        """See ``Saves.saved``."""

    def saved_by_hand(self, saved: Saved) -> None:
        """See ``Saves.saved_by_hand``."""

    def resealing(
        self,
        file_id: bytes,  # noqa: ARG002  # as above
        session: str,  # noqa: ARG002
        passphrase: PassphraseKey | None,  # noqa: ARG002
    ) -> Callable[[], None]:
        """See ``Saves.resealing``."""
        return lambda: None

    def deleted(self, locks: Iterable[Lock]) -> None:
        """See ``Saves.deleted``."""
