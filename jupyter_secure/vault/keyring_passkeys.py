"""The slots of passkeys in a keyring: open by one, add one, take some away."""

from __future__ import annotations

from collections.abc import Collection

from jupyter_secure.errors import WrongKey
from jupyter_secure.vault.keyring import Keyring, changed
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passkey_slot import PasskeySlot


def passkey_slot(keyring: Keyring, name: str) -> PasskeySlot | None:
    """Return the slot of the passkey with that public id, if it has one."""
    return next((slot for slot in keyring.passkeys if slot.name == name), None)


def open_with_passkey(keyring: Keyring, name: str, secret: bytes) -> RootKey:
    """Return the root key. Raises ``WrongKey`` for a secret, or a name, that opens no slot.

    Also ``StateUnusable`` for a ``vault.json`` that has been altered.
    """
    slot = passkey_slot(keyring, name)
    if slot is None:
        raise WrongKey("That passkey does not open the vault.")
    return keyring.verified(slot.unwrap(keyring.vault_id, secret), "passkey")


def with_passkey(keyring: Keyring, root: RootKey, name: str, secret: bytes) -> Keyring:
    """Return a keyring that the passkey opens too, in place of the slot it had.

    Raises ``WrongKey`` for another vault's root key, ``Conflict`` if something else has a slot of
    that name, and ``InvalidInput`` for a secret that is none.
    """
    without = without_passkeys(keyring, root, {name})
    without.require_free(name)
    slot = PasskeySlot.wrap(keyring.vault_id, root, name, secret)
    return changed(without, root, passkeys=(*without.passkeys, slot))


def without_passkeys(keyring: Keyring, root: RootKey, names: Collection[str]) -> Keyring:
    """Return a keyring that these passkeys open no more; those without a slot are passed over.

    Whoever kept the old ``vault.json`` can still use the passkey with it. Raises ``WrongKey``.
    """
    keyring.require_own(root)
    rest = tuple(slot for slot in keyring.passkeys if slot.name not in names)
    return changed(keyring, root, passkeys=rest)
