"""The vault: sealed, it knows nothing; unsealed, it seals and opens files.

Formats: ``docs/reference/file-format.md``. A vault is shared by all threads of a server.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_secure.crypto import aead, memory
from jupyter_secure.errors import CorruptFile, VaultSealed, WrongKey
from jupyter_secure.vault import wrapping
from jupyter_secure.vault.envelope import (
    HEADER_BYTES,
    ID_BYTES,
    KNOWN_FLAGS,
    Core,
    FileClass,
    Flags,
    Header,
)
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

_RESTORE = "Restore it from a checkpoint or a backup; it was left as it is."


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed file, opened: what its header says, and its content."""

    header: Header
    data: bytes


class FileSealer:
    """Seals one file piece by piece: write ``header``, then all that the methods return."""

    def __init__(self, header: Header, data_key: bytes) -> None:
        #: The first ``HEADER_BYTES`` of the sealed file.
        self.header = bytes(header)
        self._sealer = aead.Sealer(data_key, wrapping.data_context(header.core))

    def update(self, data: aead.Buffer) -> bytes:
        """Take the next piece of content; return the next bytes of the file, possibly none."""
        return self._sealer.update(data)

    def finalize(self) -> bytes:
        """Return the last bytes of the file."""
        return self._sealer.finalize()


class FileOpener:
    """Opens the payload of one file piece by piece: give it what follows the header.

    What ``update`` returns is authentic; that it is everything is known once ``finalize`` returns.
    It holds the data key of this one file, and goes on working if the vault is sealed meanwhile.
    """

    def __init__(self, header: Header, data_key: bytes, name: str) -> None:
        self.header = header
        self._name = name
        self._opener = aead.Opener(data_key, wrapping.data_context(header.core))

    def update(self, payload: aead.Buffer) -> bytes:
        """Take the next piece of payload; return content. Raises ``CorruptFile``."""
        try:
            return self._opener.update(payload)
        except aead.InvalidSeal:
            raise self._corrupt() from None

    def finalize(self) -> bytes:
        """Return the last content. Raises ``CorruptFile`` if the file was cut short."""
        try:
            return self._opener.finalize()
        except aead.InvalidSeal:
            raise self._corrupt() from None

    def _corrupt(self) -> CorruptFile:
        return CorruptFile(
            f"{self._name} is damaged.",
            why="Its content was altered or cut short after it was sealed.",
            remedy=_RESTORE,
        )


