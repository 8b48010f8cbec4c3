"""The root key, which heads every other key."""

from __future__ import annotations

import threading
from typing import NoReturn

from jupyter_secure.crypto import aead, kdf, memory
from jupyter_secure.errors import VaultSealed

ROOT_KEY_BYTES = aead.KEY_BYTES


class RootKey:
    """A 256-bit key that is only ever used to derive others from.

    Safe for several threads: deriving and wiping exclude each other, because a key derived from a
    half-wiped root would look like any other and be known to everyone.
    """

    __slots__ = ("_key", "_lock")

    def __init__(self, key: bytes | bytearray) -> None:
        """Copy ``key``, 32 bytes; the caller wipes its own."""
        if len(key) != ROOT_KEY_BYTES:
            raise ValueError(f"A root key has {ROOT_KEY_BYTES} bytes, not {len(key)}.")
        self._key = bytearray(key)
        self._lock = threading.Lock()

    @classmethod
    def generate(cls) -> RootKey:
        """Return a new random key."""
        return cls(aead.generate_key())

    @classmethod
    def from_bytes(cls, key: bytes | bytearray) -> RootKey:
        """Return a root key that holds a copy of these 32 bytes."""
        return cls(key)

    def derive(self, purpose: bytes, length: int = 32) -> bytes:
        """Return the key for one purpose. Raises ``VaultSealed`` once the root key is wiped.

        The purposes in use are listed in ``docs/reference/file-format.md``.
        """
        with self._lock:
            return kdf.hkdf(self._present(), purpose=purpose, length=length)

    def expose(self) -> bytes:
        """Return the key itself, for wrapping it in a slot or writing it on paper."""
        with self._lock:
            return bytes(self._present())

    def copy(self) -> RootKey:
        """Return a second holder of the same key, to be wiped by its own owner."""
        with self._lock:
            return RootKey(self._present())

    def wipe(self) -> None:
        """Overwrite the key; using it afterwards raises ``VaultSealed``. Wiping twice is fine."""
        with self._lock:
            memory.wipe(self._key)
            # Emptied too, so that "wiped" is not confused with a key of zeros.
            self._key.clear()

    def _present(self) -> bytearray:
        if not self._key:
            raise VaultSealed
        return self._key

    def __repr__(self) -> str:
        return "RootKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A root key is not pickled: it must not leave the process.")
