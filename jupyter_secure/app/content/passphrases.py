"""The passphrases that were given, as keys in memory: whose session holds which.

A file under a sealed lock is opened once in a session; after that it is read and saved there
without deriving anything again. Keys are wiped when their session ends and when their file is
locked anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace

from jupyter_secure.errors import InvalidInput, PassphraseRequired, WrongPassphrase
from jupyter_secure.identity.passwords import check_strength, is_acceptable_size
from jupyter_secure.locks import Actor, Lock, LockMode
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.stanza import Derivation
from jupyter_secure.vault.vault import Vault

#: What a lost passphrase means. It is said before one is set, wherever that is done.
IF_LOST = (
    "Without the passphrase nobody opens the file again: not you, not an administrator, not with "
    "the recovery key. It is kept nowhere. Write it down, or put it into a password manager."
)


class Passphrases:
    """Keeps the keys by session and file; safe for several threads."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, bytes], list[PassphraseKey]] = {}
        self._lock = threading.Lock()

    def hold(self, session: str, file_id: bytes, key: PassphraseKey) -> None:
        """Keep ``key`` for a file, 16 bytes, that it has opened in ``session``."""
        with self._lock:
            held = self._keys.setdefault((session, file_id), [])
            # The newest is last. A copy of the file may lie under another passphrase.
            held[:] = [one for one in held if one.derivation != key.derivation] + [key]

    def find(self, session: str, header: Header | None) -> PassphraseKey | None:
        """Return what opens the file with this header in ``session``, if it needs a passphrase."""
        if header is None or header.stanza.derivation is None:
            return None
        return self._find(session, header.file_id, header.stanza.derivation)

    def _find(
        self, session: str, file_id: bytes, derivation: Derivation | None = None
    ) -> PassphraseKey | None:
        with self._lock:
            for key in reversed(self._keys.get((session, file_id), ())):
                if derivation in (None, key.derivation):
                    return key
        return None

    def to_write(
        self, actor: Actor, header: Header | None, lock: Lock | None, name: str
    ) -> PassphraseKey | None:
        """Return what new content must be sealed with beside the vault's key, if with anything.

        ``header`` is that of the file to be replaced, ``lock`` what stands on its path: the content
        of a locked file stays under its passphrase, whatever was put there meanwhile. Raises
        ``PassphraseRequired``.
        """
        locked_id = lock.file_id if lock is not None and lock.mode is LockMode.SEALED else None
        if locked_id is not None and (header is None or header.file_id != locked_id):
            key = self._find(actor.session, locked_id)
        elif header is not None and header.needs_passphrase:
            key = self.find(actor.session, header)
        elif locked_id is not None:
            key = self._find(actor.session, locked_id)
        else:
            return None
        if key is None:
            raise PassphraseRequired(name)
        return key

    def informed(self, actor: Actor, lock: Lock | None) -> Actor:
        """Return ``actor`` as the rules for ``lock`` must see it."""
        if lock is None or lock.mode is not LockMode.SEALED or lock.file_id is None:
            return actor
        held = self._find(actor.session, lock.file_id) is not None
        return replace(actor, has_passphrase=held)

    def forget(self, file_id: bytes) -> None:
        """Wipe what opens one file, in every session: it was locked anew, or unlocked."""
        self._wipe(lambda _, held_for: held_for == file_id)

    def keep_only(self, sessions: Collection[str]) -> None:
        """Wipe what other sessions held: they have ended."""
        self._wipe(lambda session, _: session not in sessions)

    def _wipe(self, goes: Callable[[str, bytes], bool]) -> None:
        with self._lock:
            gone = [place for place in self._keys if goes(*place)]
            wiped = [key for place in gone for key in self._keys.pop(place)]
            # A copy that was made in a session shares the key of what it was made from.
            used = {id(key) for held in self._keys.values() for key in held}
            for key in wiped:
                if id(key) not in used:
                    key.wipe()


def new_key(passphrase: str, username: str) -> PassphraseKey:
    """Return the key of a passphrase that is being set; slow, so never on an event loop.

    Raises ``WeakPassword`` for one that would be guessed, ``InvalidInput`` for one that is too long
    or not text.
    """
    check_strength(passphrase, username, called="passphrase")
    return PassphraseKey.new(passphrase)


def opening_key(vault: Vault, header: Header, passphrase: str, name: str) -> PassphraseKey:
    """Return the key with which a file under a passphrase opens; slow, as ``new_key``.

    ``name`` stands in the messages. Raises ``WrongPassphrase``, ``VaultSealed``, ``InvalidInput``
    for a file that needs none, and what a damaged header does.
    """
    derivation = header.stanza.derivation
    if derivation is None:
        raise InvalidInput(f"{name} is not locked with a passphrase.")
    if not is_acceptable_size(passphrase):
        raise WrongPassphrase(name)
    key = PassphraseKey(passphrase, derivation)
    # Authenticates the header first, salt and cost with it; what fails then is the passphrase.
    vault.opener(header, expect=header.file_class, name=name, passphrase=key)
    return key


def opening_keys(
    vault: Vault, headers: Iterable[Header], passphrase: str, name: str
) -> list[PassphraseKey]:
    """Return what opens those of one file's parts that ``passphrase`` opens; the newest last.

    Raises ``WrongPassphrase`` if it opens none, and as ``opening_key``.
    """
    found = []
    for header in headers:
        with suppress(WrongPassphrase):
            found.append(opening_key(vault, header, passphrase, name))
    if not found:
        raise WrongPassphrase(name)
    return found
