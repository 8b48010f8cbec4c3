"""The MAC over ``vault.json``: what only who has the root key can have written so.

Specified in ``docs/reference/file-format.md``, "Authentication". It is over the values, not the
text, so that white space and the order of members stay free.
"""

from __future__ import annotations

import hmac

from jupyter_secure.vault import key_file, passkey_slot, slot
from jupyter_secure.vault.key_file import KeyFileSlot
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passkey_slot import PasskeySlot
from jupyter_secure.vault.previous_root import PreviousRoot
from jupyter_secure.vault.slot import Slot

MAC_BYTES = 32


def mac(
    root: RootKey,
    vault_id: bytes,
    epoch: int,
    slots: tuple[Slot, ...],
    key_files: tuple[KeyFileSlot, ...],
    passkeys: tuple[PasskeySlot, ...],
    previous: PreviousRoot | None,
) -> bytes:
    """Return the MAC, 32 bytes. Raises ``VaultSealed`` for a root key that was wiped."""
    key = root.derive(b"jsec/vault-file/v1" + vault_id)
    # Each part tells where it ends: the contexts hold the length of the name and the kind.
    count = len(slots) + len(key_files) + len(passkeys)
    parts = [epoch.to_bytes(8, "big"), count.to_bytes(2, "big")]
    for one in slots:
        parts += (slot.context(one, vault_id), one.wrapped)
    for other in key_files:
        parts += (key_file.context(other, vault_id), other.wrapped)
    for passkey in passkeys:
        parts += (passkey_slot.context(passkey, vault_id), passkey.wrapped)
    if previous is not None:
        parts += (previous.epoch.to_bytes(8, "big"), previous.wrapped)
    return hmac.digest(key, b"".join(parts), "sha256")
