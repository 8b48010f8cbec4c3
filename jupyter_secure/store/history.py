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

from jupyter_secure.errors import CorruptFile, NotFound, StateUnusable, StorageFailed
from jupyter_secure.history.notebook_key import NotebookKey, damaged
from jupyter_secure.history.repository import Checked, Next
from jupyter_secure.history.version import Version, number_in, parse
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.store.disk_errors import explain
from jupyter_secure.store.history_branches import FOLDER, Branches
from jupyter_secure.store.history_objects import NewObjects
from jupyter_secure.store.history_packs import Objects
from jupyter_secure.store.history_reading import Commit, commits, content_of, tip_of
from jupyter_secure.store.history_tidying import WRITING_FILE, tidy_apart
from jupyter_secure.store.history_writing import Remembered, Trees, said_of
from jupyter_secure.store.one_writer import OneWriter

DIRECTORY = "history.git"
#: The folder of the notebooks' sealed keys in it, and that of whose a private notebook was.
KEYS, PRIVATE = "keys", "private"

#: For so long a version waits for another process that keeps one.
_PATIENCE_SECONDS = 30.0
#: So many bytes of chunks are kept while one notebook's versions are read one after the other.
_CHUNKS_AT_HAND = 64 << 20

# What makes a folder a bare repository (gitrepository-layout(5)).
_LAYOUT = {
    "HEAD": b"ref: refs/heads/main\n",
    "config": b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
}
_FOLDERS = ("objects/pack", "objects/info", FOLDER, KEYS, PRIVATE)


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
        self._one_writer = OneWriter(state_dir, WRITING_FILE, patience=_PATIENCE_SECONDS)
        self._trees = Trees(self._path)
        self._objects = Objects(self._path)
        self._branches = Branches(self._path)

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

    def keep(self, file_id: bytes, key: NotebookKey, following: Next) -> None:
        """See ``Repository.keep``."""
        with self._writing():
            try:
                newest = tip_of(self._objects, self._branches, file_id)
                before = None if newest is None else parse(newest.message, key)
            except CorruptFile:
                raise CorruptFile(
                    "The newest version of this file cannot be read, so none is kept after it.",
                    why="The history was damaged, or altered from outside.",
                    remedy=f"Put {DIRECTORY} in the state directory back from a backup; "
                    "`jupyter secure history verify` says what is damaged.",
                ) from None
            wanted = following(before)
            new, now = NewObjects(), Remembered({}, {})
            tip = None if newest is None else newest.name
            for version, content in wanted:
                if content is not None:
                    tree = self._trees.build(self._objects, new, now, version, content, key)
                else:
                    assert newest is not None
                    tree, tip = newest.tree, newest.parent
                tip = new.commit(tree, tip, *said_of(version, key))
            if not wanted or tip is None:
                return
            new.write(self._path)
            self._branches.point(file_id, tip)
            if now.chunks:
                self._trees.remember(file_id, now)

    def versions(
        self, file_id: bytes, key: NotebookKey | None = None, *, before: int | None = None
    ) -> Iterator[Version]:
        """See ``Repository.versions``."""
        with self._explained():
            for commit in self._commits(file_id):
                if before is not None and number_in(commit.message) >= before:
                    continue
                version = parse(commit.message, key)
                if version.file_id != file_id:
                    raise damaged()
                yield version

    def read(self, key: NotebookKey, file_id: bytes, number: int) -> tuple[Version, bytes]:
        """See ``Repository.read``."""
        with self._explained():
            for commit in self._commits(file_id):
                if number_in(commit.message) == number:
                    return content_of(self._objects, commit, key, file_id, {})
        raise NotFound("There is no such version.", remedy="It may have been thinned out by age.")

    def check(self, key: NotebookKey, file_id: bytes) -> Iterator[Checked]:
        """See ``Repository.check``."""
        at_hand: dict[bytes, bytes] = {}
        with self._explained():
            for commit in self._commits(file_id):
                if sum(map(len, at_hand.values())) > _CHUNKS_AT_HAND:
                    at_hand.clear()
                number, error = 0, None
                try:
                    number = parse(commit.message).number
                    content_of(self._objects, commit, key, file_id, at_hand)
                except CorruptFile as found:
                    error = found
                yield number, error

    def retain(self, file_id: bytes, staying: Iterable[int]) -> int:
        """See ``Repository.retain``. Only commits are written anew; what they hold stays."""
        numbers = set(staying)
        with self._writing():
            found = list(self._commits(file_id))
            # What came since somebody looked is not theirs to drop.
            newest = max(numbers, default=0)
            kept = [
                one
                for one in found
                if (number := parse(one.message).number) in numbers or 0 < newest < number
            ]
            if not kept or len(kept) == len(found):
                return 0
            if kept[0].name != found[0].name:
                kept.insert(0, found[0])  # or its number would be given to another
            new, parent = NewObjects(), None
            for one in reversed(kept):
                parent = new.commit(one.tree, parent, one.person, one.message)
            assert parent is not None
            new.write(self._path)
            self._branches.point(file_id, parent)
            return len(found) - len(kept)

    def tidy(self, *, everything: bool = False) -> int:
        """See ``Repository.tidy``."""
        if not self._path.is_dir():
            return 0
        with self._explained():
            return tidy_apart(self._path, everything=everything)

    def newest(self) -> Iterator[Version]:
        """See ``Repository.newest``. One that cannot be read does not hide the others."""
        with self._explained():
            for file_id in self.file_ids():
                with contextlib.suppress(CorruptFile):
                    tip = tip_of(self._objects, self._branches, file_id)
                    version = None if tip is None else parse(tip.message)
                    if version is not None and version.file_id == file_id:
                        yield version

    def file_ids(self) -> list[bytes]:
        """See ``Repository.file_ids``."""
        with self._explained():
            self._look()
            return self._branches.file_ids()

    def _small_file(self, folder: str, file_id: bytes) -> bytes | None:
        with self._explained(), contextlib.suppress(FileNotFoundError):
            return (self._path / folder / file_id.hex()).read_bytes()
        return None

    def _commits(self, file_id: bytes) -> Iterator[Commit]:
        self._look()
        return commits(self._objects, self._branches, file_id)

    def _look(self) -> None:
        """Find what came since. Raises ``StateUnusable`` where something else is in its place."""
        if self._path.is_dir() and not (self._path / FOLDER).is_dir():
            raise StateUnusable(
                f"The history in {self._path} cannot be used.",
                why="It is no repository of versions.",
                remedy="Put it back from a backup, or move it away and begin anew.",
            )
        self._objects.look()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._one_writer, self._explained():
            if not self._path.is_dir():
                self._make()
            self._look()
            yield

    def _make(self) -> None:
        """Make the repository; found whole or not at all."""
        half = self._path.with_name(f"{DIRECTORY}.tmp")
        for name in ("", *_FOLDERS):
            (half / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        half.chmod(0o700)
        for name, text in _LAYOUT.items():
            write_atomically(half / name, text)
        os.replace(half, self._path)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, StorageFailed) as error:
            why, remedy = (
                explain(error) if isinstance(error, OSError) else (error.why, error.remedy)
            )
            raise StateUnusable(
                f"The history in {self._path} cannot be used.",
                why=why,
                remedy=f"{remedy} `jupyter secure history verify` says what is damaged.",
            ) from None
