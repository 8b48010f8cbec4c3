"""What people do with versions: list, open, compare and restore them, and undelete.

Old versions are withheld as the file is: by the locks on its place and on its content, and for what
was deleted by those that it had then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.opening import header_of
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.saves import SAVED, Origin, Saved
from jupyter_secure.app.content.tree import regular_files
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.app.history.keeping import Keeping
from jupyter_secure.errors import Conflict, NotFound, PassphraseRequired, SecureError
from jupyter_secure.history.version import Kind, Version
from jupyter_secure.identity.clock import Clock
from jupyter_secure.locks import Actor, Lock, LockMode, LockStore, check_read
from jupyter_secure.vault.envelope import FileClass, Flags, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class Listing:
    """A file's versions, newest first, and which save of it the file is now, from 1."""

    versions: list[Version]
    file_version: int


@dataclass(frozen=True)
class Gone:
    """A deleted notebook: its last version, and what withholds it, if anything does."""

    version: Version
    withheld: LockMode | None


class Versions:
    """Does it for the files below one root. Paths are the operating system's."""

    def __init__(
        self,
        *,
        histories: Histories,
        keeping: Keeping,
        content: Content,
        root: Path,
        vault: Vault,
        locks: LockStore,
        provenance: Provenance,
        clock: Clock,
    ) -> None:
        self._histories = histories
        self._keeping = keeping
        self._content = content
        self._root = root
        self._vault = vault
        self._locks = locks
        self._provenance = provenance
        self._clock = clock

    def listing(
        self,
        path: str | Path,
        actor: Actor,
        most: int | None = None,
        *,
        before: int | None = None,
    ) -> Listing:
        """Return the versions of a file; none of a plain one, or of one that was never saved here.

        ``most`` and ``before`` as in ``Histories.versions``.

        Raises ``NotFound``, and what opening the file raises.
        """
        header = self._header(path, actor)
        if header is None:
            return Listing([], 0)
        versions = self._histories.versions(header.file_id, actor, most, before=before)
        return Listing(versions, header.file_version)

    def open(self, path: str | Path, number: int, actor: Actor) -> tuple[Version, bytes]:
        """Return a version of a file and its content. Raises ``NotFound``, and as ``listing``."""
        return self._histories.version(self._file_id(path, actor), number, actor)

    def current(self, path: str | Path, actor: Actor) -> bytes:
        """Return what the file holds now."""
        return self._content.read(path, actor).data

    def restore(
        self, path: str | Path, number: int, actor: Actor, *, file_version: int | None = None
    ) -> Version:
        """Put a version back as the content of its file; return the version that was put back.

        What the file holds now is kept first. ``file_version`` is which save of the file it was
        when somebody chose to; raises ``Conflict`` if it was saved since, and as ``open``.
        """
        with self._content.settling:
            self._content.check_write(path, actor)
            header = self._header(path, actor)
            if header is None:
                raise _none()
            if file_version not in (None, header.file_version):
                raise Conflict(
                    f"“{Path(path).name}” was saved since.",
                    why="What was saved in between would be out of sight.",
                    remedy="Look at the history again, and restore from there.",
                )
            version, data = self._histories.version(header.file_id, number, actor)
            reading = self._content.read(path, actor)
            passphrase = self._content.passphrases.find(actor.session, header)
            if self._keeping.keeps:
                now = Saved(
                    header.file_id,
                    self._content.key(path),
                    reading.data,
                    actor,
                    passphrase,
                    reading.flags,
                )
                # Not lost, by whatever way it was saved; if it cannot be kept, nothing is replaced.
                self._histories.keep(now, SAVED)
            self._content.write(
                path,
                data,
                actor,
                flags=Flags(version.flags),
                passphrase=passphrase,
                origin=Origin(Kind.RESTORED, number),
            )
            return version

    # ── what was deleted ────────────────────────────────────────────────────────────────────────

    def deleted(self) -> list[Gone]:
        """Return the notebooks whose file is gone, the last saved first."""
        gone = self._histories.deleted(self._known_live())
        if gone:
            # Files that were moved past us: looked for only if anything seems to be missing.
            found = set(self._found_live())
            gone = [one for one in gone if one.file_id not in found]
        return [Gone(one, self._withheld(one.file_id)) for one in gone]

    def undelete(
        self,
        file_id: bytes,
        actor: Actor,
        *,
        place: Callable[[str], str | Path],
        to: str | None = None,
    ) -> str:
        """Bring a deleted notebook back, as it was saved last; return its path below the root.

        ``to`` is where, relative to the root; else where it was. ``place`` gives the system's path
        of that, or raises. Raises ``NotFound``, ``Conflict`` where something is, ``Locked`` for
        what was another's private notebook, and ``PassphraseRequired``.
        """
        if file_id in self._known_live() or file_id in set(self._found_live()):
            raise Conflict("That notebook is not deleted.", remedy="Look for it under its path.")
        owner = self._check_gone(file_id, actor)
        key = self._opened(file_id, actor)
        newest = next(iter(self._histories.versions(file_id, actor, 1)), None)
        if newest is None:
            raise _none()
        version, data = self._histories.version(file_id, newest.number, actor)
        to = (version.path if to is None else to).strip("/")
        path = place(to)
        key_of = self._content.key(path)  # refuses what lies outside
        if os.path.lexists(path):
            raise Conflict(
                f"“{to}” exists already.", remedy="Choose another path to bring it back to."
            )
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mode = LockMode.SEALED if key is not None else LockMode.PRIVATE
        if actor.username is not None and (owner is not None or key is not None):
            # Before the file is there.
            whose = owner or actor.username
            now = self._clock()
            self._locks.put(Lock(key_of, file_id, mode, whose, now))
        # Higher than any save of it was: an older copy would else pass for a newer one.
        after = max(newest.number + 1, int(self._clock().timestamp()))
        self._content.saving.put_back(
            path,
            file_id,
            after,
            data,
            actor,
            flags=Flags(version.flags),
            passphrase=key,
            origin=Origin(Kind.RESTORED, version.number),
        )
        self._histories.came_back(file_id)
        return to

    def _opened(self, file_id: bytes, actor: Actor) -> PassphraseKey | None:
        """Return the key of the passphrase that the history lies under, if it does."""
        header = self._histories.header(file_id)
        if header is None:
            raise _none()
        if not header.needs_passphrase:
            return None
        key = self._content.passphrases.find(actor.session, header)
        if key is None:
            raise PassphraseRequired("This notebook")
        return key

    def _check_gone(self, file_id: bytes, actor: Actor) -> str | None:
        """Raise unless ``actor`` may have a deleted notebook; return its owner if it was private.

        Copies that live on elsewhere under a lock withhold it as well.
        """
        owner = self._histories.private_owner(file_id)
        if owner is not None:
            said = next(self._histories.said(file_id), None)
            name = said.path if said is not None else "This notebook"
            check_read(Lock(name, file_id, LockMode.PRIVATE, owner, self._clock()), actor)
        for lock in self._locks.find_by_file_id(file_id):
            if lock.mode is LockMode.PRIVATE:
                check_read(lock, actor)
        return owner

    def _withheld(self, file_id: bytes) -> LockMode | None:
        try:
            header = self._histories.header(file_id)
        except SecureError:
            return None  # opening it says what is wrong
        if header is not None and header.needs_passphrase:
            return LockMode.SEALED
        return None if self._histories.private_owner(file_id) is None else LockMode.PRIVATE

    def _known_live(self) -> set[bytes]:
        return self._provenance.survey().live()

    def _found_live(self) -> Iterator[bytes]:
        for path in regular_files(self._root, lambda *_: None):
            try:
                with path.open("rb") as file:
                    header = header_of(file, path.name)
            except (SecureError, OSError):
                continue
            if header is not None and header.file_class is FileClass.CONTENT:
                yield header.file_id

    def _file_id(self, path: str | Path, actor: Actor) -> bytes:
        header = self._header(path, actor)
        if header is None:
            raise _none()
        return header.file_id

    def _header(self, path: str | Path, actor: Actor) -> Header | None:
        """Return the header of the file as ``actor`` may open it, found authentic."""
        key = self._content.key(path)
        header = self._content.header(path)
        self._content.guard.check_read(key, header, actor)
        if header is None:
            return None
        passphrase = self._content.passphrases.find(actor.session, header)
        # A planted file that says it is another one would open that one's history.
        self._vault.opener(header, expect=FileClass.CONTENT, name=f"“{key}”", passphrase=passphrase)
        self._check_gone(header.file_id, actor)
        return header


def _none() -> NotFound:
    return NotFound("There is no earlier version.", remedy="None was kept of this file.")
