"""Set a JupyterLab up: keys, an account with its second factor, a certificate, the settings.

Three steps, so that a person can be asked things in between: ``prepare`` makes everything in
memory, ``Prepared.confirm`` checks a code from the authenticator, ``commit`` writes. Until then
nothing on the disk has changed, and when ``commit`` fails nothing has either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_secure.app.setup import settings_file, settings_record, state_folder, traces
from jupyter_secure.app.setup.effective_settings import effective_settings
from jupyter_secure.app.setup.own_certificate import (
    CERTIFICATE_DAYS,
    CERTIFICATE_FILE,
    KEY_FILE,
    machine_names,
)
from jupyter_secure.app.setup.required_settings import not_in_effect, required_settings
from jupyter_secure.crypto import x509
from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity import passwords, recovery_codes, totp
from jupyter_secure.identity.accounts import Account, normalise_username
from jupyter_secure.store import places
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.store.database import Database
from jupyter_secure.store.vault_file import save_keyring
from jupyter_secure.transport import certificates
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.recovery_key import encode_recovery_key


@dataclass(frozen=True)
class Wishes:
    """What the person asks for.

    ``hostnames`` come on top of this machine's own names. ``certfile`` and ``keyfile`` name a
    certificate to use in place, so that whoever renews it needs to tell nobody; without them one is
    made. ``keyfile`` may be missing when ``certfile`` holds the key too. ``keep`` names what may go
    on leaving plaintext (``traces.LEAVERS``).
    """

    username: str
    password: str
    hostnames: tuple[str, ...] = ()
    certfile: Path | None = None
    keyfile: Path | None = None
    keep: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Prepared:
    """Everything that a set-up will write, and what to show the person once. In memory only."""

    account: Account
    totp_secret: str
    totp_uri: str
    recovery_codes: tuple[str, ...]
    recovery_key: str
    keyring: Keyring
    certificate_pem: bytes | None
    key_pem: bytes | None
    certfile: Path
    keyfile: Path
    turned_off: tuple[traces.Leaver, ...]

    def confirm(self, code: str, now: datetime) -> Prepared | None:
        """Return this set-up with its second factor confirmed, or None if the code is wrong.

        The code's time step counts as used: the same code does not log in afterwards.
        """
        step = totp.matching_step(self.totp_secret, code, now)
        if step is None:
            return None
        return replace(self, account=replace(self.account, totp_last_step=step, confirmed=True))


@dataclass(frozen=True)
class Done:
    """What a set-up has written."""

    certfile: Path
    config_file: Path
    replaced: dict[str, Any]


def check_username(text: str) -> str:
    """Return the name as it will be kept; InvalidInput when it cannot be one."""
    return normalise_username(text)


def check_password(password: str, username: str) -> None:
    """Raise WeakPassword, with a remedy, when the password would be guessed."""
    passwords.check_strength(password, username)


def check(wishes_certfile: Path | None, wishes_keyfile: Path | None, now: datetime) -> None:
    """Raise what would stop a set-up later: a used or unwritable place, a bad certificate."""
    state_folder.check_free(places.state_dir())
    if wishes_certfile is not None:
        certificates.load(wishes_certfile, wishes_keyfile or "", now=now)
    settings_file.read(settings_record.server_settings(), ["ServerApp"])
    for leaver in traces.leavers():
        settings_file.read(leaver.file(), leaver.settings)


def prepare(
    wishes: Wishes, now: datetime, existing: tuple[Keyring, RootKey] | None = None
) -> Prepared:
    """Make keys, codes and certificate for ``wishes``. Writes nothing; takes a tenth of a second.

    ``existing`` is a vault that was there before, to recover it: its keyring, to which the account
    is added, and its root key, which the caller wipes. Without it a new vault is made.

    Raises InvalidInput, WeakPassword, CertificateUnusable, StateUnusable or Conflict, each saying
    what to do.
    """
    check(wishes.certfile, wishes.keyfile, now)
    username = check_username(wishes.username)
    check_password(wishes.password, username)
    if existing is None:
        keyring, root = Keyring.create(username, wishes.password)
    else:
        root = existing[1].copy()
        keyring = existing[0].add_password_slot(root, username, wishes.password)
    try:
        secret = totp.new_secret()
        account = Account(
            username=username,
            display_name=wishes.username.strip(),
            totp_secret_sealed=totp.seal_secret(root.derive(totp.SECRET_PURPOSE), username, secret),
            totp_last_step=totp.NO_STEP,
            confirmed=False,
            created_at=now,
        )
        recovery_key = encode_recovery_key(root)
    finally:
        root.wipe()
    certfile, keyfile = wishes.certfile, wishes.keyfile or wishes.certfile
    cert_pem, key_pem = None, None
    if certfile is None or keyfile is None:
        names = dict.fromkeys((*machine_names(), *wishes.hostnames))
        cert_pem, key_pem = x509.make_self_signed(list(names), CERTIFICATE_DAYS, now=now)
        tls = places.state_dir() / places.TLS_DIRECTORY
        certfile, keyfile = tls / CERTIFICATE_FILE, tls / KEY_FILE
    return Prepared(
        account=account,
        totp_secret=secret,
        totp_uri=totp.provisioning_uri(secret, username),
        recovery_codes=recovery_codes.generate(),
        recovery_key=recovery_key,
        keyring=keyring,
        certificate_pem=cert_pem,
        key_pem=key_pem,
        # Made absolute but not resolved: a renewed certificate often comes as a changed link.
        certfile=certfile.absolute(),
        keyfile=keyfile.absolute(),
        turned_off=tuple(one for one in traces.leavers() if one.name not in wishes.keep),
    )


def commit(prepared: Prepared) -> Done:
    """Write the state and the settings; on any failure take everything back and raise it."""
    state = places.state_dir()
    # The server's first: it is the one that people are told of.
    ours: dict[Path, dict[str, Mapping[str, Any]]] = {
        settings_record.server_settings(): {
            **required_settings(prepared.certfile, prepared.keyfile)
        }
    }
    for leaver in prepared.turned_off:
        ours.setdefault(leaver.file(), {}).update(leaver.settings)
    changes = [settings_file.plan(path, settings) for path, settings in ours.items()]
    with state_folder.building(state) as new:
        _write_state(new, prepared)
        settings_record.save(new, settings_record.Record(tuple(changes), in_effect=True))
        state_folder.finish(state)
        settings_record.apply(changes)
    return Done(prepared.certfile, changes[0].path, settings_record.replaced(changes))


def turn_on_again() -> Done | None:
    """Put the settings of an earlier set-up back where they are no longer in effect.

    Returns None, having changed nothing, when they are. Raises NotSetUp or StateUnusable.
    """
    state = places.state_dir()
    if not not_in_effect(effective_settings()):
        return None
    record = settings_record.load(state)
    if record is None:
        raise StateUnusable(
            "This account is set up, but its settings are not in effect.",
            why=f"{state / settings_record.RECORD}, which names them, is missing.",
            remedy="Restore it from a backup, or write the settings by hand: see the manual.",
        )
    changes = [settings_file.plan(change.path, change.written) for change in record.changes]
    settings_record.save(state, settings_record.Record(tuple(changes), in_effect=True))
    try:
        settings_record.apply(changes)
    except BaseException:
        settings_record.save(state, record)
        raise
    certfile = Path(record.changes[0].written["ServerApp"]["certfile"])
    return Done(certfile, changes[0].path, settings_record.replaced(changes))


def _write_state(folder: Path, prepared: Prepared) -> None:
    database = Database.create(folder / places.DATABASE_FILE)
    try:
        digests = recovery_codes.digests(prepared.recovery_codes)
        DatabaseAccounts(database).add(prepared.account, digests)
    finally:
        database.close()
    if prepared.certificate_pem is not None and prepared.key_pem is not None:
        tls = folder / places.TLS_DIRECTORY
        tls.mkdir(mode=0o700)
        write_atomically(tls / CERTIFICATE_FILE, prepared.certificate_pem, mode=0o600)
        write_atomically(tls / KEY_FILE, prepared.key_pem, mode=0o600)
    save_keyring(folder, prepared.keyring)
