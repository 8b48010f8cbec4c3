"""The keys of histories, each a small sealed file of the vault beside the versions.

Being sealed as the notebooks are, they open with the vault alone or, under a sealed lock, with the
passphrase as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.history.notebook_key import KEY_BYTES, NotebookKey, damaged
from jupyter_secure.history.repository import Repository
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault

#: A history goes on under a new key with each new passphrase, until it has had so many.
MOST_KEYS = 64

_NAME = "The history"


class NotebookKeys:
    """Finds, makes and reseals them. Each method raises what ``Vault.open_bytes`` does."""

    def __init__(self, repository: Repository, vault: Vault, passphrases: Passphrases) -> None:
        self._repository = repository
        self._vault = vault
        self._passphrases = passphrases

    def header(self, file_id: bytes) -> Header | None:
        """Return the header of a notebook's sealed key; ``None`` without a history."""
        sealed = self._repository.sealed_key(file_id)
        return None if sealed is None else Header.parse(sealed, name=_NAME)

    def find(self, file_id: bytes, session: str) -> NotebookKey | None:
        """Return the key as ``session`` may open it; ``None`` for a notebook without a history."""
        sealed = self._repository.sealed_key(file_id)
        return None if sealed is None else _key(self._open(file_id, sealed, session))

    def find_or_make(
        self, file_id: bytes, session: str, passphrase: PassphraseKey | None
    ) -> NotebookKey:
        """Return the key; a new one is under ``passphrase``, as the notebook is."""
        sealed = self._repository.sealed_key(file_id)
        if sealed is not None:
            return _key(self._open(file_id, sealed, session, passphrase))
        key = os.urandom(KEY_BYTES)
        self._put(file_id, key, passphrase)
        return NotebookKey(key)

    def resealing(
        self, file_id: bytes, session: str, passphrase: PassphraseKey | None
    ) -> Callable[[], None]:
        """Open what there is of the key; what is returned seals it under ``passphrase``, or none.

        Under a new passphrase the history goes on with a new key: an older copy of the present one,
        and the vault, open nothing that is kept from then on.
        """
        sealed = self._repository.sealed_key(file_id)
        if sealed is None:
            return lambda: None
        keys = self._open(file_id, sealed, session, passphrase)
        if passphrase is not None and len(keys) < MOST_KEYS * KEY_BYTES:
            keys = with_new_key(keys)
        return lambda: self._put(file_id, keys, passphrase)

    def _open(
        self,
        file_id: bytes,
        sealed: bytes,
        session: str,
        given: PassphraseKey | None = None,
    ) -> bytes:
        header = Header.parse(sealed, name=_NAME)
        fits = given is not None and given.derivation == header.stanza.derivation
        passphrase = given if fits else self._passphrases.find(session, header)
        opened = self._vault.open_bytes(
            sealed, expect=FileClass.HISTORY_KEY, name=_NAME, passphrase=passphrase
        )
        # The key of another notebook's history would open nothing here, but seal what comes next.
        if opened.header.file_id != file_id or not opened.data or len(opened.data) % KEY_BYTES:
            raise damaged()
        return opened.data

    def _put(self, file_id: bytes, keys: bytes, passphrase: PassphraseKey | None) -> None:
        sealed = self._vault.seal_bytes(
            keys, file_class=FileClass.HISTORY_KEY, file_id=file_id, passphrase=passphrase
        )
        self._repository.set_sealed_key(file_id, sealed)


def with_new_key(keys: bytes) -> bytes:
    """Return the content of a history's sealed key with a new key in use, and those before."""
    return os.urandom(KEY_BYTES) + keys


def _key(keys: bytes) -> NotebookKey:
    """Return the key that is in use; the sealed file holds it first, and those before behind it."""
    return NotebookKey(*(keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)))
