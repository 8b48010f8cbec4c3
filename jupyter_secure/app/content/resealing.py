"""Bringing a file and its checkpoints under a passphrase, under another, or out from under it.

Their content is encrypted anew with new data keys: whoever kept an older copy of the file, and the
key that opens it, has nothing that opens the new one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import BinaryIO

from jupyter_secure.app.content.files import pieces
from jupyter_secure.app.content.guard import Guard
from jupyter_secure.app.content.opening import at_once, explained, header_of, sealing_in, sealing_of
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.root import Root
from jupyter_secure.app.content.saves import Saves
from jupyter_secure.app.content.writing import before
from jupyter_secure.errors import Conflict, SecureError
from jupyter_secure.locks import Actor
from jupyter_secure.store.atomic import AtomicFile, write_atomically
from jupyter_secure.vault.catalogue_rows import SALT_BYTES, Sealing
from jupyter_secure.vault.envelope import FileClass, Flags, Header, is_sealed
from jupyter_secure.vault.file_pieces import FileOpener, FileSealer
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


class Resealing:
    """Does it, all at once or not at all."""

    def __init__(
        self,
        *,
        root: Root,
        vault: Vault,
        guard: Guard,
        provenance: Provenance,
        passphrases: Passphrases,
        settling: AbstractContextManager[object],
        saves: Saves,
    ) -> None:
        """Nobody saves while ``settling`` is held."""
        self._saves = saves
        self._root = root
        self._vault = vault
        self._guard = guard
        self._provenance = provenance
        self._passphrases = passphrases
        self._settling = settling

    def __call__(
        self,
        path: str | Path,
        checkpoints: Sequence[Path],
        passphrase: PassphraseKey | None,
        actor: Actor,
    ) -> None:
        """Put the sealed file at ``path`` under ``passphrase``, or under none, for ``actor``.

        No session has it open afterwards. Raises what reading it raises, and ``Conflict`` for a
        file with other names (hard links) or a checkpoint that does not open.
        """
        with (
            self._settling,
            explained(path),
            open(path, "rb", opener=at_once) as file,
            ExitStack() as undo,
        ):
            name = f"“{Path(path).name}”"
            header = header_of(file, Path(path).name)
            assert header is not None, "what is to be locked is sealed first"
            self._guard.check_read(self._root.key(path), header, actor)
            sealing = sealing_in(file, header)
            if passphrase is not None:
                _refuse_links(file, name)
            left = self._provenance.left_at(path)
            goes_on = before(bytes(header), left, self._vault)
            live = _Prepared(
                file,
                Path(path),
                self._vault.sealer(
                    file_class=FileClass.CONTENT,
                    file_id=header.file_id,
                    file_version=goes_on.next_version,
                    flags=header.flags,
                    passphrase=passphrase,
                ),
            )
            undo.callback(live.abort)
            held = self._passphrases.find(actor.session, header)
            live.copy(self._opener(header, FileClass.CONTENT, name, held))
            # Now that it has proved authentic: the catalogue takes that for granted.
            self._provenance.check(path, sealing)
            kept = []
            # One file may be named in two ways; nothing is replaced twice.
            places = {os.path.realpath(one) for one in checkpoints if one.exists()}
            for place in sorted(places):
                try:
                    one = self._checkpoint(Path(place), header.file_id, passphrase, held, undo)
                except SecureError as error:
                    raise Conflict(
                        f"The lock on {name} cannot be changed because of its checkpoint.",
                        why=str(error),
                        remedy="Delete the checkpoint, or put the right one back, and try again.",
                    ) from error
                if one is not None:
                    kept.append(one)
            reseal_versions = self._saves.resealing(header.file_id, actor.session, passphrase)
            # All are complete on the disk. Should the power fail in between, it is a checkpoint
            # that is as before, and locking again brings it along. Earlier versions come first
            # under a passphrase, and out from under it last: what passes for locked is, with all
            # that it ever held, and what was cut short opens with the passphrase in question.
            if passphrase is not None:
                reseal_versions()
            live.commit()
            self._provenance.saved(path, live.sealing)
            for one in kept:
                one.commit()
            if passphrase is None:
                reseal_versions()
            self._passphrases.forget(header.file_id)

    def seal_in_place(self, path: str | Path) -> bytes:
        """Seal the file at ``path`` if it is plain; return its file id, 16 bytes.

        Its time of change stays: for whoever has it open, nothing has changed. A sealed one is
        opened, to be sure that it can be; unless it needs a passphrase, which is not asked for.
        """
        name = f"“{self._root.key(path)}”"
        with self._settling, explained(path), open(path, "rb", opener=at_once) as file:
            facts = os.fstat(file.fileno())
            blob = file.read()
            if is_sealed(blob[:8]):
                header = Header.parse(blob, name=name)
                if not header.needs_passphrase:
                    self._vault.open_bytes(blob, expect=FileClass.CONTENT, name=name)
                    self._provenance.check(path, sealing_of(header, blob))
                return header.file_id
            _refuse_links(file, name)
            self._provenance.check(path, None)
            sealed = self._vault.seal_bytes(blob, file_class=FileClass.CONTENT)
            write_atomically(Path(path), sealed)
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
            header = Header.parse(sealed)
            self._provenance.saved(path, sealing_of(header, sealed))
            return header.file_id

    def _checkpoint(
        self,
        path: Path,
        file_id: bytes,
        passphrase: PassphraseKey | None,
        held: PassphraseKey | None,
        undo: ExitStack,
    ) -> _Prepared | None:
        name = f"“{path.name}”"
        with open(path, "rb", opener=at_once) as file:
            header = header_of(file, path.name)
            derivation = header.stanza.derivation if header is not None else None
            if derivation not in (None, held.derivation if held else None):
                return None  # under a passphrase of an earlier time: closed, and stays so
            if passphrase is not None:
                _refuse_links(file, name)
            kept = _Prepared(
                file,
                path,
                self._vault.sealer(
                    file_class=FileClass.HISTORY,
                    # Of another file, perhaps, that was here before: as which it stays.
                    file_id=header.file_id if header else file_id,
                    file_version=header.file_version if header else 1,
                    flags=header.flags if header else Flags.NONE,
                    passphrase=passphrase,
                ),
            )
            undo.callback(kept.abort)
            kept.copy(self._opener(header, FileClass.HISTORY, name, held))
            return kept

    def _opener(
        self, header: Header | None, expect: FileClass, name: str, held: PassphraseKey | None
    ) -> FileOpener | None:
        if header is None:
            return None
        return self._vault.opener(header, expect=expect, name=name, passphrase=held)


class _Prepared:
    """A file sealed anew: complete beside the old one, and not yet in its place."""

    def __init__(self, source: BinaryIO, path: Path, sealer: FileSealer) -> None:
        self._source = source
        self._facts = os.fstat(source.fileno())
        self._sealer = sealer
        self._salt = b""
        self._target = AtomicFile(path, unchanged=self._facts)
        self._target.write(sealer.header)

    def copy(self, opener: FileOpener | None) -> None:
        """Take over the content from where the source stands, which ``opener`` opens."""
        try:
            for piece in pieces(self._source):
                self._write(self._sealer.update(opener.update(piece) if opener else piece))
            if opener is not None:
                self._write(self._sealer.update(opener.finalize()))
            self._write(self._sealer.finalize())
            # For whoever has it open, nothing has changed.
            self._target.keep_times(self._facts)
            self._target.finish()
        except BaseException:
            self.abort()
            raise

    def _write(self, data: bytes) -> None:
        self._salt += data[: SALT_BYTES - len(self._salt)]
        self._target.write(data)

    @property
    def sealing(self) -> Sealing:
        """Which sealing of the file it is."""
        header = Header.parse(self._sealer.header)
        return Sealing(header.file_id, header.file_version, self._salt)

    def commit(self) -> None:
        """Put it in place."""
        self._target.commit()

    def abort(self) -> None:
        """Throw it away, unless it is in place."""
        self._target.abort()


def _refuse_links(file: BinaryIO, name: str) -> None:
    others = os.fstat(file.fileno()).st_nlink - 1
    if others:
        raise Conflict(
            f"{name} has {others} other name{'' if others == 1 else 's'} (hard links).",
            why="Under those its content would stay as it is.",
            remedy="Remove them first: find . -samefile FILE shows them.",
        )
