"""The opened vault that Git's drivers work with, in the agent or with a key file.

Everything that is opened or sealed for Git passes here. What a lock withholds is refused: locks
give way to a second factor, and on Git's way there is nobody to ask for one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from jupyter_secure.app.git.openings import Openings
from jupyter_secure.errors import CorruptFile, Locked, NotSetUp, Refused, WrongKey
from jupyter_secure.locks import Lock, LockMode, LockStore
from jupyter_secure.store import places
from jupyter_secure.store.database import Database
from jupyter_secure.store.in_use import InUse
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.vault_file import VAULT_FILE, load_keyring
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault


class KeyGone(WrongKey):
    """The vault has another root key by now, or there is none any more."""


class Opener(Protocol):
    """What merging needs."""

    def open(self, blob: bytes) -> bytes:
        """Return the content of a sealed file."""
        ...

    def seal(self, content: bytes, headers: Sequence[bytes]) -> bytes:
        """Return the sealed file that comes after those with these headers; the first names it."""
        ...


class OpenVault:
    """Opens and seals for Git; safe for several threads. ``close`` it: that wipes the key."""

    def __init__(self, state: Path, root: RootKey) -> None:
        """Take a copy of ``root``. Raises ``WrongKey`` if it is not that of the vault there.

        Without a database there are no locks; one that cannot be read raises ``StateUnusable``.
        """
        self._state = state
        self._lock = threading.Lock()
        self._seen = self._signature()
        self._vault = Vault(load_keyring(state), newest=lambda: load_keyring(state))
        self._vault.unseal(root)
        self._database: Database | None = None
        try:
            self._database = Database.open(state / places.DATABASE_FILE)
        except NotSetUp:
            pass
        except BaseException:
            self._vault.seal()
            raise
        self._locks: LockStore | None = DatabaseLocks(self._database) if self._database else None
        self._openings = Openings(state, self._database)

    def open(self, blob: bytes) -> bytes:
        """Return the content of a sealed file: a document of this vault, as a lock allows.

        Raises ``Locked``, ``WrongKey``, ``CorruptFile``, ``UnsupportedFormat``, ``KeyGone``, or
        ``RecordUnwritable`` where that it was opened cannot be recorded.
        """
        header = Header.parse(blob, name="It")
        with self._lock:
            try:
                self._check(header, to_write=False)
            except Locked as error:
                self._openings.record(header.file_id, error.reason)
                raise
            content = self._vault.open_bytes(blob, expect=FileClass.CONTENT, name="It").data
            self._openings.record(header.file_id)
            return content

    def seal(self, content: bytes, headers: Sequence[bytes]) -> bytes:
        """Return ``content`` as the file of the first header, in the version after all of them.

        Each must have been made by this vault: so no number can be made up, which would make this
        the newest version for ever. Errors as ``open``, and ``StateUnusable`` while the root key is
        being changed.
        """
        parsed = [Header.parse(one, name="It") for one in headers]
        if not parsed:
            raise Refused("There is no file to go on from.")
        with self._lock, InUse.take(self._state):
            for header in parsed:
                self._check(header, to_write=True)
                self._vault.rewrap(header, name="It")
            return self._vault.seal_bytes(
                content,
                file_class=FileClass.CONTENT,
                file_id=parsed[0].file_id,
                file_version=max(header.file_version for header in parsed) + 1,
            )

    def check_key(self) -> None:
        """Raise ``KeyGone`` if the vault has another root key than it had."""
        with self._lock:
            self._check_key()

    def close(self) -> None:
        """Wipe the key. Twice is fine."""
        with self._lock:
            self._vault.seal()
            self._openings.close()
            if self._database is not None:
                self._database.close()

    def _check(self, header: Header, *, to_write: bool) -> None:
        self._check_key()
        if header.file_class is not FileClass.CONTENT:
            raise CorruptFile(f"It is {header.file_class.description}, not a live document.")
        found = self._locks.find_by_file_id(header.file_id) if self._locks else ()
        for lock in found:
            if lock.mode is not LockMode.READ_ONLY or to_write:
                raise _withheld(lock)
        if header.needs_passphrase:
            raise Locked("It is locked with a passphrase.", remedy="Unlock it first.")

    def _check_key(self) -> None:
        if not self._vault.is_open:
            raise KeyGone("The vault was sealed.")
        signature = self._signature()
        if signature == self._seen:
            return
        keyring = load_keyring(self._state)
        if keyring.vault_id != self._vault.vault_id or not keyring.verify_root(self._vault.root()):
            raise KeyGone("The root key of the vault was changed.")
        self._vault.refresh()
        self._seen = signature

    def _signature(self) -> tuple[int, int, int]:
        try:
            facts = os.stat(self._state / VAULT_FILE)
        except OSError:
            raise KeyGone("There is no vault any more.") from None
        return facts.st_ino, facts.st_mtime_ns, facts.st_size


def _withheld(lock: Lock) -> Locked:
    words = {
        LockMode.PRIVATE: "private",
        LockMode.SEALED: "locked with a passphrase",
        LockMode.READ_ONLY: "locked against changes",
    }[lock.mode]
    return Locked(
        f"“{lock.path}” is {words}.",
        why=f"{lock.owner} locked it, and Git cannot ask for a code.",
        remedy="Unlock it first.",
    )
