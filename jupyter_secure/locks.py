"""Locks on notebooks: who locked what, and what it takes to open it.

A lock names the real file (symbolic links resolved) by its API path, and the identity of its
sealed content, so that a copy, a hard link or a checkpoint of a locked notebook is withheld too.
The rules here are pure: they are handed the lock that applies, or ``None``, and who asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from jupyter_secure.errors import ElevationRequired, Locked, PassphraseRequired, Refused


class LockMode(str, Enum):
    """What a lock withholds.

    PRIVATE: everything, until its owner has confirmed a second factor. READ_ONLY: every change.
    SEALED: everything, from everyone, until its passphrase is given; the file itself lies under it,
    so that neither this program nor whoever has the vault's key opens it without.
    """

    PRIVATE = "private"
    READ_ONLY = "read-only"
    SEALED = "sealed"


@dataclass(frozen=True)
class Lock:
    """One locked notebook. ``path`` is relative to the root, ``/``-separated, not starting with it.

    ``file_id`` is the 16 bytes in the header of the sealed file, or ``None`` if it is not sealed.
    """

    path: str
    file_id: bytes | None
    mode: LockMode
    owner: str
    created_at: datetime


@dataclass(frozen=True)
class Actor:
    """Who asks: a user name, or ``None`` for nobody, and whether a second factor is fresh.

    ``session`` is the public id of the session it asks in, empty outside of one. ``has_passphrase``
    is about the file in question: whether its passphrase was given in that session.
    """

    username: str | None
    elevated: bool
    session: str = ""
    has_passphrase: bool = False


NOBODY = Actor(username=None, elevated=False)


class LockStore(Protocol):
    """Where locks are kept. Every method may raise ``StateUnusable``: then nothing is opened."""

    def get(self, path: str) -> Lock | None:
        """Return the lock on exactly ``path``, or ``None``."""
        ...

    def find_by_file_id(self, file_id: bytes) -> tuple[Lock, ...]:
        """Return the locks on that content, under whatever paths; the strictest comes first."""
        ...

    def under(self, prefix: str) -> tuple[Lock, ...]:
        """Return the locks on ``prefix`` itself and on everything below it; ``""`` is the root."""
        ...

    def put(self, lock: Lock) -> None:
        """Keep a lock, in place of one that the same owner holds there.

        Atomic. Raises ``Conflict`` if someone else holds one there, ``InvalidInput`` for a path
        that is not text.
        """
        ...

    def remove(self, path: str, owner: str) -> bool:
        """Forget the lock that ``owner`` holds on ``path``; say whether there was one."""
        ...

    def copy(self, old_prefix: str, new_prefix: str) -> None:
        """Put the locks on and below ``old_prefix`` on what is there at ``new_prefix``, or none.

        Raises ``Conflict`` if a lock stands where one would go.
        """
        ...

    def forget(self, prefix: str) -> None:
        """Remove the locks on and below ``prefix``, whosever they are: it is gone."""
        ...

    def list(self) -> tuple[Lock, ...]:
        """Return all locks, by path."""
        ...


def check_read(lock: Lock | None, actor: Actor) -> None:
    """Raise unless ``actor`` may see the content."""
    if lock is None:
        return
    if lock.mode is LockMode.PRIVATE:
        _check_private(lock, actor)
    elif lock.mode is LockMode.SEALED:
        _check_passphrase(lock, actor)


def check_write(lock: Lock | None, actor: Actor) -> None:
    """Raise unless ``actor`` may change the content."""
    if lock is None:
        return
    if lock.mode is not LockMode.READ_ONLY:
        check_read(lock, actor)
        return
    raise Locked(
        f"“{lock.path}” is locked against changes.",
        why=f"{lock.owner} made it read-only.",
        remedy="Unlock it first, or save a copy under another name.",
    )


def check_move_or_delete(lock: Lock | None, actor: Actor) -> None:
    """Raise unless ``actor`` may rename, move or delete the file: as for changing it.

    The owner of a sealed lock may without the passphrase: nothing is learnt by it, and a file whose
    passphrase is lost must not stay for ever.
    """
    if lock is None or lock.mode is not LockMode.SEALED or lock.owner != actor.username:
        check_write(lock, actor)


def check_relock(lock: Lock | None, mode: LockMode, actor: Actor) -> None:
    """Raise unless ``actor`` may set ``mode`` on a file that ``lock`` holds.

    Taking from a notebook what withholds it is unlocking it, and takes what that takes; a new
    passphrase in place of the old one too.
    """
    if lock is not None and (
        lock.mode is LockMode.SEALED
        or (lock.mode is LockMode.PRIVATE and mode is not LockMode.PRIVATE)
    ):
        check_unlock(lock, actor)


def check_unlock(lock: Lock, actor: Actor) -> None:
    """Raise unless ``actor`` may take the lock off: its owner, who has it open if it withholds."""
    if actor.username != lock.owner:
        raise Refused(
            f"The lock on “{lock.path}” is not yours.",
            why=f"{lock.owner} holds it.",
            remedy=f"Ask {lock.owner} to unlock it.",
        )
    check_read(lock, actor)


def _check_passphrase(lock: Lock, actor: Actor) -> None:
    if not actor.has_passphrase:
        raise PassphraseRequired(f"“{lock.path}”")


def _check_private(lock: Lock, actor: Actor) -> None:
    if actor.username != lock.owner:
        raise Locked(
            f"“{lock.path}” is private.",
            why=f"{lock.owner} locked it.",
            remedy=f"Ask {lock.owner} to unlock it.",
        )
    if not actor.elevated:
        raise ElevationRequired(
            f"“{lock.path}” is private.",
            why="You locked it, and have not confirmed a code lately.",
            remedy="Enter a code from your authenticator to open it.",
        )
