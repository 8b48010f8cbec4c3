"""The state of one server: its directory opened, checked, and everything that lives on it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jupyter_secure.app.elevate import Elevate
from jupyter_secure.app.log_in import LogIn
from jupyter_secure.app.sessions import Sessions
from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.clock import Clock, utc_now
from jupyter_secure.identity.sessions import SessionPolicy
from jupyter_secure.locks import LockStore
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.places import DATABASE_FILE
from jupyter_secure.store.sessions import DatabaseSessions
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class State:
    """What the state directory holds, wired together for one run of a server."""

    vault: Vault
    accounts: AccountStore
    locks: LockStore
    sessions: Sessions
    log_in: LogIn
    elevate: Elevate
    clock: Clock
    _database: Database

    @classmethod
    def open(cls, directory: Path, policy: SessionPolicy, clock: Clock = utc_now) -> State:
        """Open the state in ``directory`` for a new run.

        Raises ``NotSetUp``, ``StateUnusable`` or ``UnsupportedFormat``.
        """
        keyring = load_keyring(directory)
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
        sessions = Sessions(
            store=DatabaseSessions(database),
            vault=vault,
            policy=policy,
            # A session of an earlier run would be a login without the keys.
            run_id=secrets.token_hex(16),
            clock=clock,
        )
        return cls(
            vault=vault,
            accounts=accounts,
            locks=DatabaseLocks(database),
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
            clock=clock,
            _database=database,
        )

    def close(self) -> None:
        """End every session of this run, which wipes the keys, as the server stops."""
        self.log_in.close()
        self.sessions.end_all()
        self._database.close()
