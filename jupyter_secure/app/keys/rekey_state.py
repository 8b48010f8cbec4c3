"""What ``state.db`` keeps under keys of the root key: second factors and the catalogue."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.errors import Conflict, StateUnusable
from jupyter_secure.identity import totp
from jupyter_secure.store import places
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
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
                totp.open_secret(key, account.username, account.totp_secret_sealed)
            except InvalidSeal:
                raise _unreadable(account.username) from None
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

    def rekey_catalogue(rows: Rows) -> None:
        sealed = rows.head()
        if sealed is not None and CatalogueKeys(new.derive).open_head(sealed) is None:
            Catalogue(DatabaseCatalogue(database), old.derive).rekey(rows, new.derive)

    rekey(database, reseal_secret=reseal, rekey_catalogue=rekey_catalogue)


def _unreadable(username: str) -> StateUnusable:
    return StateUnusable(
        f"The second factor of “{username}” cannot be read.",
        why="state.db was altered, or does not belong to vault.json.",
        remedy="Put both back from the same backup, and run this again.",
    )
