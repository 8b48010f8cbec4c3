"""The state of one server: its directory opened, checked, and everything that lives on it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.sealed_folders import FolderMarks
from jupyter_secure.app.locking.open_locked import OpenLocked
from jupyter_secure.app.login.elevate import Elevate
from jupyter_secure.app.login.log_in import LogIn
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.clock import Clock, utc_now
from jupyter_secure.identity.sessions import SessionPolicy
from jupyter_secure.locks import LockStore
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.in_use import InUse
from jupyter_secure.store.key_file import read_key_file
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.one_writer import OneWriter
from jupyter_secure.store.places import DATABASE_FILE
from jupyter_secure.store.sealed_folders import DatabaseSealedFolders
from jupyter_secure.store.sessions import DatabaseSessions
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class State:
    """What the state directory holds, wired together for one run of a server."""

    vault: Vault
    accounts: AccountStore
    locks: LockStore
    provenance: Provenance
    folder_marks: FolderMarks
    one_writer: OneWriter
    sessions: Sessions
    log_in: LogIn
    elevate: Elevate
    passphrases: Passphrases
    open_locked: OpenLocked
    clock: Clock
    _database: Database
    _in_use: InUse

    @classmethod
    def open(
        cls,
        directory: Path,
        policy: SessionPolicy,
        clock: Clock = utc_now,
        key_file: Path | None = None,
    ) -> State:
        """Open the state in ``directory`` for a new run; with a key file its vault opens at once.

        Raises ``NotSetUp``, ``StateUnusable`` or ``UnsupportedFormat``; for a key file also what
        ``read_key_file`` and ``Keyring.open_with_key_file`` do.
        """
        load_keyring(directory)  # says what is wrong where nothing is set up
        in_use = InUse.take(directory)
        try:
            # Read again: from here on nobody changes the root key.
            return cls._open(load_keyring(directory), directory, policy, clock, key_file, in_use)
        except BaseException:
            in_use.close()
            raise

    @classmethod
    def _open(
        cls,
        keyring: Keyring,
        directory: Path,
        policy: SessionPolicy,
        clock: Clock,
        key_file: Path | None,
        in_use: InUse,
    ) -> State:
        if keyring.previous is not None:
            raise StateUnusable(
                "A change of the root key was cut short.",
                why="Some files, and the second factors, may still be under the old key.",
                remedy="Run `jupyter secure vault rotate --full FOLDER…`: it goes on where it was.",
            )
        database = Database.open(directory / DATABASE_FILE)
        vault = Vault(keyring, newest=partial(load_keyring, directory))
        accounts, attempts = DatabaseAccounts(database), DatabaseAttempts(database)
        if not accounts.list():
            database.close()
            raise StateUnusable(
                f"There is no account in {directory}.",
                why="Nobody could log in.",
                remedy=f"Restore {DATABASE_FILE} from a backup.",
            )
        if key_file is not None:
            try:
                _unseal(vault, keyring, key_file)
            except BaseException:
                database.close()
                raise
        passphrases = Passphrases()
        sessions = Sessions(
            store=DatabaseSessions(database),
            vault=vault,
            policy=policy,
            # A session of an earlier run would be a login without the keys.
            run_id=secrets.token_hex(16),
            clock=clock,
            stays_open=key_file is not None,
            passphrases=passphrases,
        )
        locks = DatabaseLocks(database)
        return cls(
            vault=vault,
            accounts=accounts,
            locks=locks,
            provenance=Provenance(Catalogue(DatabaseCatalogue(database), vault.derive)),
            folder_marks=DatabaseSealedFolders(database),
            one_writer=OneWriter(directory),
            sessions=sessions,
            log_in=LogIn(
                keyring=partial(load_keyring, directory),
                accounts=accounts,
                attempts=attempts,
                sessions=sessions,
                clock=clock,
            ),
            elevate=Elevate(
                vault=vault,
                accounts=accounts,
                attempts=attempts,
                sessions=sessions,
                clock=clock,
            ),
            passphrases=passphrases,
            open_locked=OpenLocked(
                vault=vault,
                locks=locks,
                passphrases=passphrases,
                attempts=attempts,
                clock=clock,
            ),
            clock=clock,
            _database=database,
            _in_use=in_use,
        )

    def close(self) -> None:
        """End every session of this run and wipe the keys, as the server stops."""
        self.log_in.close()
        try:
            self.sessions.end_all()
        finally:
            self.vault.seal()
        self._database.close()
        self._in_use.close()


def _unseal(vault: Vault, keyring: Keyring, key_file: Path) -> None:
    key = read_key_file(key_file)
    try:
        root, _ = keyring.open_with_key_file(key)
    finally:
        key.wipe()
    try:
        vault.unseal(root)
    finally:
        root.wipe()
