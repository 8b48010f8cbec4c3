"""The key of a passphrase: what opens a file under a sealed lock, beside the key of the vault.

Specified in ``docs/reference/file-format.md``, "Passphrases". Neither key opens such a file alone.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from typing import NoReturn

from jupyter_secure.crypto import aead, kdf, memory
from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import PassphraseRequired, WrongPassphrase
from jupyter_secure.vault.envelope import Core
from jupyter_secure.vault.stanza import Derivation


class PassphraseKey:
    """32 bytes derived from a passphrase, with one salt and cost.

    Safe for several threads: using and wiping exclude each other, because what is wrapped with a
    half-wiped key could never be opened again.
    """

    __slots__ = ("_key", "_lock", "derivation")

    def __init__(self, passphrase: str, derivation: Derivation) -> None:
        """Derive it; slow by design, so never on an event loop.

        Raises ``StateUnusable`` when the machine has not got the memory, and ``ValueError`` for a
        cost outside the limits, which no header that parses has.
        """
        #: The salt and cost that stand in the header of every file that this key opens.
        self.derivation = derivation
        derived = kdf.argon2id(_bytes_of(passphrase), derivation.salt, derivation.profile)
        self._key = bytearray(derived)
        self._lock = threading.Lock()

    @classmethod
    def new(
        cls, passphrase: str, *, profile: Argon2idProfile = RFC_9106_LOW_MEMORY
    ) -> PassphraseKey:
        """Derive the key of a passphrase that is being set, with a salt of its own."""
        return cls(passphrase, Derivation(os.urandom(kdf.SALT_BYTES), profile))

    def copy(self) -> PassphraseKey:
        """Return the same key once more, to be wiped apart from this one."""
        other = object.__new__(PassphraseKey)
        other.derivation, other._lock = self.derivation, threading.Lock()
        with self._lock:
            other._key = bytearray(self._key)
        return other

    def wrap(self, core: Core, data_key: bytes) -> bytes:
        """Return the data key, wrapped, for the vault to wrap again.

        Raises ``PassphraseRequired`` once wiped.
        """
        with self._lock:
            return aead.seal(self._present(), self._context(core), data_key)

    def unwrap(self, core: Core, wrapped: bytes, *, name: str = "This file") -> bytes:
        """Return the data key. Raises ``WrongPassphrase``, or ``PassphraseRequired`` once wiped.

        The vault's own layer has authenticated every byte of the header before, salt and cost
        included: what does not open is under another passphrase.
        """
        with self._lock:
            try:
                return aead.open_sealed(self._present(), self._context(core), wrapped)
            except aead.InvalidSeal:
                raise WrongPassphrase(name) from None

    def wipe(self) -> None:
        """Overwrite the key. Wiping twice is fine."""
        with self._lock:
            memory.wipe(self._key)
            self._key.clear()

    def _present(self) -> bytearray:
        if not self._key:
            raise PassphraseRequired("This file")
        return self._key

    def _context(self, core: Core) -> bytes:
        return b"jsec/passphrase/v1" + bytes(core) + bytes(self.derivation)

    def __repr__(self) -> str:
        return "PassphraseKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("The key of a passphrase is not pickled: it must not leave the process.")


def _bytes_of(passphrase: str) -> bytes:
    # NFKC as for passwords: keyboards differ in how they compose a letter. Surrogates pass, so that
    # a malformed try fails as any other wrong one does.
    return unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
