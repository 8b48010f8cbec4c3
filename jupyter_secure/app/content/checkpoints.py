"""Checkpoints: what a file held when someone saved it by hand, bound to be no more than that."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from jupyter_secure.app.content.opening import Reading, at_once, header_of
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.saves import SAVED, Origin, Saved, Saves
from jupyter_secure.errors import SecureError
from jupyter_secure.history.version import Kind
from jupyter_secure.locks import Actor
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.vault.envelope import FileClass, Flags
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


class ReadsAndWrites(Protocol):
    """What checkpoints need of ``Content``. Paths are the operating system's."""

    def must_seal(self, key: str) -> bool:
        """Say whether the file ``key`` is to be encrypted."""
        ...

    def check_write(self, path: str | Path, actor: Actor) -> str:
        """Raise unless ``actor`` may change ``path``; return its key."""
        ...

    def seal_in_place(self, path: str | Path) -> bytes:
        """Seal the file at ``path`` if it is plain; return its file id."""
        ...

    def read(
        self, path: str | Path, actor: Actor, *, expect: FileClass = FileClass.CONTENT
    ) -> Reading:
        """Return the content of ``path``, opened if it is sealed."""
        ...

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
        """Replace the content of ``path``, all or nothing."""
        ...


class Checkpoints:
    """Keeps them and puts them back."""

    def __init__(
        self,
        *,
        vault: Vault,
        provenance: Provenance,
        content: ReadsAndWrites,
        passphrases: Passphrases,
        settling: AbstractContextManager[object],
        saves: Saves,
    ) -> None:
        """No lock comes or goes while ``settling`` is held."""
        self._saves = saves
        self._vault = vault
        self._provenance = provenance
        self._content = content
        self._passphrases = passphrases
        self._settling = settling

    def keep(
        self, source: str | Path, target: str | Path, actor: Actor, *, by_hand: bool = True
    ) -> None:
        """Keep the content of ``source`` as a checkpoint at ``target``, under its passphrase.

        Made ``by_hand`` it is a version that somebody wants kept, too; raises what that raises.
        """
        with self._settling:
            saved = self._keep(source, target, actor)
            if saved is not None and by_hand:
                self._saves.saved_by_hand(saved)

    def _keep(self, source: str | Path, target: str | Path, actor: Actor) -> Saved | None:
        # There is one, so that a new one takes the place of what could be got back.
        key = self._content.check_write(source, actor)
        reading = self._content.read(source, actor)
        if reading.header is None and self._content.must_seal(key):
            # Now, so that the checkpoint is one of this very file.
            self._content.seal_in_place(source)
            reading = self._content.read(source, actor)
        header, blob = reading.header, reading.data
        passphrase = self._passphrases.find(actor.session, header)
        if header is not None:
            blob = self._vault.seal_bytes(
                reading.data,
                file_class=FileClass.HISTORY,
                file_id=header.file_id,
                file_version=header.file_version,
                flags=reading.flags,
                passphrase=passphrase,
            )
        write_atomically(Path(target), blob)
        if header is None:
            return None
        return Saved(header.file_id, key, reading.data, actor, passphrase, reading.flags)

    def can_restore(self, source: str | Path, target: str | Path) -> bool:
        """Say whether a sealed checkpoint of the very file that was left at ``target`` is there."""
        left = self._provenance.left_at(target)
        try:
            with open(source, "rb", opener=at_once) as file:
                header = header_of(file, Path(source).name)
        except (OSError, SecureError):
            return False
        return (
            header is not None
            and header.file_class is FileClass.HISTORY
            and left is not None
            and header.file_id == left.sealing.file_id
        )

    def restore(self, source: str | Path, target: str | Path, actor: Actor) -> None:
        """Put the checkpoint at ``source`` back as the content of ``target``.

        Raises ``Swapped`` if it is the checkpoint of another file, ``Unsealed`` if it is plain and
        the file is not.
        """
        self._content.check_write(target, actor)
        reading = self._content.read(source, actor, expect=FileClass.HISTORY)
        file_id = reading.header.file_id if reading.header is not None else None
        self._provenance.check_history(target, file_id)
        sealed = reading.header is not None
        passphrase = self._passphrases.find(actor.session, reading.header)
        self._content.write(
            target,
            reading.data,
            actor,
            flags=reading.flags,
            seal=sealed,
            passphrase=passphrase,
            origin=Origin(Kind.RESTORED),
        )
