"""Give an account another password: its slot in vault.json is replaced, nothing else changes."""

from __future__ import annotations

from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import WeakPassword
from jupyter_secure.identity import passwords
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.store import places
from jupyter_secure.store.database import Database
from jupyter_secure.store.factors import DatabaseFactors
from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.keyring import Keyring


def check_old(username: str, old: str) -> None:
    """Raise ``WrongKey`` unless ``old`` is the account's password; an unknown name is told alike.

    For asking the person before they think of a new one.
    """
    load_keyring(places.state_dir()).open_with_password(normalise_username(username), old).wipe()


def check_new(username: str, old: str, new: str) -> None:
    """Raise ``WeakPassword`` or ``InvalidInput``, with a remedy, unless ``new`` will do."""
    passwords.check_strength(new, normalise_username(username))
    if new == old:
        raise WeakPassword("That is the old password.", remedy="Choose another.")


def change_password(
    username: str, old: str, new: str, *, profile: Argon2idProfile = RFC_9106_LOW_MEMORY
) -> None:
    """Let ``new`` open the vault instead of ``old``. Takes some tenths of a second.

    Root key, recovery key and files stay as they are. Every session of the account ends, on every
    server that runs on this state, and its devices are forgotten. Raises ``WrongKey``,
    ``WeakPassword``, ``InvalidInput``, ``NotSetUp``, ``StateUnusable`` or ``StorageFailed``, and
    then ``old`` is still the password.
    """
    check_new(username, old, new)
    name = normalise_username(username)
    # Opened first: a database that cannot be used is told of while nothing has changed.
    database = Database.open(places.state_dir() / places.DATABASE_FILE)

    def change(keyring: Keyring) -> Keyring:
        root = keyring.open_with_password(name, old)
        try:
            changed = keyring.replace_password(root, name, new, profile=profile)
        finally:
            root.wipe()
        # Tried before the old slot is given up: a slot that does not open locks the account out.
        changed.open_with_password(name, new).wipe()
        # Before vault.json is written: a database that fails must not leave a new password and the
        # sessions of who knew the old one.
        factors.raise_generation(name, None)
        return changed

    factors = DatabaseFactors(database)
    try:
        change_keyring(places.state_dir(), change)
        # Once more, for who logged in by the old password in between.
        factors.raise_generation(name, None)
    finally:
        database.close()
