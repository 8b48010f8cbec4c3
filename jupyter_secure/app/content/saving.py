"""Saving: new content for a file, sealed if it must be or was."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from jupyter_secure.app.content.guard import Guard
from jupyter_secure.app.content.opening import prefix_of, sealing_of
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.place import Place
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.saves import SAVED, Origin, Saved, Saves
from jupyter_secure.app.content.writing import Before, Writing, before
from jupyter_secure.errors import Conflict
from jupyter_secure.locks import Actor
from jupyter_secure.store.atomic import AtomicFile, write_atomically
from jupyter_secure.vault.envelope import FileClass, Flags, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


class Saving:
    """Saves files as a whole, or in parts; see ``Content``."""

    def __init__(
        self,
        *,
        vault: Vault,
        guard: Guard,
        provenance: Provenance,
        passphrases: Passphrases,
        saves: Saves,
        settling: AbstractContextManager[object],
        must_seal: Callable[[str], bool],
    ) -> None:
        """One writes at a time, who holds ``settling``; ``saves`` is told of whole sealed files."""
        self._vault = vault
        self._guard = guard
        self._provenance = provenance
        self._passphrases = passphrases
        self._saves = saves
        self._settling = settling
        self._must_seal = must_seal

    def write(
        self,
        path: str | Path,
        data: bytes,
        actor: Actor,
        *,
        flags: Flags = Flags.NONE,
        seal: bool = False,
        passphrase: PassphraseKey | None = None,
        origin: Origin = SAVED,
    ) -> bool:
        """Replace the content of ``path``, all or nothing; see ``Content.write``."""
        with self._settling:
            path = Place(path)
            key, old, required = self._to_write(path, actor)
            passphrase = required or passphrase
            if not (passphrase or seal or old.sealed or self._must_seal(key)):
                write_atomically(Path(path.real), data)
                return False
            self._seal(path, key, old, data, actor, flags, passphrase, origin)
            return not old.sealed

    def put_back(
        self,
        path: str | Path,
        file_id: bytes,
        version: int,
        data: bytes,
        actor: Actor,
        *,
        flags: Flags,
        passphrase: PassphraseKey | None,
        origin: Origin,
    ) -> None:
        """Save what was deleted at ``path``, as the file that it was, from ``version`` on.

        Raises ``Conflict`` if something is there, and what ``write`` does.
        """
        with self._settling:
            path = Place(path)
            key, _ = self._guard.lock_to_write(path, actor)
            if os.path.lexists(path):
                raise Conflict(f"“{key}” exists already.", remedy="Choose another name.")
            old = Before(file_id, version, sealed=True)
            self._seal(path, key, old, data, actor, flags, passphrase, origin)

    def _seal(
        self,
        path: Place,
        key: str,
        old: Before,
        data: bytes,
        actor: Actor,
        flags: Flags,
        passphrase: PassphraseKey | None,
        origin: Origin,
    ) -> None:
        blob = self._vault.seal_bytes(
            data,
            file_class=FileClass.CONTENT,
            file_id=old.file_id,
            file_version=old.next_version,
            flags=flags,
            passphrase=passphrase,
        )
        write_atomically(Path(path.real), blob)
        self._provenance.saved(path, sealing_of(header := Header.parse(blob), blob))
        if passphrase is not None:  # which a copy has from what it was made from
            self._passphrases.hold(actor.session, header.file_id, passphrase)
        self._saves.saved(Saved(header.file_id, key, data, actor, passphrase, flags), origin)

    def begin(self, path: str | Path, actor: Actor, *, seal: bool = False) -> Writing:
        """Start new content for ``path`` that comes in parts; nothing is seen until it commits.

        ``seal`` asks for a seal though no pattern does.
        """
        key, old, passphrase = self._to_write(path, actor)
        sealer = None
        if passphrase or seal or old.sealed or self._must_seal(key):
            sealer = self._vault.sealer(
                file_class=FileClass.CONTENT,
                file_id=old.file_id,
                file_version=old.next_version,
                passphrase=passphrase,
            )
        return Writing(
            AtomicFile(Path(path)),
            sealer,
            self._provenance,
            self._settling,
            lambda: self._to_write(path, actor)[2],
        )

    def _to_write(self, path: str | Path, actor: Actor) -> tuple[str, Before, PassphraseKey | None]:
        """Return the key of ``path``, what is there, and what must open the new content as well.

        Raises unless ``actor`` may change it.
        """
        key, lock = self._guard.lock_to_write(path, actor)
        old = self._before(path)
        return key, old, self._passphrases.to_write(actor, old.header, lock, f"“{key}”")

    def _before(self, path: str | Path) -> Before:
        """Return what new content at ``path`` goes on from.

        Raises ``StorageFailed`` or ``Refused`` for a file that cannot be looked at: taken for plain
        or missing, what was sealed would be written in plain text.
        """
        return before(prefix_of(path), self._provenance.left_at(path), self._vault)
