"""What ``vault.json`` says: which vault this is, and the ways to its root key."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, replace

from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import Conflict, NotFound, StateUnusable, WrongKey
from jupyter_secure.vault import keyring_json
from jupyter_secure.vault.envelope import ID_BYTES
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.slot import Slot

FIRST_EPOCH = 1


@dataclass(frozen=True, slots=True)
class Keyring:
    """The model of ``vault.json``. Every change returns a new one; nothing here holds a secret."""

    vault_id: bytes
    epoch: int
    root_check: bytes
    slots: tuple[Slot, ...]

    @classmethod
    def create(
        cls, name: str, password: str, *, profile: Argon2idProfile = RFC_9106_LOW_MEMORY
    ) -> tuple[Keyring, RootKey]:
        """Make a new vault with one account. Raises ``InvalidInput`` for an unusable password."""
        root = RootKey.generate()
        keyring = cls.from_root(root, os.urandom(ID_BYTES), FIRST_EPOCH)
        return keyring.add_password_slot(root, name, password, profile=profile), root

    @classmethod
    def from_root(cls, root: RootKey, vault_id: bytes, epoch: int) -> Keyring:
        """Rebuild a keyring without slots, for recovery: the id and epoch stand in every file."""
        return cls(vault_id, epoch, _root_check(root, vault_id, epoch), ())

    @classmethod
    def from_json(cls, text: bytes, *, name: str = "vault.json") -> Keyring:
        """Read ``vault.json``. Raises ``StateUnusable`` or ``UnsupportedFormat``, never both ways.

        ``name`` begins the messages.
        """
        return cls(*keyring_json.parse(text, name))

    def to_json(self) -> bytes:
        """Return the contents of ``vault.json``."""
        return keyring_json.render(self.vault_id, self.epoch, self.root_check, self.slots)

    def open_with_password(self, name: str, password: str) -> RootKey:
        """Return the root key. Raises ``WrongKey`` for an unknown name as for a wrong password.

        Both take the time of one derivation, so that timing does not tell which names exist.
        Blocking, for a tenth of a second or more.
        """
        slot = self._slot(name)
        if slot is None:
            profile = self.slots[0].profile if self.slots else RFC_9106_LOW_MEMORY
            slot = Slot.decoy(name, profile)
        root = slot.unwrap(self.vault_id, password)
        if not self.verify_root(root):
            root.wipe()
            raise StateUnusable(
                "vault.json has been altered.",
                why="The password opens its slot, but the rest does not belong to that key.",
                remedy="Restore vault.json from a backup.",
            )
        return root

    def verify_root(self, root: RootKey) -> bool:
        """Tell whether a root key belongs to this vault."""
        return hmac.compare_digest(_root_check(root, self.vault_id, self.epoch), self.root_check)

    def add_password_slot(
        self,
        root: RootKey,
        name: str,
        password: str,
        *,
        profile: Argon2idProfile = RFC_9106_LOW_MEMORY,
    ) -> Keyring:
        """Return a keyring with one more slot. ``name`` is used as given: normalise it before.

        Raises ``WrongKey`` for another vault's root key, ``Conflict`` if the name has a slot, and
        ``InvalidInput`` for a name or password that cannot be stored.
        """
        if not self.verify_root(root):
            raise WrongKey("That key belongs to another vault.")
        if self._slot(name) is not None:
            raise Conflict(f"The vault already has a password for {name}.")
        slot = Slot.wrap(self.vault_id, root, name, password, profile)
        return replace(self, slots=(*self.slots, slot))

    def replace_password(
        self,
        root: RootKey,
        name: str,
        password: str,
        *,
        profile: Argon2idProfile = RFC_9106_LOW_MEMORY,
    ) -> Keyring:
        """Return a keyring in which this account's slot opens with another password.

        Raises ``NotFound`` for a name without a slot, otherwise as ``add_password_slot``.
        """
        rest = self.remove_slot(name).add_password_slot(root, name, password, profile=profile)
        *others, new = rest.slots
        place = [slot.name for slot in self.slots].index(name)
        return replace(self, slots=(*others[:place], new, *others[place:]))

    def with_epoch(self, root: RootKey, epoch: int) -> Keyring:
        """Return a keyring of a later epoch: new files are wrapped by another key.

        The slots stay: the root key is the same, and it opens the files of every epoch. Raises
        ``WrongKey`` for another vault's root key.
        """
        if not self.verify_root(root):
            raise WrongKey("That key belongs to another vault.")
        if epoch < self.epoch:
            raise ValueError("An epoch that was left does not come back.")
        return replace(self, epoch=epoch, root_check=_root_check(root, self.vault_id, epoch))

    def remove_slot(self, name: str) -> Keyring:
        """Return a keyring without this account's slot. Raises ``NotFound``.

        Whoever kept the old ``vault.json`` can still use the old password with it.
        """
        if self._slot(name) is None:
            raise NotFound(f"The vault has no password for {name}.")
        return replace(self, slots=tuple(slot for slot in self.slots if slot.name != name))

    def _slot(self, name: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == name), None)


def _root_check(root: RootKey, vault_id: bytes, epoch: int) -> bytes:
    return root.derive(b"jsec/root-check/v1" + vault_id + epoch.to_bytes(8, "big"))
