"""An account's way to open the vault: its slot in vault.json, made, replaced and taken away.

Which comes first, the row in state.db or the slot? What stands alone after a kill must let nobody
in and be told of. A row without a slot is an account without a password: it cannot log in, is
listed so, and gets a new password or is removed. A slot without a row would go on opening the vault
by a password that no list shows. So an account is added row first, and removed slot first.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import Conflict
from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keyring_passkeys import without_passkeys
from jupyter_secure.vault.keys import RootKey


def put_slot(
    state_dir: Path,
    root: RootKey,
    username: str,
    password: str,
    *,
    profile: Argon2idProfile = RFC_9106_LOW_MEMORY,
) -> None:
    """Let ``password`` open the vault for ``username``, and no earlier one of that name.

    Takes some tenths of a second. Raises ``WrongKey`` for another vault's root key, ``Conflict``
    where a key file has the name, ``InvalidInput``, ``StateUnusable`` or ``StorageFailed``.
    """

    def change(keyring: Keyring) -> Keyring:
        if has_password(keyring, username):
            changed = keyring.replace_password(root, username, password, profile=profile)
        else:
            changed = keyring.add_password_slot(root, username, password, profile=profile)
        # Tried before the old slot is given up: a slot that does not open locks the account out.
        changed.open_with_password(username, password).wipe()
        return changed

    change_keyring(state_dir, change)


def remove_slots(
    state_dir: Path, root: RootKey, username: str, passkeys: Collection[str] = ()
) -> bool:
    """Let the account open the vault no more, by password or passkey; say whether it could.

    ``passkeys`` are the public ids of its passkeys. Raises ``WrongKey``.
    """
    found = load_keyring(state_dir)
    if not (has_password(found, username) or passkeys):
        return False

    def change(keyring: Keyring) -> Keyring:
        changed = without_passkeys(keyring, root, passkeys)
        return changed.remove_slot(root, username) if has_password(changed, username) else changed

    change_keyring(state_dir, change)
    return True


def remove_passkey_slots(state_dir: Path, root: RootKey, passkeys: Collection[str]) -> None:
    """Let these passkeys open the vault no more. Raises ``WrongKey``."""
    if passkeys:
        change_keyring(state_dir, lambda keyring: without_passkeys(keyring, root, passkeys))


def has_password(keyring: Keyring, username: str) -> bool:
    """Say whether the account has a slot that a password opens."""
    return any(slot.name == username for slot in keyring.slots)


def require_free(keyring: Keyring, username: str) -> None:
    """Raise ``Conflict`` where something else that opens the vault has that name."""
    if username in keyring.names and not has_password(keyring, username):
        raise Conflict(
            f"Something else that opens the vault is called “{username}”.",
            remedy="Choose another user name; `jupyter secure vault slots` lists them.",
        )
