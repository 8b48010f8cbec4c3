"""New content for one file: what it goes on from, and the file while its parts come in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.errors import (
    Conflict,
    CorruptFile,
    PassphraseRequired,
    UnsupportedFormat,
    WrongKey,
)
from jupyter_secure.store.atomic import AtomicFile
from jupyter_secure.vault.catalogue_rows import SALT_BYTES, Entry, Sealing
from jupyter_secure.vault.envelope import FileClass, Header, is_sealed
from jupyter_secure.vault.file_pieces import FileSealer
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.stanza import Derivation
from jupyter_secure.vault.vault import Vault

#: Takes a header, a size in bytes, and the passphrase if there is one.
Then = Callable[[Header, int, "PassphraseKey | None"], None]

_LAST_VERSION = (1 << 64) - 1


@dataclass(frozen=True)
class Before:
    """What was there: whether it was sealed, and as which file; no id where it begins anew.

    ``header`` is that of the file itself, unless it is none or cannot be read.
    """

    file_id: bytes | None = None
    next_version: int = 1
    sealed: bool = False
    header: Header | None = None


def before(prefix: bytes | None, left: Entry | None, vault: Vault) -> Before:
    """Return what to go on from, given the first bytes of the file and what was left there.

    ``prefix`` is None without a file. One that was sealed was deleted from outside then: it may
    live on elsewhere, so what is saved now is another, and sealed as well.

    What was left counts, whatever was put there since: the new content stands for itself and mends
    the file. Where nothing is known the file's own header does, if this vault made it; and so does
    a later version of the same file, or the next one would pass for older. Raises ``VaultSealed``.
    """
    if prefix is None:
        return Before(sealed=left is not None)
    header = _header_in(prefix)
    if left is not None and left.highest < _LAST_VERSION:
        last = left.highest
        later = header is not None and header.file_version > last
        if later and header is not None and header.file_id == left.sealing.file_id:
            last = header.file_version if _goes_on(header, vault) else last
        return Before(left.sealing.file_id, last + 1, sealed=True, header=header)
    if not is_sealed(prefix[:8]):
        return Before(sealed=left is not None)
    if header is None or not _goes_on(header, vault):
        return Before(sealed=True, header=header)
    return Before(header.file_id, header.file_version + 1, sealed=True, header=header)


def _goes_on(header: Header, vault: Vault) -> bool:
    """Say whether this vault made the header of a live file, and there can be a next version.

    Taken unproved, a planted header would have us seal one file's content as another file, and as
    newer than that: put in its place, it would pass for a save.
    """
    if header.file_version >= _LAST_VERSION:
        return False
    try:
        vault.opener(header, expect=FileClass.CONTENT)
    except PassphraseRequired:
        pass  # asked for after the header proved authentic
    except (CorruptFile, WrongKey):
        return False
    return True


def _header_in(prefix: bytes) -> Header | None:
    try:
        return Header.parse(prefix)
    except (CorruptFile, UnsupportedFormat):
        return None


class Writing:
    """New content for one file that comes in parts, sealed from the first."""

    def __init__(
        self,
        file: AtomicFile,
        sealer: FileSealer | None,
        provenance: Provenance,
        settling: AbstractContextManager[object],
        passphrase_now: Callable[[], PassphraseKey | None] = lambda: None,
    ) -> None:
        """Write to ``file``; nobody looks at what was left there while ``settling`` is held.

        ``passphrase_now`` says which passphrase the content must lie under when it comes in place.
        """
        self._file = file
        self._sealer = sealer
        self._provenance = provenance
        self._settling = settling
        self._passphrase_now = passphrase_now
        self._salt = b""
        #: Is told, once sealed content is in place, of its header and size in bytes, and of the
        #: passphrase that it lies under. Nobody else writes meanwhile; it is not to raise.
        self.then: Then = lambda *_: None
        #: How many bytes of content have come.
        self.size = 0
        if sealer is not None:
            file.write(sealer.header)

    @property
    def is_sealed(self) -> bool:
        """Whether what is written is sealed; decided when it began."""
        return self._sealer is not None

    def update(self, data: bytes) -> None:
        """Take the next part."""
        self.size += len(data)
        self._write(self._sealer.update(data) if self._sealer else data)

    def commit(self) -> None:
        """Put the new content in place.

        Raises ``Conflict`` if the file was locked with a passphrase meanwhile, or unlocked, or
        encrypted, and ``PassphraseRequired`` if that passphrase was not given.
        """
        if self._sealer is None:
            with self._settling:
                self._check_passphrase(None)
                if self._provenance.left_at(self._file.path) is not None:
                    raise self._changed(f"“{self._file.path.name}” was encrypted")
                self._file.commit()
            return
        self._write(self._sealer.finalize())
        header = Header.parse(self._sealer.header)
        with self._settling:
            passphrase = self._check_passphrase(header.stanza.derivation)
            # Nothing comes in place that could not be written down: the keys may be gone by now.
            self._provenance.left_at(self._file.path)
            self._file.commit()
            sealing = Sealing(header.file_id, header.file_version, self._salt)
            # Accepted: its version is of when it began, and other saves may have come since.
            self._provenance.accepted(self._file.path, sealing)
            self.then(header, self.size, passphrase)

    def _check_passphrase(self, derivation: Derivation | None) -> PassphraseKey | None:
        passphrase = self._passphrase_now()
        if derivation != (passphrase.derivation if passphrase is not None else None):
            raise self._changed(f"The lock on “{self._file.path.name}” was changed")
        return passphrase

    def _changed(self, what: str) -> Conflict:
        return Conflict(f"{what} while it was being written.", remedy="Write it again.")

    def _write(self, data: bytes) -> None:
        self._salt += data[: SALT_BYTES - len(self._salt)]
        self._file.write(data)

    def abort(self) -> None:
        """Throw it away; the old content stays."""
        self._file.abort()
