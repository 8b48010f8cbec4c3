"""The vault: sealed, it knows nothing; unsealed, it seals and opens files.

Formats: ``docs/reference/file-format.md``. A vault is shared by all threads of a server.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_secure.crypto import aead, memory
from jupyter_secure.errors import CorruptFile, PassphraseRequired, VaultSealed, WrongKey
from jupyter_secure.vault import wrapping
from jupyter_secure.vault.envelope import (
    ID_BYTES,
    KNOWN_FLAGS,
    Core,
    FileClass,
    Flags,
    Header,
)
from jupyter_secure.vault.file_pieces import FileOpener, FileSealer
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passphrase import PassphraseKey

_RESTORE = "Restore it from a checkpoint or a backup; it was left as it is."
_TRY_OLD_KEY = "Try the recovery key that was replaced: `vault open --recovery-key-stdin`."


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed file, opened: what its header says, and its content."""

    header: Header
    data: bytes


class Vault:
    """Holds the keys while they are needed, and forgets them on ``seal``."""

    def __init__(self, keyring: Keyring, *, newest: Callable[[], Keyring] | None = None) -> None:
        """Start sealed. Only the id, epoch and root check of the keyring are used.

        ``newest`` reads the present vault.json: a new key epoch counts from the next ``unseal`` or
        ``refresh``.
        """
        self._keyring = keyring
        self._newest = newest
        self._root: RootKey | None = None
        self._wrap_key = bytearray()
        self._fingerprint = b""
        # Held while keys are used, so that none is wiped in the middle of a derivation.
        self._lock = threading.RLock()
        #: Told that the keys came into memory, or went. Under the lock: it must not wait.
        self.on_change: Callable[[bool], None] = lambda _: None

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

        Raises ``WrongKey`` for the key of another vault, ``StateUnusable`` for a vault.json that
        was altered, and what reading the newest keyring does.
        """
        newest = self._newest() if self._newest is not None else self._keyring
        if not self._keyring.verify_root(root):
            raise WrongKey(
                "That key belongs to another vault.",
                why=f"This is vault {_short(self.vault_id)}.",
                remedy="Use the password or recovery key of this vault.",
            )
        self._keyring.require_authentic(root)
        with self._lock:
            if self._root is None:
                self._advance(newest, root)
                held = root.copy()
                self._take_wrap_key(held)
                self._root = held
                self.on_change(True)

    def refresh(self) -> None:
        """Seal in the newest key epoch from now on, if the vault is open.

        Raises ``WrongKey`` for a vault.json under another root key, and what reading it does.
        """
        if self._newest is None or not self.is_open:
            return
        newest = self._newest()
        with self._lock:
            if self._root is not None and self._advance(newest, self._root):
                self._take_wrap_key(self._root)

    def _advance(self, newest: Keyring, root: RootKey) -> bool:
        # Never back: an older vault.json that was put in place names an epoch that was left for a
        # reason. Another vault's, or an altered one, is not taken at all.
        if newest.epoch <= self._keyring.epoch or newest.vault_id != self.vault_id:
            return False
        if not newest.verify_root(root):
            raise WrongKey("That key belongs to another vault.")
        newest.require_authentic(root)
        self._keyring = newest
        return True

    def _take_wrap_key(self, root: RootKey) -> None:
        self._wrap_key[:] = wrapping.derive_wrap_key(root, self.vault_id, self._keyring.epoch)
        self._fingerprint = wrapping.fingerprint(self._wrap_key)

    def seal(self) -> None:
        """Wipe the keys. Sealing twice is fine."""
        with self._lock:
            was_open = self._root is not None
            if self._root is not None:
                self._root.wipe()
            self._root = None
            memory.wipe(self._wrap_key)
            self._wrap_key.clear()
            if was_open:
                self.on_change(False)

    def rewrap(self, header: Header, *, name: str = "This file") -> Header:
        """Return the header of the same file under the newest epoch; its payload fits as it is.

        A file that needs a passphrase needs it as before; here it is not asked for. Raises
        ``VaultSealed``, ``WrongKey`` for another vault's file, and ``CorruptFile`` for a header
        that was altered. The payload is not looked at.
        """
        self._require_own(header, name)
        with self._lock:
            stanza = wrapping.wrap(
                self._wrap_key,
                self._keyring.epoch,
                self._fingerprint,
                header.core,
                self._unwrap(header, name),
                header.stanza.derivation,
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
        passphrase: PassphraseKey | None = None,
    ) -> bytes:
        """Return the sealed file with this content. Raises ``VaultSealed``.

        ``file_id`` is 16 bytes, a new one if None; ``file_version`` is 1 or more. With a
        ``passphrase`` the file does not open without it.
        """
        sealer = self.sealer(
            file_class=file_class,
            file_id=file_id,
            file_version=file_version,
            flags=flags,
            passphrase=passphrase,
        )
        return aead.run_whole(sealer, data, first=sealer.header)

    def sealer(
        self,
        *,
        file_class: FileClass,
        file_id: bytes | None = None,
        file_version: int = 1,
        flags: Flags = Flags.NONE,
        passphrase: PassphraseKey | None = None,
    ) -> FileSealer:
        """Start a sealed file that is written piece by piece; details as ``seal_bytes``."""
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
                self._wrap_key,
                self._keyring.epoch,
                self._fingerprint,
                core,
                passphrase.wrap(core, data_key) if passphrase else data_key,
                passphrase.derivation if passphrase else None,
            )
        return FileSealer(Header(core, stanza), data_key)

    # ── opening ────────────────────────────────────────────────────────────────────────────────

    def open_bytes(
        self,
        blob: aead.Buffer,
        *,
        expect: FileClass,
        name: str = "This file",
        passphrase: PassphraseKey | None = None,
    ) -> Opened:
        """Open a whole sealed file, all or nothing. ``name`` begins the messages.

        Raises ``VaultSealed``, ``WrongKey`` for another vault's file, ``CorruptFile`` for one that
        is damaged or of another class, ``UnsupportedFormat`` for one of a later format; and
        ``PassphraseRequired`` or ``WrongPassphrase`` for one that needs another ``passphrase``.
        """
        header = Header.parse(blob, name=name)
        opener = self.opener(header, expect=expect, name=name, passphrase=passphrase)
        return Opened(header, aead.run_whole(opener, memoryview(blob)[header.size :]))

    def opener(
        self,
        header: Header,
        *,
        expect: FileClass,
        name: str = "This file",
        passphrase: PassphraseKey | None = None,
    ) -> FileOpener:
        """Start opening a sealed file that is read piece by piece; errors as ``open_bytes``."""
        if header.file_class != expect:
            raise CorruptFile(
                f"{name} is {header.file_class.description}, not {expect.description}.",
                why="Something has put it in the place of another file.",
                remedy=_RESTORE,
            )
        self._require_own(header, name)
        key = self._unwrap(header, name)
        if header.needs_passphrase:
            if passphrase is None or passphrase.derivation != header.stanza.derivation:
                raise PassphraseRequired(name)
            key = passphrase.unwrap(header.core, key, name=name)
        return FileOpener(header, key, name)

    def _require_own(self, header: Header, name: str) -> None:
        if header.vault_id != self.vault_id:
            raise WrongKey(
                f"{name} was sealed by another vault.",
                why=f"It belongs to vault {_short(header.vault_id)}, and this is "
                f"{_short(self.vault_id)}.",
                remedy="Open it with the recovery key of that vault.",
            )

    def _unwrap(self, header: Header, name: str) -> bytes:
        """Return the file's data key, or that under a passphrase still."""
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
                fits = wrapping.root_key_fits(self._root, header)
                raise CorruptFile(
                    f"{name} {'is damaged' if fits else 'does not open with the root key'}.",
                    why="Its header was altered after it was sealed."
                    if fits
                    else "It is under a root key from before this one, or its header was altered.",
                    remedy=_RESTORE if fits else f"{_TRY_OLD_KEY} {_RESTORE}",
                ) from None


def _short(vault_id: bytes) -> str:
    return vault_id.hex()[:8]
