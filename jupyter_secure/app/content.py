"""The one way to content: every byte that is read or written passes here.

It opens what is sealed, seals what must be, and asks the locks, whichever route the request came
by. Paths are the operating system's; the key of a lock is the real path below the root, so that a
symbolic link is no way around one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jupyter_secure.app.coverage import must_seal
from jupyter_secure.app.download import Download
from jupyter_secure.app.moving import Moving
from jupyter_secure.app.opening import Facts, Reading, explained, header_of
from jupyter_secure.app.root import Root
from jupyter_secure.app.seen import Seen
from jupyter_secure.app.writing import Writing
from jupyter_secure.errors import CorruptFile, Locked, UnsupportedFormat
from jupyter_secure.locks import Actor, Lock, LockMode, LockStore, check_read, check_write
from jupyter_secure.store.atomic import AtomicFile, write_atomically
from jupyter_secure.vault.envelope import (
    HEADER_BYTES,
    FileClass,
    Flags,
    Header,
    is_sealed,
    plaintext_size,
)
from jupyter_secure.vault.vault import Vault


class Content:
    """Opens, seals and guards the files below one root; safe for several threads."""

    def __init__(
        self,
        *,
        root: Path,
        vault: Vault,
        locks: LockStore,
        encrypt: tuple[str, ...],
        closed: tuple[Path, ...] = (),
        follow_outside_links: bool = False,
    ) -> None:
        self._root = Root(root, closed=closed, follow_outside_links=follow_outside_links)
        self._vault = vault
        self._locks = locks
        self._encrypt = encrypt
        self._seen = Seen()
        # One writer at a time, so that two saves of one file get two versions.
        self._writing = threading.RLock()
        #: What happens to whole files and folders.
        self.moving = Moving(
            root=self._root, vault=vault, locks=locks, seen=self._seen, content=self
        )

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    def key(self, path: str | Path) -> str:
        """Return the name under which the file behind ``path`` is locked. May be ``Refused``."""
        return self._root.key(path)

    def must_seal(self, key: str) -> bool:
        """Say whether the patterns want the file ``key`` encrypted."""
        return must_seal(key, self._encrypt)

    def facts(self, path: str | Path) -> Facts:
        """Return what can be told of ``path`` without its key; ``OSError`` as ``open`` raises."""
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            sealed = is_sealed(file.read(HEADER_BYTES))
        if not sealed:
            return Facts(size, sealed=False)
        try:
            return Facts(plaintext_size(size), sealed=True)
        except CorruptFile:
            # A listing must not fail for one damaged file; opening it says what is wrong.
            return Facts(size, sealed=True)

    def sealed(self, path: str | Path) -> bool:
        """Say whether ``path`` is sealed. Raises ``NotFound``, or ``Refused``."""
        self.key(path)
        with explained(path):
            return self.facts(path).sealed

    def lock_on(self, path: str | Path) -> Lock | None:
        """Return the lock that holds for reading ``path``, by its place or by its content."""
        lock = self._locks.get(self.key(path))
        if lock is None:
            with explained(path), open(path, "rb") as file:
                header = header_of(file, Path(path).name)
            lock = self._alias_lock(header)
        return lock

    def may_write(self, path: str | Path, actor: Actor) -> bool:
        """Say whether ``actor`` may change ``path`` as far as locks go."""
        try:
            self.check_write(path, actor)
        except Locked:
            return False
        return True

    def may_write_in(self, folder: str | Path, actor: Actor) -> Callable[[str], bool]:
        """Return ``may_write`` for the regular files in ``folder``, by name.

        The locks are asked for once, and no path is resolved for each file: a regular entry of a
        folder that is below the root is below it too. Raises ``Refused`` for a folder outside.
        """
        place = self.key(folder)
        prefix = f"{place}/" if place else ""
        locks = {lock.path: lock for lock in self._locks.under(place)}

        def may_write(name: str) -> bool:
            key = prefix + name
            try:
                check_write(locks.get(key), self._as_seen(key, actor))
            except Locked:
                return False
            return True

        return may_write

    # ── reading ─────────────────────────────────────────────────────────────────────────────────

    def read(
        self, path: str | Path, actor: Actor, *, expect: FileClass = FileClass.CONTENT
    ) -> Reading:
        """Return the content of ``path``, opened if it is sealed."""
        key = self.key(path)
        with explained(path), open(path, "rb") as file:
            blob = file.read()
        header = Header.parse(blob, name=f"“{key}”") if is_sealed(blob[:8]) else None
        self._check_read(key, header, actor)
        if header is None:
            return Reading(blob, None)
        opened = self._vault.open_bytes(blob, expect=expect, name=f"“{key}”")
        return Reading(opened.data, opened.header)

    def download(self, path: str | Path, actor: Actor) -> Download:
        """Return ``path`` for reading in parts; close it afterwards."""
        key = self.key(path)
        with explained(path):
            file = open(path, "rb")  # noqa: SIM115  # handed to the Download, which closes it
        try:
            header = header_of(file, key)
            self._check_read(key, header, actor)
            return Download(file, header, self._vault, name=f"“{key}”")
        except BaseException:
            file.close()
            raise

    def _check_read(self, key: str, header: Header | None, actor: Actor) -> None:
        # Both: a copy of someone's private notebook stays private under a lock of its own.
        locks = [lock for lock in (self._locks.get(key), self._alias_lock(header)) if lock]
        for lock in locks:
            check_read(lock, actor)
        if any(lock.mode is LockMode.PRIVATE for lock in locks):
            self._seen.add(actor.session, key)

    def _alias_lock(self, header: Header | None) -> Lock | None:
        return self._locks.find_by_file_id(header.file_id) if header else None

    # ── writing ─────────────────────────────────────────────────────────────────────────────────

    def write(
        self,
        path: str | Path,
        data: bytes,
        actor: Actor,
        *,
        flags: Flags = Flags.NONE,
        seal: bool = False,
    ) -> None:
        """Replace the content of ``path``, all or nothing; sealed if it must be or was.

        ``seal`` asks for it though no pattern does: the content comes from what is sealed.
        """
        key = self.check_write(path, actor)
        with self._writing:
            old, was_sealed = self._before(path)
            blob: bytes = data
            if seal or was_sealed or self.must_seal(key):
                blob = self._vault.seal_bytes(
                    data,
                    file_class=FileClass.CONTENT,
                    file_id=old.file_id if old else None,
                    file_version=old.file_version + 1 if old else 1,
                    flags=flags,
                )
            write_atomically(Path(path), blob)

    def check_write(self, path: str | Path, actor: Actor) -> str:
        """Raise unless ``actor`` may change ``path``; return its key."""
        key = self.key(path)
        check_write(self._locks.get(key), self._as_seen(key, actor))
        return key

    def begin(self, path: str | Path, actor: Actor) -> Writing:
        """Start new content for ``path`` that comes in parts; nothing is seen until it commits."""
        key = self.check_write(path, actor)
        old, was_sealed = self._before(path)
        sealer = None
        if was_sealed or self.must_seal(key):
            sealer = self._vault.sealer(
                file_class=FileClass.CONTENT,
                file_id=old.file_id if old else None,
                file_version=old.file_version + 1 if old else 1,
            )
        return Writing(AtomicFile(Path(path)), sealer)

    def _as_seen(self, key: str, actor: Actor) -> Actor:
        if (actor.session, key) in self._seen:
            return replace(actor, elevated=True)
        return actor

    def _before(self, path: str | Path) -> tuple[Header | None, bool]:
        """Return the header at ``path`` if this vault can go on from it, and if a seal is there.

        Raises ``StorageFailed`` or ``Refused`` for a file that cannot be looked at: taken for plain
        or missing, what was sealed would be written in plain text.
        """
        with explained(path):
            try:
                with open(path, "rb") as file:
                    prefix = file.read(HEADER_BYTES)
            except OSError:
                if os.path.isfile(path):
                    raise
                return None, False  # nothing there, or nothing that can become a file
        if not is_sealed(prefix[:8]):
            return None, False
        try:
            header = Header.parse(prefix, name=f"“{Path(path).name}”")
        except (CorruptFile, UnsupportedFormat):
            # Damaged: the new content stands for itself and mends the file.
            return None, True
        known = header.vault_id == self._vault.vault_id
        return (header if known and header.file_class is FileClass.CONTENT else None), True

    # ── checkpoints ─────────────────────────────────────────────────────────────────────────────

    def keep_checkpoint(self, source: str | Path, target: str | Path, actor: Actor) -> None:
        """Keep the content of ``source`` as a checkpoint at ``target``, bound to be no more."""
        # There is one, so that a new one takes the place of what could be got back.
        self.check_write(source, actor)
        reading = self.read(source, actor)
        header, blob = reading.header, reading.data
        if header is not None or self.must_seal(self.key(source)):
            blob = self._vault.seal_bytes(
                reading.data,
                file_class=FileClass.HISTORY,
                file_id=header.file_id if header else None,
                file_version=header.file_version if header else 1,
                flags=reading.flags,
            )
        write_atomically(Path(target), blob)

    def restore_checkpoint(self, source: str | Path, target: str | Path, actor: Actor) -> None:
        """Put the checkpoint at ``source`` back as the content of ``target``."""
        self.check_write(target, actor)
        reading = self.read(source, actor, expect=FileClass.HISTORY)
        sealed = reading.header is not None
        self.write(target, reading.data, actor, flags=reading.flags, seal=sealed)

    # ── what locking needs ──────────────────────────────────────────────────────────────────────

    def exists(self, path: str | Path) -> bool:
        """Say whether there is anything at ``path``."""
        return Path(path).exists()

    def seal_in_place(self, path: str | Path) -> bytes:
        """Seal the file at ``path`` if it is plain; return its file id, 16 bytes.

        Its time of change stays: for whoever has it open, nothing has changed.
        """
        name = f"“{self.key(path)}”"
        with self._writing, explained(path):
            before = os.stat(path)
            blob = Path(path).read_bytes()
            if is_sealed(blob[:8]):
                opened = self._vault.open_bytes(blob, expect=FileClass.CONTENT, name=name)
                return opened.header.file_id
            sealed = self._vault.seal_bytes(blob, file_class=FileClass.CONTENT)
            write_atomically(Path(path), sealed)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            return Header.parse(sealed).file_id

    def forget_seen(self, key: str) -> None:
        """Let nobody save ``key`` any more for having seen it: it was locked anew."""
        self._seen.forget(key)
