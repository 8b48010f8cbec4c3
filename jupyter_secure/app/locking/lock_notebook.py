"""Locking and unlocking a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.errors import Conflict, InvalidInput, NotFound, Refused
from jupyter_secure.identity.clock import Clock
from jupyter_secure.locks import Actor, Lock, LockMode, LockStore, check_relock, check_unlock
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.passphrase import PassphraseKey


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

    def header(self, path: str | Path) -> Header | None:
        """Return the header of the file, ``None`` for a plain one."""
        ...

    def reseal(
        self,
        path: str | Path,
        checkpoints: Sequence[Path],
        passphrase: PassphraseKey | None,
        actor: Actor,
        /,
    ) -> None:
        """Put a sealed file and its checkpoints under ``passphrase``, or under none."""
        ...


class LockNotebooks:
    """Puts locks on files and takes them off, for whoever may."""

    def __init__(
        self, *, locks: LockStore, files: LockableFiles, clock: Clock, passphrases: Passphrases
    ) -> None:
        self._locks = locks
        self._files = files
        self._clock = clock
        self._passphrases = passphrases

    def lock(
        self,
        path: str | Path,
        mode: LockMode,
        actor: Actor,
        *,
        passphrase: PassphraseKey | None = None,
        checkpoints: Sequence[Path] = (),
    ) -> Lock:
        """Lock ``path`` for ``actor``, sealing it first; return the lock.

        A sealed lock puts the file, and what there is of its ``checkpoints``, under ``passphrase``;
        without one a file that lies under its passphrase is closed again, in every session. A lock
        of one's own changes its mode; one that withholds the content has to be open for that.

        Raises ``NotFound`` without such a file, ``Conflict`` if someone else locked it or a copy of
        it, ``Refused`` for nobody, ``VaultSealed``, ``ElevationRequired`` for making one's private
        file readable, ``PassphraseRequired``, and what ``LockableFiles.reseal`` does.
        """
        if actor.username is None:
            raise Refused("Only someone who is logged in can lock a file.", remedy="Log in.")
        key = self._files.key(path)
        if not self._files.exists(path):
            raise NotFound(f"There is no file “{key}”.")
        held = self._locks.get(key)
        _check_owner(held, actor)
        header = self._files.header(path)
        under = header is not None and header.needs_passphrase
        closes = mode is LockMode.SEALED and passphrase is None and under
        if mode is LockMode.SEALED and passphrase is None and not under:
            raise InvalidInput("A sealed lock needs a passphrase.")
        # A file that was brought here under its passphrase is nobody's: who opens it may lock it.
        lock = held
        if header is not None and lock is None and under:
            lock = Lock(key, header.file_id, LockMode.SEALED, actor.username, self._clock())
        if not (closes and held is not None and held.mode is LockMode.SEALED):
            check_relock(lock, mode, self._passphrases.informed(actor, lock))
        file_id = self._files.seal_in_place(path)
        # Two owners of one content would each withhold it from the other, copies and all.
        for one in self._locks.find_by_file_id(file_id):
            _check_owner(one, actor)
        if closes:
            self._passphrases.forget(file_id)
        elif under or passphrase is not None:
            self._files.reseal(path, checkpoints, passphrase, actor)
        lock = Lock(key, file_id, mode, actor.username, self._clock())
        self._locks.put(lock)
        return lock

    def lock_copy(self, path: str | Path, actor: Actor) -> None:
        """Lock a copy that was just made by ``actor`` of a file under a passphrase, as it is."""
        header = self._files.header(path)
        if header is not None and header.needs_passphrase and actor.username is not None:
            key = self._files.key(path)
            lock = Lock(key, header.file_id, LockMode.SEALED, actor.username, self._clock())
            self._locks.put(lock)

    def unlock(self, path: str | Path, actor: Actor, *, checkpoints: Sequence[Path] = ()) -> None:
        """Take the lock off ``path``, whether or not the file still exists; a passphrase with it.

        Raises ``NotFound`` without a lock, ``Refused`` if it is another's, ``ElevationRequired`` if
        it is private and no second factor is fresh, ``PassphraseRequired`` if it is sealed and not
        open.
        """
        key = self._files.key(path)
        held = self._locks.get(key)
        header = self._files.header(path) if self._files.exists(path) else None
        under = header is not None and header.needs_passphrase
        if held is None and not under:
            raise NotFound(f"“{key}” is not locked.")
        if held is not None:
            # Where no file lies under the passphrase any more, there is none to be given: the owner
            # takes the lock off what is left as off a private file.
            lost = held.mode is LockMode.SEALED and not under
            rule = replace(held, mode=LockMode.PRIVATE) if lost else held
            check_unlock(rule, self._passphrases.informed(actor, rule))
        if under and (held is None or held.mode is LockMode.SEALED):
            self._files.reseal(path, checkpoints, None, actor)
        if held is not None:
            self._locks.remove(key, held.owner)


def _check_owner(held: Lock | None, actor: Actor) -> None:
    if held is not None and held.owner != actor.username:
        raise Conflict(
            f"“{held.path}” is locked already.",
            why=f"{held.owner} holds the lock.",
            remedy=f"Ask {held.owner} to unlock it.",
        )
