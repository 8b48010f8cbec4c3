"""The stanza in the header of a sealed file: the file's data key, wrapped.

Layout and parse rules: ``docs/reference/file-format.md``, "Sealed file". There are two types: the
key of the vault suffices for one; the other needs a passphrase as well.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from jupyter_secure.crypto import aead, kdf
from jupyter_secure.crypto.kdf import Argon2idProfile

FINGERPRINT_BYTES = 8
WRAPPED_BYTES = aead.ciphertext_size(aead.KEY_BYTES)

_HEAD = struct.Struct(">HHQ8s")
_COST = struct.Struct(f">{kdf.SALT_BYTES}sIII")
# What the stanza's length field counts follows it.
_NOT_COUNTED = 4


class StanzaType(IntEnum):
    """What it takes to unwrap the data key."""

    VAULT = 1
    PASSPHRASE = 2

    @property
    def size(self) -> int:
        """The bytes of a whole stanza of this type."""
        if self is StanzaType.VAULT:
            return _HEAD.size + WRAPPED_BYTES
        return _HEAD.size + _COST.size + aead.ciphertext_size(WRAPPED_BYTES)


@dataclass(frozen=True, slots=True)
class Derivation:
    """How the key of a passphrase is derived from it: with which salt, at what cost."""

    salt: bytes
    profile: Argon2idProfile

    def __bytes__(self) -> bytes:
        profile = self.profile
        return _COST.pack(self.salt, profile.iterations, profile.lanes, profile.memory_kib)


@dataclass(frozen=True, slots=True)
class Stanza:
    """The data key of the file, wrapped by the vault's wrap key of one epoch.

    With a ``derivation``, what that wrap key opens is wrapped by the key of a passphrase still.
    """

    epoch: int
    fingerprint: bytes
    wrapped: bytes
    derivation: Derivation | None = None

    @property
    def type(self) -> StanzaType:
        """What it takes to unwrap the data key."""
        return StanzaType.VAULT if self.derivation is None else StanzaType.PASSPHRASE

    @property
    def head(self) -> bytes:
        """The bytes that precede the wrapped key and are bound to it."""
        head = _HEAD.pack(self.type, self.type.size - _NOT_COUNTED, self.epoch, self.fingerprint)
        return head if self.derivation is None else head + bytes(self.derivation)

    @classmethod
    def parse(cls, stanza: memoryview) -> Stanza | None:
        """Read the whole bytes of a stanza of a known type; None if they contradict themselves.

        A cost outside the limits contradicts too: it is refused before anything is derived, so that
        a hostile file takes neither the machine's memory nor its time.
        """
        kind, length, epoch, fingerprint = _HEAD.unpack_from(stanza)
        known = StanzaType(kind)
        if epoch == 0 or length != known.size - _NOT_COUNTED or len(stanza) != known.size:
            return None
        if known is StanzaType.VAULT:
            return cls(epoch, fingerprint, bytes(stanza[_HEAD.size :]))
        salt, *cost = _COST.unpack_from(stanza, _HEAD.size)
        profile = Argon2idProfile(*cost)
        if not profile.is_acceptable():
            return None
        wrapped = bytes(stanza[_HEAD.size + _COST.size :])
        return cls(epoch, fingerprint, wrapped, Derivation(salt, profile))


def type_of(stanza: memoryview) -> int:
    """Return the number at the beginning of a stanza, known or not; 2 bytes suffice."""
    return int.from_bytes(stanza[:2], "big")
