"""Another way to the root key: a passkey's own secret, by the WebAuthn extension ``prf``.

Specified in ``docs/reference/file-format.md``, "Slots". The authenticator computes the secret from
a key that never leaves it (W3C Web Authentication Level 3, section 10.1.4), and with user
verification another one than without: nobody gets it who cannot unlock the passkey.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass

from jupyter_secure.crypto import aead, kdf
from jupyter_secure.errors import InvalidInput, WrongKey
from jupyter_secure.vault.keys import ROOT_KEY_BYTES, RootKey
from jupyter_secure.vault.slot import SLOT_ID_BYTES, is_storable_name

#: What ``prf`` returns, in bytes.
SECRET_BYTES = 32

_KIND_PASSKEY = 3
_HEAD = struct.Struct(">BH")


def secret_input(vault_id: bytes) -> bytes:
    """Return what the passkeys of this vault compute their secrets from: 32 bytes, no secret."""
    return hashlib.sha256(b"jsec/passkey-prf/v1" + vault_id).digest()


@dataclass(frozen=True, slots=True)
class PasskeySlot:
    """The root key wrapped by a passkey's secret. ``name`` is the public id of the passkey."""

    slot_id: bytes
    name: str
    wrapped: bytes

    @classmethod
    def wrap(cls, vault_id: bytes, root: RootKey, name: str, secret: bytes) -> PasskeySlot:
        """Make a slot. Raises ``InvalidInput`` for a name or a secret that cannot be one."""
        if not is_storable_name(name) or len(secret) != SECRET_BYTES:
            raise InvalidInput("That passkey cannot open the vault.")
        empty = cls(os.urandom(SLOT_ID_BYTES), name, b"")
        key = _key(empty, vault_id, secret)
        return cls(empty.slot_id, name, aead.seal(key, context(empty, vault_id), root.expose()))

    def unwrap(self, vault_id: bytes, secret: bytes) -> RootKey:
        """Return the root key. Raises ``WrongKey``."""
        if len(secret) != SECRET_BYTES:
            raise _wrong()  # it is no passkey's, and no key is derived from it
        key = _key(self, vault_id, secret)
        try:
            opened = aead.open_sealed(key, context(self, vault_id), self.wrapped)
        except aead.InvalidSeal:
            raise _wrong() from None
        if len(opened) != ROOT_KEY_BYTES:
            raise _wrong()
        return RootKey.from_bytes(opened)


def context(slot: PasskeySlot, vault_id: bytes) -> bytes:
    """Return all that a slot says but its wrapped key, which is bound to it."""
    name = slot.name.encode()
    head = _HEAD.pack(_KIND_PASSKEY, len(name))
    return b"".join((b"jsec/slot/v1", vault_id, slot.slot_id, head, name))


def _key(slot: PasskeySlot, vault_id: bytes, secret: bytes) -> bytes:
    # The secret is not used as it is: the browser, and whoever computes the same for another
    # purpose, knows it; what is derived for this slot of this vault opens nothing else.
    return kdf.hkdf(secret, purpose=b"jsec/passkey-slot/v1" + vault_id + slot.slot_id)


def _wrong() -> WrongKey:
    return WrongKey("That passkey does not open the vault.")
