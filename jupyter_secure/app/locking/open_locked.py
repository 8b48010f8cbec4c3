"""Opening a file under a sealed lock for one session, by its passphrase."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.passphrases import Passphrases, opening_key, opening_keys
from jupyter_secure.app.login.budget import Budget
from jupyter_secure.errors import Conflict, InvalidInput, Refused, VaultSealed
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.throttle import Attempts, passphrase_key
from jupyter_secure.locks import Actor, LockMode, LockStore
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.vault import Vault


class OpenLocked:
    """Call it with a file and a passphrase. Wrong ones are counted, for all files together."""

    def __init__(
        self,
        *,
        vault: Vault,
        locks: LockStore,
        passphrases: Passphrases,
        attempts: Attempts,
        clock: Clock,
        kept: Callable[[bytes], Header | None] = lambda _: None,
    ) -> None:
        """``kept`` gives the header of the sealed key to a file's earlier versions."""
        self._kept = kept
        self._vault = vault
        self._locks = locks
        self._passphrases = passphrases
        self._budget = Budget(attempts, clock, passphrase_key)

    def __call__(self, content: Content, path: str | Path, passphrase: str, actor: Actor) -> None:
        """Open the file for the session of ``actor``, whoever locked it; slow by design.

        Raises ``WrongPassphrase``, ``TooManyTries``, ``VaultSealed``, ``InvalidInput`` for a file
        without a passphrase, ``Conflict`` for one that lost it, and what a damaged file does.
        """
        if actor.username is None:
            raise Refused("Only someone who is logged in can open a locked file.", remedy="Log in.")
        if not self._vault.is_open:
            raise VaultSealed
        key = content.key(path)
        name = f"“{key}”"
        header = content.header(path)
        lock = self._locks.get(key)
        # Where locking was cut short, the earlier versions may be under a passphrase that the file
        # is not under yet, or not any more.
        kept = self._kept(header.file_id) if header is not None else None
        closed = {
            one.stanza.derivation: one
            for one in (header, kept)
            if one is not None and one.needs_passphrase
        }
        if header is None or not closed:
            if lock is not None and lock.mode is LockMode.SEALED:
                raise Conflict(
                    f"{name} is not under its passphrase any more.",
                    why="Another file, or an earlier version of it, was put in its place.",
                    remedy=f"Put the right one back; or {lock.owner} confirms a code, and unlocks "
                    "it as it is.",
                )
            raise InvalidInput(f"{name} is not locked with a passphrase.")
        with self._budget.one_try(actor.username, None):
            for opening in opening_keys(self._vault, closed.values(), passphrase, name):
                self._passphrases.hold(actor.session, header.file_id, opening)

    def deleted(self, file_id: bytes, passphrase: str, actor: Actor) -> None:
        """Open the versions of a deleted file that was under a passphrase; errors as above."""
        if actor.username is None:
            raise Refused("Only someone who is logged in can open a locked file.", remedy="Log in.")
        header = self._kept(file_id)
        if header is None or not header.needs_passphrase:
            raise InvalidInput("This notebook is not locked with a passphrase.")
        with self._budget.one_try(actor.username, None):
            opening = opening_key(self._vault, header, passphrase, "this notebook")
        self._passphrases.hold(actor.session, file_id, opening)
