"""Locking and unlocking a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from jupyter_secure.errors import Conflict, NotFound, Refused
from jupyter_secure.identity.clock import Clock
from jupyter_secure.locks import Actor, Lock, LockMode, LockStore, check_relock, check_unlock


class LockableFiles(Protocol):
    """What locking needs of the files. Paths are the operating system's."""

    def key(self, path: str | Path) -> str:
        """Return the name under which the file behind ``path`` is locked; it need not exist."""
        ...

    def exists(self, path: str | Path) -> bool:
        """Say whether there is anything at ``path``."""
        ...

    def seal_in_place(self, path: str | Path) -> bytes:
        """Seal the file if it is not sealed yet; return its file id, 16 bytes.

        Raises ``VaultSealed``, or ``InvalidInput`` for a folder.
        """
        ...


class LockNotebooks:
    """Puts locks on files and takes them off, for whoever may."""

    def __init__(self, *, locks: LockStore, files: LockableFiles, clock: Clock) -> None:
        self._locks = locks
        self._files = files
        self._clock = clock

    def lock(self, path: str | Path, mode: LockMode, actor: Actor) -> Lock:
        """Lock ``path`` for ``actor``, sealing it first; return the lock.

        A lock of one's own changes its mode. Raises ``NotFound`` without such a file, ``Conflict``
        if someone else locked it or a copy of it, ``Refused`` for nobody, ``VaultSealed``, and
        ``ElevationRequired`` for making one's private file readable.
        """
        if actor.username is None:
            raise Refused("Only someone who is logged in can lock a file.", remedy="Log in.")
        key = self._files.key(path)
        if not self._files.exists(path):
            raise NotFound(f"There is no file “{key}”.")
        held = self._locks.get(key)
        _check_owner(held, actor)
        check_relock(held, mode, actor)
        file_id = self._files.seal_in_place(path)
        # Two owners of one content would each withhold it from the other, copies and all.
        _check_owner(self._locks.find_by_file_id(file_id), actor)
        lock = Lock(key, file_id, mode, actor.username, self._clock())
        self._locks.put(lock)
        return lock

    def unlock(self, path: str | Path, actor: Actor) -> None:
        """Take the lock off ``path``, whether or not the file still exists.

        Raises ``NotFound`` without a lock, ``Refused`` if it is another's, ``ElevationRequired`` if
        it is private and no second factor is fresh.
        """
        key = self._files.key(path)
        held = self._locks.get(key)
        if held is None:
            raise NotFound(f"“{key}” is not locked.")
        check_unlock(held, actor)
        self._locks.remove(key, held.owner)


def _check_owner(held: Lock | None, actor: Actor) -> None:
    if held is not None and held.owner != actor.username:
        raise Conflict(
            f"“{held.path}” is locked already.",
            why=f"{held.owner} holds the lock.",
            remedy=f"Ask {held.owner} to unlock it.",
        )
