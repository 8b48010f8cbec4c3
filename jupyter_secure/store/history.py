"""Versions in a bare Git repository that holds nothing but ciphertext.

Each notebook is a branch of its own, ``refs/notebooks/<file id>``, so that a rename breaks nothing
and what was deleted stays. A version is a commit; its tree holds folders, named after the notebook
and numbered, and in them the sealed chunks, numbered too. Where a chunk did not change, Git keeps
one object for all versions; folders end where a chunk's name says so, so that most of them stay the
same as well.

The notebooks' sealed keys lie beside the objects as files, and not among them: of an object Git
would keep what it held before, such as a key without the passphrase that it is under now.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import Option, RepositoryInitFlag

from jupyter_secure.errors import CorruptFile, NotFound, StateUnusable, StorageFailed
from jupyter_secure.history.notebook_key import NotebookKey, damaged
from jupyter_secure.history.repository import Checked, Next
from jupyter_secure.history.version import Version, parse
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.store.history_objects import NewObjects
from jupyter_secure.store.history_reading import as_commit, branches, commits, content_of, tip_of
from jupyter_secure.store.history_tidying import Tidying
from jupyter_secure.store.history_writing import Remembered, Trees, point, said_of
from jupyter_secure.store.one_writer import OneWriter

DIRECTORY = "history.git"
#: The folder of the notebooks' sealed keys in it, and that of whose a private notebook was.
KEYS, PRIVATE = "keys", "private"
#: The file that is locked while versions are written; and that while space is being made.
WRITING_FILE, TIDYING_FILE = "history-writing", "history-tidying"

#: So many bytes of chunks are kept while one notebook's versions are read one after the other.
_CHUNKS_AT_HAND = 64 << 20

# What was answered for must be on the disk: objects before the branch that leads to them.
pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)


def keys_folder(state_dir: Path) -> Path:
    """Return where the sealed keys of histories lie: sealed files of the vault, as others are."""
    return state_dir / DIRECTORY / KEYS


def with_keys(folders: Sequence[Path], state_dir: Path) -> list[Path]:
    """Return ``folders`` and, where there is a history, the folder of its keys."""
    keys = keys_folder(state_dir)
    return [*folders, keys] if keys.is_dir() else list(folders)


class GitHistory:
    """Implements ``history.repository.Repository``; safe for several threads and processes."""

    def __init__(self, state_dir: Path) -> None:
        """Prepare for the repository in ``state_dir``; it is made with the first version."""
        self._path = state_dir / DIRECTORY
        self._one_writer = OneWriter(state_dir, WRITING_FILE)
        #: Held while objects may go, and by whoever must find all that there are.
        self.one_tidier = OneWriter(state_dir, TIDYING_FILE)
        self._trees = Trees(self._path)

    def sealed_key(self, file_id: bytes) -> bytes | None:
        """See ``Repository.sealed_key``."""
        return self._small_file(KEYS, file_id)

    def set_sealed_key(self, file_id: bytes, sealed: bytes) -> None:
        """See ``Repository.set_sealed_key``."""
        with self._writing():
            write_atomically(self._path / KEYS / file_id.hex(), sealed, mode=0o600)

    def private_owner(self, file_id: bytes) -> str | None:
        """See ``Repository.private_owner``."""
        found = self._small_file(PRIVATE, file_id)
        return None if found is None else found.decode(errors="replace")

    def set_private_owner(self, file_id: bytes, owner: str | None) -> None:
        """See ``Repository.set_private_owner``."""
        place = self._path / PRIVATE / file_id.hex()
        if owner is None and not place.exists():
            return
        with self._writing():
            if owner is None:
                place.unlink(missing_ok=True)
            else:
                write_atomically(place, owner.encode(), mode=0o600)

    def keep(self, file_id: bytes, key: NotebookKey, following: Next) -> Version | None:
        """See ``Repository.keep``."""
        with self._writing() as git:
            newest = tip_of(git, file_id)
            wanted = following(None if newest is None else parse(newest.message, key))
            if wanted is None:
                return None
            version, content = wanted
            new, now = NewObjects(), Remembered({}, {})
            tree = self._trees.build(git, new, now, version, content, key)
            tip = new.commit(tree, None if newest is None else newest.id, *said_of(version, key))
            new.write(self._path)
            point(git, file_id, tip)
            self._trees.remember(file_id, now)
        return version

    def mark(self, key: NotebookKey, version: Version) -> bool:
        """See ``Repository.mark``."""
        with self._writing() as git:
            newest = tip_of(git, version.file_id)
            if newest is None or parse(newest.message, key).number != version.number:
                return False
            new = NewObjects()
            parent = newest.parent_ids[0] if newest.parent_ids else None
            tip = new.commit(newest.tree_id, parent, *said_of(version, key))
            new.write(self._path)
            point(git, version.file_id, tip)
        return True

    def versions(self, file_id: bytes, key: NotebookKey | None = None) -> Iterator[Version]:
        """See ``Repository.versions``."""
        with self._reading() as git:
            for commit in commits(git, file_id):
                version = parse(commit.message, key)
                if version.file_id != file_id:
                    raise damaged()
                yield version

    def read(self, key: NotebookKey, file_id: bytes, number: int) -> bytes:
        """See ``Repository.read``."""
        with self._reading() as git:
            for commit in commits(git, file_id):
                if parse(commit.message).number == number:
                    return content_of(commit, key, file_id, {})
        raise NotFound("There is no such version.", remedy="It may have been thinned out by age.")

    def check(self, key: NotebookKey, file_id: bytes) -> Iterator[Checked]:
        """See ``Repository.check``."""
        at_hand: dict[pygit2.Oid, bytes] = {}
        with self._reading() as git:
            for commit in commits(git, file_id):
                if sum(map(len, at_hand.values())) > _CHUNKS_AT_HAND:
                    at_hand.clear()
                number, error = 0, None
                try:
                    number = parse(commit.message).number
                    content_of(commit, key, file_id, at_hand)
                except CorruptFile as found:
                    error = found
                except (pygit2.GitError, KeyError):
                    error = damaged()
                yield number, error

    def retain(self, file_id: bytes, staying: Iterable[int]) -> int:
        """See ``Repository.retain``. Only commits are written anew; what they hold stays."""
        numbers = set(staying)
        with self._writing() as git:
            found = list(commits(git, file_id))
            kept = [one for one in found if parse(one.message).number in numbers]
            if not kept or len(kept) == len(found):
                return 0
            if kept[0].id != found[0].id:
                kept.insert(0, found[0])  # or its number would be given to another
            new, parent = NewObjects(), None
            for one in reversed(kept):
                parent = new.commit(one.tree_id, parent, one.author, one.message)
            assert parent is not None
            new.write(self._path)
            point(git, file_id, parent)
            return len(found) - len(kept)

    def tidy(self, *, everything: bool = False) -> int:
        """See ``Repository.tidy``."""
        if not self._path.is_dir():
            return 0
        with self.one_tidier, self._explained():
            return Tidying(self._path, self._one_writer)(everything=everything)

    def newest(self) -> Iterator[Version]:
        """See ``Repository.newest``. One that cannot be read does not hide the others."""
        with self._reading() as git:
            for name, target in () if git is None else branches(git):
                with contextlib.suppress(CorruptFile, ValueError, pygit2.GitError, KeyError):
                    version = parse(as_commit(git, target).message)
                    if version.file_id.hex() == name:
                        yield version

    def file_ids(self) -> list[bytes]:
        """See ``Repository.file_ids``."""
        found = []
        with self._reading() as git:
            for name, _ in () if git is None else branches(git):
                with contextlib.suppress(ValueError):
                    found.append(bytes.fromhex(name))
        return found

    def _small_file(self, folder: str, file_id: bytes) -> bytes | None:
        with self._explained(), contextlib.suppress(FileNotFoundError):
            return (self._path / folder / file_id.hex()).read_bytes()
        return None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[pygit2.Repository | None]:
        with self._explained():
            yield pygit2.Repository(str(self._path)) if self._path.is_dir() else None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[pygit2.Repository]:
        with self._one_writer, self._explained():
            if not self._path.is_dir():
                self._make()
            yield pygit2.Repository(str(self._path))

    def _make(self) -> None:
        """Make the repository; found whole or not at all."""
        half = self._path.with_name(f"{DIRECTORY}.tmp")
        flags = RepositoryInitFlag.BARE | RepositoryInitFlag.MKPATH
        pygit2.init_repository(str(half), flags=flags, mode=0o700)
        half.chmod(0o700)
        for name in (KEYS, PRIVATE):
            (half / name).mkdir(mode=0o700, exist_ok=True)
        os.replace(half, self._path)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (pygit2.GitError, KeyError, OSError, StorageFailed) as error:
            raise StateUnusable(
                f"The history in {self._path} cannot be used.",
                why=f"{str(error).strip('.')}.",
                remedy="Check the disk; `jupyter secure history verify` says what is damaged.",
            ) from None
