"""Keys of passphrases, derived once: deriving is what takes the time."""

from __future__ import annotations

import threading

from jupyter_secure.vault.passphrase import PassphraseKey


def twin(key: PassphraseKey) -> PassphraseKey:
    """Return a second holder of the same key, which can be wiped by itself."""
    other = PassphraseKey.__new__(PassphraseKey)
    other.derivation, other._key, other._lock = key.derivation, key._key[:], threading.Lock()
    return other
