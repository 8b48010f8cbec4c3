"""The root key before this one, wrapped by this one, while files are brought from one to the other.

Specified in ``docs/reference/file-format.md``, "Changing the root key". The new key gives the old
one, never the reverse: who has the old key, which is why it is changed, gets nothing by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_secure.crypto import aead
from jupyter_secure.errors import StateUnusable
from jupyter_secure.vault.keys import ROOT_KEY_BYTES, RootKey

_PURPOSE = b"jsec/previous-root/v1"


@dataclass(frozen=True, slots=True)
class PreviousRoot:
    """``previous`` in ``vault.json``: the last epoch of the old root key, and that key, wrapped."""

    epoch: int
    wrapped: bytes

    @classmethod
    def wrap(
        cls, root: RootKey, vault_id: bytes, epoch: int, old: RootKey, old_epoch: int
    ) -> PreviousRoot:
        """Wrap ``old``, whose last epoch is ``old_epoch``, by ``root``, which begins ``epoch``."""
        key = _key(root, vault_id, epoch)
        wrapped = aead.seal(key, _context(vault_id, epoch, old_epoch), old.expose())
        return cls(old_epoch, wrapped)

    def unwrap(self, root: RootKey, vault_id: bytes, epoch: int) -> RootKey:
        """Return the old root key; the caller wipes it. Raises ``StateUnusable``."""
        key = _key(root, vault_id, epoch)
        try:
            opened = aead.open_sealed(key, _context(vault_id, epoch, self.epoch), self.wrapped)
        except aead.InvalidSeal:
            opened = b""
        if len(opened) != ROOT_KEY_BYTES:
            raise StateUnusable(
                "vault.json has been altered.",
                why="The root key before this one, which it holds, does not belong to this one.",
                remedy="Restore vault.json from a backup.",
            )
        return RootKey.from_bytes(opened)


def _key(root: RootKey, vault_id: bytes, epoch: int) -> bytes:
    return root.derive(_PURPOSE + vault_id + epoch.to_bytes(8, "big"))


def _context(vault_id: bytes, epoch: int, old_epoch: int) -> bytes:
    return _PURPOSE + vault_id + epoch.to_bytes(8, "big") + old_epoch.to_bytes(8, "big")
