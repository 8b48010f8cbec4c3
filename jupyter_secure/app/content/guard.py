"""Asking the locks about files: by the place that a file has, and by the content that it holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from jupyter_secure.app.content.opening import at_once, explained, header_of
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.root import Root
from jupyter_secure.app.content.seen import Seen
from jupyter_secure.errors import Locked
from jupyter_secure.locks import Actor, Lock, LockMode, LockStore, check_read, check_write
from jupyter_secure.vault.envelope import Header


class Guard:
    """Says who may read and change what. Paths are the operating system's."""

    def __init__(
        self, *, root: Root, locks: LockStore, seen: Seen, passphrases: Passphrases
    ) -> None:
        self._root = root
        self._locks = locks
        self._seen = seen
        self._passphrases = passphrases

    def lock_on(self, path: str | Path) -> Lock | None:
        """Return the lock that holds for reading ``path``, by its place or by its content.

        A file that lies under a passphrase counts as locked though no lock of it is known, as when
        it was brought here; its owner is then "". Raises ``NotFound``, or ``Refused``.
        """
        key = self._root.key(path)
        lock = self._locks.get(key)
        if lock is not None:
            return lock
        with explained(path), open(path, "rb", opener=at_once) as file:
            header = header_of(file, Path(path).name)
            changed = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, timezone.utc)
        lock = next(iter(self._on_content(header)), None)
        if lock is None and header is not None and header.needs_passphrase:
            return Lock(key, header.file_id, LockMode.SEALED, "", changed)
        return lock

    def is_open(self, lock: Lock, actor: Actor) -> bool:
        """Say whether ``lock`` lets ``actor`` read now."""
        try:
            check_read(lock, self._passphrases.informed(actor, lock))
        except Locked:
            return False
        return True

    def may_write(self, path: str | Path, actor: Actor) -> bool:
        """Say whether ``actor`` may change ``path`` as far as locks go."""
        try:
            self.lock_to_write(path, actor)
        except Locked:
            return False
        return True

    def may_write_in(self, folder: str | Path, actor: Actor) -> Callable[[str], bool]:
        """Return ``may_write`` for the regular files in ``folder``, by name.

        The locks are asked for once, and no path is resolved for each file: a regular entry of a
        folder that is below the root is below it too. Raises ``Refused`` for a folder outside.
        """
        place = self._root.key(folder)
        prefix = f"{place}/" if place else ""
        locks = {lock.path: lock for lock in self._locks.under(place)}

        def may_write(name: str) -> bool:
            key = prefix + name
            try:
                self._check_write(key, locks.get(key), actor)
            except Locked:
                return False
            return True

        return may_write

    def check_read(self, key: str, header: Header | None, actor: Actor) -> None:
        """Raise unless ``actor`` may read the file ``key`` with this header."""
        # All: a copy of someone's private notebook stays private under a lock of its own.
        locks = [lock for lock in (self._locks.get(key), *self._on_content(header)) if lock]
        for lock in locks:
            check_read(lock, self._passphrases.informed(actor, lock))
        if any(lock.mode is LockMode.PRIVATE for lock in locks):
            self._seen.add(actor.session, key)

    def lock_to_write(self, path: str | Path, actor: Actor) -> tuple[str, Lock | None]:
        """Raise unless ``actor`` may change ``path``; return its key, and the lock on it."""
        key = self._root.key(path)
        lock = self._locks.get(key)
        self._check_write(key, lock, actor)
        return key, lock

    def _check_write(self, key: str, lock: Lock | None, actor: Actor) -> None:
        if (actor.session, key) in self._seen:
            actor = replace(actor, elevated=True)
        check_write(lock, self._passphrases.informed(actor, lock))

    def _on_content(self, header: Header | None) -> tuple[Lock, ...]:
        return self._locks.find_by_file_id(header.file_id) if header else ()
