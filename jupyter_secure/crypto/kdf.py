"""Keys from keys (HKDF, RFC 5869) and keys from passwords (Argon2id, RFC 9106)."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jupyter_secure.errors import StateUnusable

ARGON2ID_KEY_BYTES = 32
SALT_BYTES = 16


def hkdf(key: bytes | bytearray, *, purpose: bytes, length: int = 32) -> bytes:
    """Derive ``length`` bytes from a uniformly random key, for one purpose.

    HKDF-SHA-512 without a salt: RFC 5869 section 3.1 allows that where the input key is already
    uniformly random, and separation comes from ``purpose`` (the ``info`` input).
    """
    if not purpose:
        raise ValueError("A derived key needs a purpose: an empty one separates nothing.")
    return HKDF(algorithm=SHA512(), length=length, salt=None, info=purpose).derive(key)


@dataclass(frozen=True, slots=True)
class Argon2idProfile:
    """The cost of one derivation: passes, parallel lanes, and memory in KiB."""

    iterations: int
    lanes: int
    memory_kib: int

    def is_acceptable(self) -> bool:
        """Tell whether a stored profile may be used.

        The upper limits keep a hostile file from taking the machine's memory and time. The lower
        ones keep a slot that is cheap to guess from being accepted without anyone noticing.
        """
        return (
            OWASP_MINIMUM.iterations <= self.iterations <= 16
            and OWASP_MINIMUM.lanes <= self.lanes <= 16
            and OWASP_MINIMUM.memory_kib <= self.memory_kib <= 1024 * 1024
        )


#: RFC 9106 section 4, second recommendation: 64 MiB.
RFC_9106_LOW_MEMORY = Argon2idProfile(iterations=3, lanes=4, memory_kib=65536)

#: OWASP Password Storage Cheat Sheet, the least for Argon2id: 19 MiB.
OWASP_MINIMUM = Argon2idProfile(iterations=2, lanes=1, memory_kib=19456)

# One at a time: parallel logins must not multiply the memory that one derivation takes.
_one_derivation = threading.Lock()


def argon2id(password: bytes, salt: bytes, profile: Argon2idProfile) -> bytes:
    """Derive 32 bytes from a password; slow by design, so never call it on an event loop.

    ``salt`` is ``SALT_BYTES`` long. Raises ``ValueError`` for a profile outside the limits and
    ``StateUnusable`` when the machine has not got the memory.
    """
    if not profile.is_acceptable():
        raise ValueError(f"{profile} is outside the accepted limits.")
    kdf = Argon2id(
        salt=salt,
        length=ARGON2ID_KEY_BYTES,
        iterations=profile.iterations,
        lanes=profile.lanes,
        memory_cost=profile.memory_kib,
    )
    with _one_derivation:
        try:
            return kdf.derive(password)
        except MemoryError:
            raise StateUnusable(
                "The password could not be checked.",
                why=f"Deriving its key takes {profile.memory_kib // 1024} MiB of memory.",
                remedy="Free some memory and try again.",
            ) from None
