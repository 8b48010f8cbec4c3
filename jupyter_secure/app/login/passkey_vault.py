"""The slots of passkeys in ``vault.json``: how a passkey opens a sealed vault.

The passkey computes a secret (the WebAuthn extension ``prf``), and the root key lies wrapped under
what is derived from it, as it does under what is derived from a password. Why, and what it costs:
``docs/adr/0007-passkeys.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keyring_passkeys import (
    open_with_passkey,
    passkey_slot,
    with_passkey,
    without_passkeys,
)
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passkey_slot import secret_input
from jupyter_secure.vault.vault import Vault

#: Replaces ``vault.json`` by what the function makes of it.
Change: TypeAlias = Callable[[Callable[[Keyring], Keyring]], Keyring]


class PasskeyVault:
    """The vault as passkeys see it. Methods block for a moment."""

    def __init__(self, vault: Vault, keyring: Callable[[], Keyring], change: Change) -> None:
        """``keyring`` reads the present vault.json, ``change`` replaces it."""
        self._vault = vault
        self._keyring = keyring
        self._change = change

    @classmethod
    def at(cls, directory: Path, vault: Vault) -> PasskeyVault:
        """Return the one whose vault.json lies in ``directory``."""
        return cls(vault, partial(load_keyring, directory), partial(change_keyring, directory))

    @property
    def secret_input(self) -> bytes:
        """What a passkey computes its secret for this vault from."""
        return secret_input(self._vault.vault_id)

    @property
    def is_open(self) -> bool:
        """Whether the keys are in memory."""
        return self._vault.is_open

    def derive(self, purpose: bytes) -> bytes:
        """Return the key for a purpose. Raises ``VaultSealed``."""
        return self._vault.derive(purpose)

    def root(self) -> RootKey:
        """Return a copy of the root key, for the caller to wipe. Raises ``VaultSealed``."""
        return self._vault.root().copy()

    def opened_by(self) -> frozenset[str]:
        """Return the public ids of the passkeys that open the vault."""
        return frozenset(slot.name for slot in self._keyring().passkeys)

    def can_open(self, public_id: str) -> bool:
        """Say whether this passkey has a slot."""
        return passkey_slot(self._keyring(), public_id) is not None

    def open(self, public_id: str, secret: bytes) -> RootKey:
        """Return the root key, for the caller to wipe. Raises ``WrongKey``, ``StateUnusable``."""
        return open_with_passkey(self._keyring(), public_id, secret)

    def add(self, public_id: str, secret: bytes) -> None:
        """Let a passkey open the vault. Raises ``VaultSealed``, ``StorageFailed``."""
        root = self.root()
        try:
            self._change(lambda keyring: with_passkey(keyring, root, public_id, secret))
        finally:
            root.wipe()

    def remove(self, public_id: str) -> None:
        """Let a passkey open the vault no more; fine if it never did. Raises as ``add``."""
        if not self.can_open(public_id):
            return
        root = self.root()
        try:
            self._change(lambda keyring: without_passkeys(keyring, root, {public_id}))
        finally:
            root.wipe()
