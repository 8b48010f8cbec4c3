"""What ``state.db`` keeps under keys of the root key: second factors and the catalogue."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.errors import Conflict, StateUnusable
from jupyter_secure.identity import passkeys, totp
from jupyter_secure.identity.passkeys import Passkey
from jupyter_secure.store import places
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.passkeys import DatabasePasskeys
from jupyter_secure.store.rekeying import rekey
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.catalogue_rows import CatalogueKeys, Rows
from jupyter_secure.vault.keys import RootKey


def require_whole(state: Path, root: RootKey) -> None:
    """Raise unless all of it belongs to ``root``: asked before anything is brought to another key.

    ``Conflict`` for a catalogue that was changed from outside: only what can be believed would be
    brought along, and afterwards nothing would tell of the rest. ``StateUnusable`` for a second
    factor that cannot be read.
    """
    key = root.derive(totp.SECRET_PURPOSE)
    database = Database.open(state / places.DATABASE_FILE)
    try:
        for account in DatabaseAccounts(database).list():
            try:
                if account.totp_secret_sealed:
                    totp.open_secret(key, account.username, account.totp_secret_sealed)
            except InvalidSeal:
                raise _unreadable(account.username) from None
            for passkey in DatabasePasskeys(database).of_account(account.username):
                passkeys.unseal(root.derive(passkeys.PURPOSE), passkey)
        whole = Catalogue(DatabaseCatalogue(database), root.derive).check()
    finally:
        database.close()
    if not whole:
        raise Conflict(
            "The catalogue of what was saved was changed from outside.",
            why="With a new root key nothing would tell of that any more.",
            remedy="Look at the files and accept them first; then run this again.",
        )


def rekey_state(database: Database, old: RootKey, new: RootKey) -> None:
    """Bring all of it from keys of ``old`` to those of ``new``, at once. Twice is fine.

    Raises ``StateUnusable``, and then nothing has changed.
    """
    old_key, new_key = old.derive(totp.SECRET_PURPOSE), new.derive(totp.SECRET_PURPOSE)

    def reseal(username: str, sealed: bytes) -> bytes:
        if not sealed:
            return sealed  # it has passkeys only
        try:
            totp.open_secret(new_key, username, sealed)
        except InvalidSeal:
            pass
        else:
            return sealed  # an earlier run came this far
        try:
            secret = totp.open_secret(old_key, username, sealed)
        except InvalidSeal:
            raise _unreadable(username) from None
        return totp.seal_secret(new_key, username, secret)

    old_passkeys, new_passkeys = old.derive(passkeys.PURPOSE), new.derive(passkeys.PURPOSE)

    def reseal_passkey(passkey: Passkey) -> bytes:
        try:
            passkeys.unseal(new_passkeys, passkey)
        except StateUnusable:
            credential = passkeys.unseal(old_passkeys, passkey)
        else:
            return passkey.credential  # as above
        return passkeys.seal(new_passkeys, passkey.username, passkey.credential_id, credential)

    def rekey_catalogue(rows: Rows) -> None:
        sealed = rows.head()
        if sealed is not None and CatalogueKeys(new.derive).open_head(sealed) is None:
            Catalogue(DatabaseCatalogue(database), old.derive).rekey(rows, new.derive)

    rekey(
        database,
        reseal_secret=reseal,
        reseal_passkey=reseal_passkey,
        rekey_catalogue=rekey_catalogue,
    )


def _unreadable(username: str) -> StateUnusable:
    return StateUnusable(
        f"The second factor of “{username}” cannot be read.",
        why="state.db was altered, or does not belong to vault.json.",
        remedy="Put both back from the same backup, and run this again.",
    )
