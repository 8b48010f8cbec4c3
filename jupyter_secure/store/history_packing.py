"""Many small packs become a few, with libgit2; ``python -m``, for ``history_tidying`` to run.

The work is done beside whoever saves: packs are only added by it. Writers wait while what was
replaced goes, some milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pygit2
from pygit2.enums import Option

from jupyter_secure.errors import SecureError
from jupyter_secure.history.notebook_key import damaged
from jupyter_secure.store import history_tidying as tidying
from jupyter_secure.store.atomic import remove_debris, sync_folder
from jupyter_secure.store.disk_errors import explain
from jupyter_secure.store.history_branches import FOLDER
from jupyter_secure.store.history_index import Index
from jupyter_secure.store.history_objects import UNFINISHED
from jupyter_secure.store.one_writer import OneWriter

# What takes the place of something must be on the disk before that goes.
pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)


class Packing:
    """Does it once. Nobody else may be at it in the same repository."""

    def __init__(self, git_dir: Path, one_writer: AbstractContextManager[object]) -> None:
        """Nobody writes versions while ``one_writer`` is held."""
        self._path = git_dir
        self._objects = git_dir / "objects"
        self._one_writer = one_writer
        self._git = pygit2.Repository(str(git_dir))

    def __call__(self, *, everything: bool = False) -> int:
        """Pack what has become many; return how many bytes were freed. Raises ``OSError``.

        With ``everything``, or once there are many packs, all that the branches lead to goes into
        one pack and the rest, such as versions that were thinned out, goes for good. Whatever
        happens in between, the new pack is whole before anything is removed.
        """
        before = _size(self._path)
        self._clear()
        loose = tidying.loose_objects(self._path)
        packs, small = tidying.packs(self._path)
        if everything or len(packs) - len(small) >= tidying.PACKS:
            self._pack_all(packs, loose)
        elif len(small) >= tidying.SMALL_PACKS or len(loose) >= tidying.LOOSE:
            self._pack_together(small, loose)
        if everything or tidying.has_many_branches(self._path):
            with self._one_writer:
                # Nobody writes now: a lock file is what a writer left that was killed.
                _remove((self._path / "refs").rglob("*.lock"))
                _remove([self._path / "packed-refs.lock"])
                pygit2.Repository(str(self._path)).compress_references()
        return max(0, before - _size(self._path))

    def _pack_together(self, small: list[Path], loose: list[Path]) -> None:
        builder = self._builder()
        for pack in small:
            for name in Index.load(pack.with_suffix(".idx")).ids():
                builder.add(pygit2.Oid(raw=name))
        for one in loose:
            builder.add(pygit2.Oid(hex=one.parent.name + one.name))
        kept = self._write(builder)
        # All of it is in the new pack, so nobody has to wait.
        _remove_packs(small, kept)
        _remove(loose)

    def _pack_all(self, packs: list[Path], loose: list[Path]) -> None:
        tips = dict(self._tips(self._git))
        builder = self._builder()
        seen = set()
        for tip in tips.values():
            seen.update(_add_branch(self._git, builder, tip, ()))
        kept = [self._write(builder)] if seen else []
        with self._one_writer:
            # What came meanwhile may rely on something that is not in the new pack.
            now = pygit2.Repository(str(self._path))
            more, added = pygit2.PackBuilder(now), False
            for name, tip in self._tips(now):
                if tips.get(name) != tip:
                    added = bool(_add_branch(now, more, tip, seen)) or added
            if added:
                kept.append(self._write(more))
            # Before anything goes: what a process remembers from before it asks for again.
            stamp = tidying.stamp(self._path)
            stamp.touch()
            os.utime(stamp, ns=(0, tidying.removed_last(self._path) + 1))
            _remove(loose)
            _remove_packs(packs, *kept)

    @staticmethod
    def _tips(git: pygit2.Repository) -> Iterator[tuple[str, pygit2.Oid]]:
        for reference in git.references.iterator():
            if isinstance(reference.target, pygit2.Oid):
                yield reference.name, reference.target

    def _builder(self) -> pygit2.PackBuilder:
        builder = pygit2.PackBuilder(self._git)
        builder.set_threads(1)
        return builder

    def _write(self, builder: pygit2.PackBuilder) -> str:
        """Write the pack, whole or not at all, and return the stem of its name."""
        half = self._objects / "tidying"
        half.mkdir(exist_ok=True)
        try:
            builder.write(half)
        except BaseException:
            # The disk may be full: what was begun must not stay in the way.
            shutil.rmtree(half, ignore_errors=True)
            raise
        (pack,) = half.glob("pack-*.pack")
        # The index last: a pack counts once it has one.
        for suffix in (".pack", ".idx"):
            os.replace(pack.with_suffix(suffix), self._objects / "pack" / f"{pack.stem}{suffix}")
        sync_folder(self._objects / "pack")
        return pack.stem

    def _clear(self) -> None:
        """Remove what was left by whoever was killed."""
        shutil.rmtree(self._objects / "tidying", ignore_errors=True)
        with self._one_writer:  # so that nobody is writing one now
            _remove((self._path / UNFINISHED).glob("*"))
            remove_debris(self._path / FOLDER)
            for pack in (self._objects / "pack").glob("pack-*.pack"):
                if not pack.with_suffix(".idx").exists():
                    _remove([pack])


def _add_branch(
    git: pygit2.Repository,
    builder: pygit2.PackBuilder,
    tip: pygit2.Oid,
    seen: Iterable[pygit2.Oid],
) -> list[pygit2.Oid]:
    """Add the commits from ``tip`` on, and all that they hold, up to the first one ``seen``."""
    added: list[pygit2.Oid] = []
    following: pygit2.Oid | None = tip
    while following is not None and following not in seen:
        # Raises for what is missing: a pack without it must not take the place of anything.
        commit: object = git.get(following)
        if not isinstance(commit, pygit2.Commit):
            raise damaged()
        builder.add_recur(following)
        added.append(following)
        following = commit.parent_ids[0] if commit.parent_ids else None
    return added


def _remove_packs(packs: list[Path], *but: str) -> None:
    for pack in packs:
        if pack.stem not in but:
            # The index first: without it nobody looks into the pack.
            _remove([pack.with_suffix(".idx"), pack])


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()


def _size(folder: Path) -> int:
    return sum(tidying.size_of(one) for one in folder.rglob("*") if one.is_file())


def tidy(git_dir: Path, *, everything: bool = False) -> int:
    """Do in this process what is worth it, or all; return how many bytes were freed.

    Raises ``OSError``, ``CorruptFile`` and what libgit2 does, which may end the process.
    """
    if not git_dir.is_dir():
        return 0
    with OneWriter(git_dir.parent, tidying.TIDYING_FILE):
        one_writer = OneWriter(git_dir.parent, tidying.WRITING_FILE)
        return Packing(git_dir, one_writer)(everything=everything)


def main(git_dir: str, *options: str) -> int:
    """Pack a repository, with "everything" or what is worth it; say how many bytes it freed."""
    try:
        freed = tidy(Path(git_dir), everything="everything" in options)
    except OSError as error:
        sys.stderr.write(f"{explain(error)[0]}\n")
        return 1
    except (pygit2.GitError, KeyError, SecureError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{freed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
