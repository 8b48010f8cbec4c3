"""Deterministic authenticated encryption: AES-256-SIV (RFC 5297).

For what is to be kept once however often it comes: the same message under the same key gives the
same ciphertext, and that is all it tells. Everything else is sealed with :mod:`crypto.aead`.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from jupyter_secure.crypto.aead import Buffer, InvalidSeal

KEY_BYTES = 64
TAG_BYTES = 16


class Siv:
    """Seals and opens under one key of ``KEY_BYTES`` uniformly random bytes."""

    def __init__(self, key: bytes) -> None:
        self._siv = AESSIV(key)

    def seal(self, message: Buffer, context: bytes) -> bytes:
        """Return the ciphertext, ``TAG_BYTES`` longer; ``context`` is bound and not stored."""
        return self._siv.encrypt(message, [context])

    def open_sealed(self, sealed: Buffer, context: bytes) -> bytes:
        """Return the message; raises ``InvalidSeal`` if it is not what was sealed."""
        try:
            return self._siv.decrypt(sealed, [context])
        except (InvalidTag, ValueError):
            raise InvalidSeal from None
