"""One way to the root key: a password. Specified in ``docs/reference/file-format.md``, "Slots"."""

from __future__ import annotations

import os
import struct
import unicodedata
from dataclasses import dataclass

from jupyter_secure.crypto import aead, kdf
from jupyter_secure.crypto.kdf import Argon2idProfile
from jupyter_secure.errors import InvalidInput, WrongKey
from jupyter_secure.vault.keys import ROOT_KEY_BYTES, RootKey

SLOT_ID_BYTES = 16
MAX_NAME_BYTES = 1024
WRAPPED_ROOT_BYTES = aead.ciphertext_size(ROOT_KEY_BYTES)

_KIND_PASSWORD = 1
_HEAD = struct.Struct(">BIII")


@dataclass(frozen=True, slots=True)
class Slot:
    """The root key wrapped by a key derived from one account's password."""

    slot_id: bytes
    name: str
    profile: Argon2idProfile
    salt: bytes
    wrapped: bytes

    @classmethod
    def wrap(
        cls, vault_id: bytes, root: RootKey, name: str, password: str, profile: Argon2idProfile
    ) -> Slot:
        """Make a slot. Raises ``InvalidInput`` for a name or password that cannot be stored."""
        if not is_storable_name(name):
            raise InvalidInput(
                "The account name cannot be used.",
                why=f"It is empty, longer than {MAX_NAME_BYTES} bytes, or not valid text.",
            )
        if not password or any("\ud800" <= symbol <= "\udfff" for symbol in password):
            raise InvalidInput("The password cannot be used.", why="It is empty or not valid text.")
        empty = cls.decoy(name, profile)
        key = kdf.argon2id(_password_bytes(password), empty.salt, profile)
        wrapped = aead.seal(key, context(empty, vault_id), root.expose())
        return cls(empty.slot_id, name, profile, empty.salt, wrapped)

    @classmethod
    def decoy(cls, name: str, profile: Argon2idProfile) -> Slot:
        """Return a slot of random bytes, which no password opens and which takes as long to try."""
        return cls(
            slot_id=os.urandom(SLOT_ID_BYTES),
            name=name,
            profile=profile,
            salt=os.urandom(kdf.SALT_BYTES),
            wrapped=os.urandom(WRAPPED_ROOT_BYTES),
        )

    def unwrap(self, vault_id: bytes, password: str) -> RootKey:
        """Return the root key. Raises ``WrongKey``; takes as long as the profile costs."""
        key = kdf.argon2id(_password_bytes(password), self.salt, self.profile)
        try:
            return RootKey.from_bytes(aead.open_sealed(key, context(self, vault_id), self.wrapped))
        except aead.InvalidSeal:
            # Cobblestone commits to its key, so a slot cannot be made to open with two passwords.
            raise WrongKey("That password does not open the vault.") from None


def context(slot: Slot, vault_id: bytes) -> bytes:
    """Return all that a slot says but its wrapped key, which is bound to it."""
    name = slot.name.encode("utf-8", "surrogatepass")
    profile = slot.profile
    return b"".join(
        (
            b"jsec/slot/v1",
            vault_id,
            slot.slot_id,
            _HEAD.pack(_KIND_PASSWORD, profile.iterations, profile.lanes, profile.memory_kib),
            slot.salt,
            # Only a decoy has a name that overflows this; no stored slot does.
            (len(name) & 0xFFFF).to_bytes(2, "big"),
            name,
        )
    )


def is_storable_name(name: str) -> bool:
    """Tell whether a slot can carry this name: 1 to 1,024 bytes of valid UTF-8."""
    try:
        return 1 <= len(name.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False


def _password_bytes(password: str) -> bytes:
    # NFKC, because keyboards differ in how they compose a letter (NIST SP 800-63B 3.1.1.2).
    # Surrogates pass here so that a malformed guess costs the same time and fails the same way.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
