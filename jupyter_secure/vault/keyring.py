"""What ``vault.json`` says: which vault this is, and the ways to its root key."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, replace
from typing import Any

from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import Conflict, NotFound, StateUnusable, WrongKey
from jupyter_secure.vault import keyring_json
from jupyter_secure.vault.envelope import ID_BYTES
from jupyter_secure.vault.key_file import FileKey, KeyFileSlot
from jupyter_secure.vault.keyring_mac import MAC_BYTES, mac
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passkey_slot import PasskeySlot
from jupyter_secure.vault.previous_root import PreviousRoot
from jupyter_secure.vault.slot import Slot

FIRST_EPOCH = 1


@dataclass(frozen=True, slots=True)
class Keyring:
    """The model of ``vault.json``. Every change returns a new one; nothing here holds a secret.

    ``slots`` are those of passwords. ``previous`` is there while the root key is being changed.
    """

    vault_id: bytes
    epoch: int
    root_check: bytes
    slots: tuple[Slot, ...]
    key_files: tuple[KeyFileSlot, ...] = ()
    passkeys: tuple[PasskeySlot, ...] = ()
    previous: PreviousRoot | None = None
    mac: bytes = bytes(MAC_BYTES)

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
        return changed(cls(vault_id, epoch, _root_check(root, vault_id, epoch), ()), root)

    @classmethod
    def from_json(cls, text: bytes, *, name: str = "vault.json") -> Keyring:
        """Read ``vault.json``. Raises ``StateUnusable`` or ``UnsupportedFormat``, never both ways.

        ``name`` begins the messages.
        """
        return cls(*keyring_json.parse(text, name))

    def to_json(self) -> bytes:
        """Return the contents of ``vault.json``."""
        slots = (self.slots, self.key_files, self.passkeys)
        head = (self.vault_id, self.epoch, self.root_check)
        return keyring_json.render((*head, *slots, self.previous, self.mac))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all slots: of accounts first, then of key files, then of passkeys."""
        accounts = [slot.name for slot in self.slots]
        others = [slot.name for slot in self.key_files] + [slot.name for slot in self.passkeys]
        return (*accounts, *others)

    def open_with_password(self, name: str, password: str) -> RootKey:
        """Return the root key. Raises ``WrongKey`` for an unknown name as for a wrong password.

        Both take the time of one derivation, so that timing does not tell which names exist.
        Blocking, for a tenth of a second or more.
        """
        slot = self._slot(name)
        if slot is None:
            profile = self.slots[0].profile if self.slots else RFC_9106_LOW_MEMORY
            slot = Slot.decoy(name, profile)
        return self.verified(slot.unwrap(self.vault_id, password), "password")

    def open_with_key_file(self, key: FileKey) -> tuple[RootKey, KeyFileSlot]:
        """Return the root key, and the slot that the key opens. Raises ``WrongKey``.

        Also ``StateUnusable`` for a ``vault.json`` that has been altered.
        """
        for slot in self.key_files:
            try:
                root = slot.unwrap(self.vault_id, key)
            except WrongKey:
                continue
            return self.verified(root, "key file"), slot
        raise WrongKey(
            "That key file does not open the vault.",
            why=f"None of the {len(self.key_files)} slots for key files is for it."
            if self.key_files
            else "The vault has no slot for a key file.",
            remedy="`jupyter secure vault slots` lists what opens the vault; "
            "`jupyter secure vault slots add --key-file PATH` adds a key file.",
        )

    def verified(self, root: RootKey, by: str) -> RootKey:
        """Return the key that ``by`` opened, or wipe it: ``StateUnusable`` for an altered file."""
        if not self.verify_root(root):
            root.wipe()
            raise StateUnusable(
                "vault.json has been altered.",
                why=f"The {by} opens its slot, but the rest does not belong to that key.",
                remedy="Restore vault.json from a backup.",
            )
        try:
            self.require_authentic(root)
        except StateUnusable:
            root.wipe()
            raise
        return root

    def require_authentic(self, root: RootKey) -> None:
        """Raise ``StateUnusable`` unless all of it was written by someone who had the root key."""
        if not hmac.compare_digest(_mac(self, root), self.mac):
            raise StateUnusable(
                "vault.json has been altered.",
                why="A slot was added, taken out, exchanged or moved by someone without the key.",
                remedy="Restore vault.json from a backup; without one, `jupyter secure vault "
                "recover` sets up anew from the recovery key.",
            )

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
        self.require_own(root)
        if self._slot(name) is not None:
            raise Conflict(f"The vault already has a password for {name}.")
        self.require_free(name)
        slot = Slot.wrap(self.vault_id, root, name, password, profile)
        return changed(self, root, slots=(*self.slots, slot))

    def add_key_file(self, root: RootKey, name: str, key: FileKey) -> Keyring:
        """Return a keyring that the key file opens too. ``name`` is used as given.

        Raises ``WrongKey`` for another vault's root key, ``Conflict`` if the name has a slot or the
        key has one, and ``InvalidInput`` for a name that cannot be stored.
        """
        self.require_own(root)
        self.require_free(name)
        if (known := self.slot_of(key)) is not None:
            raise Conflict(
                f"That key file opens the vault already: it is “{known.name}”.",
                remedy="Nothing needs to be done.",
            )
        slot = KeyFileSlot.wrap(self.vault_id, root, name, key)
        return changed(self, root, key_files=(*self.key_files, slot))

    def remove_key_file(self, root: RootKey, name: str) -> Keyring:
        """Return a keyring that this key file opens no more. Raises ``NotFound``, ``WrongKey``.

        Whoever kept the old ``vault.json`` can still use the key file with it.
        """
        rest = tuple(slot for slot in self.key_files if slot.name != name)
        if len(rest) == len(self.key_files):
            raise NotFound(f"The vault has no key file “{name}”.")
        self.require_own(root)
        return changed(self, root, key_files=rest)

    def slot_of(self, key: FileKey) -> KeyFileSlot | None:
        """Return the slot that a key file opens, if it opens one."""
        try:
            root, slot = self.open_with_key_file(key)
        except (WrongKey, StateUnusable):
            return None
        root.wipe()
        return slot

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
        rest = self.remove_slot(root, name)
        rest = rest.add_password_slot(root, name, password, profile=profile)
        *others, new = rest.slots
        place = [slot.name for slot in self.slots].index(name)
        return changed(self, root, slots=(*others[:place], new, *others[place:]))

    def with_epoch(self, root: RootKey, epoch: int) -> Keyring:
        """Return a keyring of a later epoch: new files are wrapped by another key.

        The slots stay: the root key is the same, and it opens the files of every epoch. Raises
        ``WrongKey`` for another vault's root key, and ``Conflict`` while the root key is being
        changed.
        """
        self.require_own(root)
        if self.previous is not None:
            raise Conflict(
                "The root key is being changed, and that is not finished.",
                remedy="Finish it with `jupyter secure vault rotate --full FOLDER…`.",
            )
        if epoch < self.epoch:
            raise ValueError("An epoch that was left does not come back.")
        return changed(self, root, epoch=epoch, root_check=_root_check(root, self.vault_id, epoch))

    def remove_slot(self, root: RootKey, name: str) -> Keyring:
        """Return a keyring without this account's slot. Raises ``NotFound`` or ``WrongKey``.

        Whoever kept the old ``vault.json`` can still use the old password with it.
        """
        if self._slot(name) is None:
            raise NotFound(f"The vault has no password for {name}.")
        self.require_own(root)
        rest = tuple(slot for slot in self.slots if slot.name != name)
        return changed(self, root, slots=rest)

    def with_new_root(self, old: RootKey, new: RootKey, epoch: int) -> Keyring:
        """Return the keyring of the same vault under a new root key, without slots.

        ``epoch`` is the first of the new key. The old key can be had from the new one until
        ``without_previous``. Raises ``WrongKey`` if ``old`` is not this vault's.
        """
        self.require_own(old)
        if self.previous is not None or epoch <= self.epoch:
            raise ValueError("One change at a time, and each in an epoch of its own.")
        previous = PreviousRoot.wrap(new, self.vault_id, epoch, old, epoch - 1)
        return changed(Keyring.from_root(new, self.vault_id, epoch), new, previous=previous)

    def previous_root(self, root: RootKey) -> RootKey | None:
        """Return the root key before this one while it is being changed; the caller wipes it.

        Raises ``WrongKey`` for another vault's root key, ``StateUnusable`` for an altered file.
        """
        self.require_own(root)
        if self.previous is None:
            return None
        return self.previous.unwrap(root, self.vault_id, self.epoch)

    def without_previous(self, root: RootKey) -> Keyring:
        """Return the keyring after a change of the root key: the old one is gone from it.

        Raises ``WrongKey`` for another vault's root key.
        """
        self.require_own(root)
        return changed(self, root, previous=None)

    def _slot(self, name: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == name), None)

    def require_own(self, root: RootKey) -> None:
        """Raise ``WrongKey`` for another vault's root key."""
        if not self.verify_root(root):
            raise WrongKey("That key belongs to another vault.")

    def require_free(self, name: str) -> None:
        """Raise ``Conflict`` if anything has a slot of that name."""
        if name in self.names:
            raise Conflict(
                f"The vault has a slot with the name “{name}” already.",
                remedy="Choose another name; `jupyter secure vault slots` lists them.",
            )


def changed(keyring: Keyring, root: RootKey, **members: Any) -> Keyring:
    """Return the keyring with other members, and the MAC that belongs to them."""
    altered = replace(keyring, **members)
    return replace(altered, mac=_mac(altered, root))


def _mac(one: Keyring, root: RootKey) -> bytes:
    return mac(root, one.vault_id, one.epoch, one.slots, one.key_files, one.passkeys, one.previous)


def _root_check(root: RootKey, vault_id: bytes, epoch: int) -> bytes:
    return root.derive(b"jsec/root-check/v1" + vault_id + epoch.to_bytes(8, "big"))