class Vault:
    """Holds the keys while they are needed, and forgets them on ``seal``."""

    def __init__(self, keyring: Keyring, *, newest: Callable[[], Keyring] | None = None) -> None:
        """Start sealed. Only the id, epoch and root check of the keyring are used.

        ``newest`` reads the present vault.json: a new key epoch counts from the next ``unseal``.
        """
        self._keyring = keyring
        self._newest = newest
        self._root: RootKey | None = None
        self._wrap_key = bytearray()
        self._fingerprint = b""
        # Held while keys are used, so that none is wiped in the middle of a derivation.
        self._lock = threading.RLock()

    @property
    def vault_id(self) -> bytes:
        """Which vault this is, 16 bytes."""
        return self._keyring.vault_id

    @property
    def is_open(self) -> bool:
        """Whether the keys are in memory."""
        return self._root is not None

    def unseal(self, root: RootKey) -> None:
        """Take a copy of the root key; the caller wipes its own. Open already: nothing changes.

        Raises ``WrongKey`` for the key of another vault, and what reading the newest keyring does.
        """
        newest = self._newest() if self._newest is not None else self._keyring
        if not self._keyring.verify_root(root):
            raise WrongKey(
                "That key belongs to another vault.",
                why=f"This is vault {_short(self.vault_id)}.",
                remedy="Use the password or recovery key of this vault.",
            )
        with self._lock:
            if self._root is None:
                # Never back: an older vault.json that was put in place names an epoch that was
                # left for a reason. Another vault's, or an altered one, is not taken at all.
                if newest.epoch > self._keyring.epoch and newest.vault_id == self.vault_id:
                    if not newest.verify_root(root):
                        raise WrongKey("That key belongs to another vault.")
                    self._keyring = newest
                held = root.copy()
                self._wrap_key[:] = wrapping.derive_wrap_key(
                    held, self.vault_id, self._keyring.epoch
                )
                self._fingerprint = wrapping.fingerprint(self._wrap_key)
                self._root = held

    def seal(self) -> None:
        """Wipe the keys. Sealing twice is fine."""
        with self._lock:
            if self._root is not None:
                self._root.wipe()
            self._root = None
            memory.wipe(self._wrap_key)
            self._wrap_key.clear()

    def rewrap(self, header: Header, *, name: str = "This file") -> Header:
        """Return the header of the same file under the newest epoch; its payload fits as it is.

        Raises ``VaultSealed``, ``WrongKey`` for another vault's file, and ``CorruptFile`` for a
        header that was altered. The payload is not looked at.
        """
        self._require_own(header, name)
        with self._lock:
            data_key = self._data_key(header, name)
            stanza = wrapping.wrap(
                self._wrap_key, self._keyring.epoch, self._fingerprint, header.core, data_key
            )
        return Header(header.core, stanza)

    def root(self) -> RootKey:
        """Return the root key, to add slots with; ``seal`` wipes it. Raises ``VaultSealed``."""
        with self._lock:
            if self._root is None:
                raise VaultSealed
            return self._root

    def derive(self, purpose: bytes) -> bytes:
        """Return the key for a purpose other than files. Raises ``VaultSealed``."""
        return self.root().derive(purpose)

    # ── sealing ────────────────────────────────────────────────────────────────────────────────

    def seal_bytes(
        self,
        data: aead.Buffer,
        *,
        file_class: FileClass,
        file_id: bytes | None = None,
        file_version: int = 1,
        flags: Flags = Flags.NONE,
    ) -> bytes:
        """Return the sealed file with this content. Raises ``VaultSealed``.

        ``file_id`` is 16 bytes, a new one if None; ``file_version`` is 1 or more.
        """
        sealer = self.sealer(
            file_class=file_class, file_id=file_id, file_version=file_version, flags=flags
        )
        return b"".join((sealer.header, sealer.update(data), sealer.finalize()))

    def sealer(
        self,
        *,
        file_class: FileClass,
        file_id: bytes | None = None,
        file_version: int = 1,
        flags: Flags = Flags.NONE,
    ) -> FileSealer:
        """Start a sealed file that is written piece by piece. Raises ``VaultSealed``."""
        if file_id is None:
            file_id = os.urandom(ID_BYTES)
        if len(file_id) != ID_BYTES or not 1 <= file_version < 1 << 64 or flags & ~KNOWN_FLAGS:
            # Refused here, because no reader would take the file.
            raise ValueError("No sealed file has such an id, version number or flag.")
        core = Core(FileClass(file_class), Flags(flags), self.vault_id, file_id, file_version)
        # A new data key for every save: no two messages ever share one, so that a copy of the
        # tree and a save in the original cannot collide.
        data_key = aead.generate_key()
        with self._lock:
            if self._root is None:
                raise VaultSealed
            stanza = wrapping.wrap(
                self._wrap_key, self._keyring.epoch, self._fingerprint, core, data_key
            )
        return FileSealer(Header(core, stanza), data_key)

    # ── opening ────────────────────────────────────────────────────────────────────────────────

    def open_bytes(
        self, blob: aead.Buffer, *, expect: FileClass, name: str = "This file"
    ) -> Opened:
        """Open a whole sealed file, all or nothing. ``name`` begins the messages.

        Raises ``VaultSealed``, ``WrongKey`` for another vault's file, ``CorruptFile`` for one that
        is damaged or of another class, ``UnsupportedFormat`` for one of a later format.
        """
        header = Header.parse(blob, name=name)
        opener = self.opener(header, expect=expect, name=name)
        data = opener.update(memoryview(blob)[HEADER_BYTES:])
        last = opener.finalize()
        return Opened(header, data + last if last else data)

    def opener(self, header: Header, *, expect: FileClass, name: str = "This file") -> FileOpener:
        """Start opening a sealed file that is read piece by piece; errors as ``open_bytes``."""
        if header.file_class != expect:
            raise CorruptFile(
                f"{name} is {header.file_class.description}, not {expect.description}.",
                why="Something has put it in the place of another file.",
                remedy=_RESTORE,
            )
        self._require_own(header, name)
        return FileOpener(header, self._data_key(header, name), name)

    def _require_own(self, header: Header, name: str) -> None:
        if header.vault_id != self.vault_id:
            raise WrongKey(
                f"{name} was sealed by another vault.",
                why=f"It belongs to vault {_short(header.vault_id)}, and this is "
                f"{_short(self.vault_id)}.",
                remedy="Open it with the recovery key of that vault.",
            )

    def _data_key(self, header: Header, name: str) -> bytes:
        with self._lock:
            if self._root is None:
                raise VaultSealed
            try:
                if header.stanza.epoch == self._keyring.epoch:
                    return wrapping.unwrap(self._wrap_key, self._fingerprint, header)
                old = wrapping.derive_wrap_key(self._root, self.vault_id, header.stanza.epoch)
                return wrapping.unwrap(old, wrapping.fingerprint(old), header)
            except aead.InvalidSeal:
                # The root key is known to be this vault's, and so is the vault id: what does not
                # fit must be the file.
                raise CorruptFile(
                    f"{name} is damaged.",
                    why="Its header was altered after it was sealed.",
                    remedy=_RESTORE,
                ) from None


def _short(vault_id: bytes) -> str:
    return vault_id.hex()[:8]
