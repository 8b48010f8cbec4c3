"""The state of one server: its directory opened, checked, and everything that lives on it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jupyter_secure.app.accounts.join import Join
from jupyter_secure.app.accounts.team import Team
from jupyter_secure.app.accounts.wiring import join_of, team_of
from jupyter_secure.app.audit.happenings import watch
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.sealed_folders import FolderMarks
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.app.locking.open_locked import OpenLocked
from jupyter_secure.app.login.access_tokens import AccessTokens
from jupyter_secure.app.login.devices import Devices
from jupyter_secure.app.login.drift import Drift
from jupyter_secure.app.login.elevate import Elevate
from jupyter_secure.app.login.enrolments import Enrolments
from jupyter_secure.app.login.factors import Factors
from jupyter_secure.app.login.log_in import LogIn
from jupyter_secure.app.login.new_password import NewPassword
from jupyter_secure.app.login.passkey_uses import PasskeyUses, passkeys_of
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.audit.recorder import Recorder
from jupyter_secure.errors import StateUnusable
from jupyter_secure.history.thinning import Retention
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.clock import Clock, utc_now
from jupyter_secure.identity.sessions import SessionPolicy
from jupyter_secure.locks import LockStore
from jupyter_secure.store.access_tokens import DatabaseAccessTokens
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
from jupyter_secure.store.audit_recorder import GroupRecorder
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.devices import DatabaseDevices
from jupyter_secure.store.enrolments import DatabaseEnrolments
from jupyter_secure.store.factors import DatabaseFactors
from jupyter_secure.store.history import GitHistory
from jupyter_secure.store.in_use import InUse
from jupyter_secure.store.key_file import read_key_file
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.one_writer import OneWriter
from jupyter_secure.store.places import DATABASE_FILE
from jupyter_secure.store.sealed_folders import DatabaseSealedFolders
from jupyter_secure.store.sessions import DatabaseSessions
from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.vault import Vault

_RETENTION = Retention()


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
    access_tokens: AccessTokens
    elevate: Elevate
    factors: Factors
    devices: Devices
    drift: Drift
    enrolments: Enrolments
    new_password: NewPassword
    passkey: PasskeyUses
    passphrases: Passphrases
    open_locked: OpenLocked
    histories: Histories
    team: Team
    join: Join
    clock: Clock
    recorder: Recorder
    _database: Database
    _in_use: InUse

    @classmethod
    def open(
        cls,
        directory: Path,
        policy: SessionPolicy,
        clock: Clock = utc_now,
        key_file: Path | None = None,
        retention: Retention = _RETENTION,
    ) -> State:
        """Open the state in ``directory`` for a new run; with a key file its vault opens at once.

        Raises ``NotSetUp``, ``StateUnusable`` or ``UnsupportedFormat``; for a key file also what
        ``read_key_file`` and ``Keyring.open_with_key_file`` do.
        """
        load_keyring(directory)  # says what is wrong where nothing is set up
        in_use = InUse.take(directory)
        try:
            # Read again: from here on nobody changes the root key.
            keyring = load_keyring(directory)
            return cls._open(keyring, directory, policy, clock, key_file, retention, in_use)
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
        retention: Retention,
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
        recorder = GroupRecorder(directory / AUDIT_DIRECTORY)
        watch(recorder, sessions, vault)
        histories = Histories(
            repository=GitHistory(directory),
            vault=vault,
            passphrases=passphrases,
            clock=clock,
            retention=retention,
        )
        sessions.sealing.unfinished = lambda: not histories.is_settled()
        # The keys are not to outlive the last session for longer, whoever holds the history.
        sessions.sealing.finish = partial(histories.settle_within, 2.0)
        locks = DatabaseLocks(database)
        factor_store, drift = DatabaseFactors(database), Drift()
        factors = Factors(store=factor_store, sessions=sessions)
        devices = Devices(
            store=DatabaseDevices(database),
            accounts=accounts,
            clock=clock,
            trusted_days=policy.trusted_device_days,
        )
        passkey = passkeys_of(
            directory, database, vault, accounts, attempts, factors, sessions, clock
        )
        return cls(
            vault=vault,
            accounts=accounts,
            locks=locks,
            provenance=Provenance(Catalogue(DatabaseCatalogue(database), vault.derive)),
            folder_marks=DatabaseSealedFolders(database),
            one_writer=OneWriter(directory),
            sessions=sessions,
            access_tokens=AccessTokens(
                store=DatabaseAccessTokens(database), accounts=accounts, clock=clock
            ),
            log_in=LogIn(
                keyring=partial(load_keyring, directory),
                accounts=accounts,
                attempts=attempts,
                sessions=sessions,
                clock=clock,
                passkey_answers=passkey.answers,
                devices=devices,
                drift=drift,
            ),
            elevate=Elevate(
                vault=vault,
                accounts=accounts,
                attempts=attempts,
                sessions=sessions,
                clock=clock,
                passkey_answers=passkey.answers,
                drift=drift,
            ),
            factors=factors,
            devices=devices,
            drift=drift,
            enrolments=Enrolments(
                vault=vault,
                store=DatabaseEnrolments(database),
                factors=factor_store,
                attempts=attempts,
                sessions=sessions,
                clock=clock,
            ),
            new_password=NewPassword(
                change=partial(change_keyring, directory),
                factors=factors,
                attempts=attempts,
                sessions=sessions,
                clock=clock,
            ),
            passkey=passkey,
            passphrases=passphrases,
            open_locked=OpenLocked(
                vault=vault,
                locks=locks,
                passphrases=passphrases,
                attempts=attempts,
                clock=clock,
                kept=histories.header,
            ),
            histories=histories,
            team=team_of(directory, database, attempts, clock),
            join=join_of(directory, database, attempts, clock),
            clock=clock,
            recorder=recorder,
            _database=database,
            _in_use=in_use,
        )

    def close(self) -> None:
        """End every session of this run and wipe the keys, as the server stops."""
        self.log_in.close()
        self.join.close()
        try:
            self.sessions.end_all()
        finally:
            self.histories.settle()
            self.vault.seal()
        self.recorder.close()
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
