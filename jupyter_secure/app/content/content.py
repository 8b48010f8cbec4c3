"""The one way to content: every byte that is read or written passes here.

It opens what is sealed, seals what must be, and asks the locks, whichever route the request came
by. Paths are the operating system's; the key of a lock is the real path below the root, so that a
symbolic link is no way around one.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from jupyter_secure.app.content.checkpoints import Checkpoints
from jupyter_secure.app.content.coverage import must_seal
from jupyter_secure.app.content.download import Download
from jupyter_secure.app.content.guard import Guard
from jupyter_secure.app.content.in_place import Hooks
from jupyter_secure.app.content.moving import Moving
from jupyter_secure.app.content.opening import (
    FIRST_BYTES,
    Facts,
    Reading,
    at_once,
    explained,
    facts_of,
    header_of,
    in_memory,
    opened_whole,
    sealing_in,
    sealing_of,
)
from jupyter_secure.app.content.parts import Parts
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.place import Place
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.resealing import Resealing
from jupyter_secure.app.content.root import Root
from jupyter_secure.app.content.saves import SAVED, NoSaves, Origin, Saves
from jupyter_secure.app.content.saving import Saving
from jupyter_secure.app.content.sealed_folders import NO_MARKS, FolderMarks
from jupyter_secure.app.content.seen import Seen
from jupyter_secure.app.content.writing import Writing
from jupyter_secure.errors import NotAsLeft
from jupyter_secure.locks import Actor, LockStore
from jupyter_secure.vault.envelope import (
    FileClass,
    Flags,
    Header,
    is_sealed,
)
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault

_Result = TypeVar("_Result")


class Content:
    """Opens, seals and guards the files below one root; safe for several threads."""

    def __init__(
        self,
        *,
        root: Path,
        vault: Vault,
        locks: LockStore,
        provenance: Provenance,
        encrypt: tuple[str, ...],
        folder_marks: FolderMarks = NO_MARKS,
        closed: tuple[Path, ...] = (),
        follow_outside_links: bool = False,
        passphrases: Passphrases | None = None,
        one_writer: AbstractContextManager[object] | None = None,
        saves: Saves | None = None,
    ) -> None:
        """``saves`` is told of what is sealed and saved, whole or in parts."""
        self.passphrases = passphrases or Passphrases()
        self._root = Root(root, closed=closed, follow_outside_links=follow_outside_links)
        self._vault = vault
        self._provenance = provenance
        self._encrypt = encrypt
        self._folder_marks = folder_marks
        self._seen = Seen()
        self.guard = Guard(
            root=self._root, locks=locks, seen=self._seen, passphrases=self.passphrases
        )
        # One writer at a time, so that two saves of one file get two versions.
        self._writing = self.settling = one_writer or threading.RLock()
        saves = saves or NoSaves()
        self._parts = Parts(vault, saves)
        self.saving = Saving(
            vault=vault,
            guard=self.guard,
            provenance=provenance,
            passphrases=self.passphrases,
            saves=saves,
            settling=self._writing,
            must_seal=self.must_seal,
        )
        #: What takes part when one of these files is turned from plain to sealed or back.
        self.hooks = Hooks(
            writing=lambda: self._writing, check=provenance.check, left=provenance.accepted
        )
        #: What happens to whole files and folders.
        self.moving = Moving(
            root=self._root,
            vault=vault,
            locks=locks,
            provenance=provenance,
            folder_marks=folder_marks,
            seen=self._seen,
            hooks=self.hooks,
            must_seal=self.must_seal,
            saves=saves,
        )
        self.checkpoints = Checkpoints(
            vault=vault,
            provenance=provenance,
            content=self,
            passphrases=self.passphrases,
            settling=self._writing,
            saves=saves,
        )
        #: What puts files under a passphrase, and takes them out from under it.
        self.reseal = Resealing(
            root=self._root,
            vault=vault,
            guard=self.guard,
            provenance=provenance,
            passphrases=self.passphrases,
            settling=self._writing,
            saves=saves,
        )

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    def key(self, path: str | Path) -> str:
        """Return the name under which the file behind ``path`` is locked. May be ``Refused``."""
        return self._root.key(path)

    def must_seal(self, key: str) -> bool:
        """Say whether the patterns, or a marked folder, want the file ``key`` encrypted."""
        return must_seal(key, self._encrypt) or must_seal(key, (), self._folder_marks.list())

    def facts(self, path: str | Path) -> Facts:
        """Return what can be told of ``path`` without its key; ``OSError`` as ``open`` raises."""
        return facts_of(path)

    def header(self, path: str | Path) -> Header | None:
        """Return the header of ``path``, None for a plain file. May raise ``NotFound``."""
        with explained(path), open(path, "rb", opener=at_once) as file:
            return header_of(file, self.key(path))

    def sealed(self, path: str | Path) -> bool:
        """Say whether ``path`` is sealed. Raises ``NotFound``, or ``Refused``."""
        self.key(path)
        with explained(path):
            return self.facts(path).sealed

    # ── reading ─────────────────────────────────────────────────────────────────────────────────

    def read(
        self, path: str | Path, actor: Actor, *, expect: FileClass = FileClass.CONTENT
    ) -> Reading:
        """Return the content of ``path``, opened if it is sealed.

        Raises ``NotAsLeft`` for a file that is not what was left there. Checkpoints and the like
        are not asked: ``expect`` binds them to be no live file.
        """
        return self._settled(lambda: self._read(path, actor, expect))

    def read_at_once(self, path: str | Path, actor: Actor) -> Reading | None:
        """Return what ``read`` would, where nothing has to be waited for; otherwise None.

        For the event loop: what is small, in the system's memory, sealed and known to be as it was
        left needs no disk and no other thread. None says nothing of the file; ask ``read``.
        """
        path = Place(path)
        first = in_memory(path.real)
        if first is None or not is_sealed(first):
            return None
        reading = self._opened(path, first, io.BytesIO(), actor, FileClass.CONTENT)
        assert reading.header is not None
        sealing = sealing_of(reading.header, first)
        return reading if self._provenance.is_as_left(path, sealing) else None

    def _read(self, path: str | Path, actor: Actor, expect: FileClass) -> Reading:
        path = Place(path)
        with explained(path), open(path.real, "rb", opener=at_once) as file:
            first = file.read(FIRST_BYTES)
            reading = self._opened(path, first, file, actor, expect)
        if expect is FileClass.CONTENT:
            header = reading.header
            self._provenance.check(path, sealing_of(header, first) if header else None)
        return reading

    def _opened(
        self, path: Place, first: bytes, rest: io.BufferedIOBase, actor: Actor, expect: FileClass
    ) -> Reading:
        """Open a file that begins with ``first``, if the locks let ``actor``."""
        key = self.key(path)
        name = f"“{key}”"
        header = Header.parse(first, name=name) if is_sealed(first) else None
        self.guard.check_read(key, header, actor)
        if header is None:
            return Reading(first + rest.read(), None)
        passphrase = self.passphrases.find(actor.session, header)
        opener = self._vault.opener(header, expect=expect, name=name, passphrase=passphrase)
        return Reading(opened_whole(rest, first, header, opener), header)

    def download(self, path: str | Path, actor: Actor) -> Download:
        """Return ``path`` for reading in parts; close it afterwards. Errors as ``read``."""
        return self._settled(lambda: self._download(path, actor))

    def _download(self, path: str | Path, actor: Actor) -> Download:
        path = Place(path)
        key = self.key(path)
        with explained(path):
            # Handed to the Download, which closes it.
            file = open(path.real, "rb", opener=at_once)  # noqa: SIM115
        try:
            header = header_of(file, key)
            sealing = sealing_in(file, header)
            self.guard.check_read(key, header, actor)
            passphrase = self.passphrases.find(actor.session, header)
            download = Download(file, header, self._vault, name=f"“{key}”", passphrase=passphrase)
            self._provenance.check(path, sealing)
            return download
        except BaseException:
            file.close()
            raise

    def _settled(self, look: Callable[[], _Result]) -> _Result:
        try:
            return look()
        except NotAsLeft:
            # A save may have come between opening the file and asking what was left there.
            with self._writing:
                return look()

    # ── writing ─────────────────────────────────────────────────────────────────────────────────

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
        """Replace the content of ``path``, all or nothing; sealed if it must be or was.

        ``seal`` asks for it though no pattern does: the content comes from what is sealed, and from
        under ``passphrase`` if there is one. ``origin`` is why it is saved. Returns whether it is
        new that a sealed file is there.
        """
        return self.saving.write(
            path,
            data,
            actor,
            flags=flags,
            seal=seal,
            passphrase=passphrase,
            origin=origin,
        )

    def check_write(self, path: str | Path, actor: Actor) -> str:
        """Raise unless ``actor`` may change ``path``; return its key."""
        return self.guard.lock_to_write(path, actor)[0]

    def begin(self, path: str | Path, actor: Actor, *, seal: bool = False) -> Writing:
        """Start new content for ``path`` that comes in parts; nothing is seen until it commits.

        ``seal`` asks for a seal though no pattern does.
        """
        writing = self.saving.begin(path, actor, seal=seal)
        writing.then = self._parts.then(path, self.key(path), actor)
        return writing

    # ── what locking needs ──────────────────────────────────────────────────────────────────────

    def exists(self, path: str | Path) -> bool:
        """Say whether there is anything at ``path``."""
        return Path(path).exists()

    def seal_in_place(self, path: str | Path) -> bytes:
        """Seal the file at ``path`` if it is plain; return its file id, 16 bytes."""
        return self.reseal.seal_in_place(path)

    def forget_seen(self, key: str) -> None:
        """Let nobody save ``key`` any more for having seen it: it was locked anew."""
        self._seen.forget(key)
