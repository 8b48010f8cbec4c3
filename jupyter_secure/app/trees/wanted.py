"""Which files below a folder a migration is to turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from jupyter_secure.app.content import files
from jupyter_secure.app.content.checkpoint_names import bound_for, is_checkpoint
from jupyter_secure.app.content.coverage import is_left_out, must_seal
from jupyter_secure.app.content.in_place import Hooks, check_only_name, open_in_place, seal_in_place
from jupyter_secure.app.content.tree import Failed, regular_files, unreadable
from jupyter_secure.errors import Conflict, InvalidInput, Locked, NotFound, SecureError
from jupyter_secure.locks import Lock, LockStore
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.vault import Vault

Passed = Callable[[Path], None]


@dataclass(frozen=True)
class Candidate:
    """A file to be turned: its facts when it was found, and its header, None for a plain one."""

    path: Path
    facts: os.stat_result
    header: Header | None


@dataclass(frozen=True)
class Tree:
    """The folder to go through, and the root below which names count; ``closed`` is left out."""

    folder: Path
    root: Path
    closed: tuple[Path, ...] = ()

    def key(self, path: Path) -> str:
        """Return the name of a file below the folder, as patterns, marks and locks have it."""
        real = Path(os.path.realpath(path.parent), path.name)
        base = Path(os.path.realpath(self.root))
        return real.relative_to(base).as_posix() if real.is_relative_to(base) else real.as_posix()

    def place(self, path: Path) -> Path:
        """Return where a file below the folder must lie: no link on the way from there to it."""
        return Path(os.path.realpath(self.folder), path.relative_to(self.folder))

    def paths(
        self, failed: Failed, *, hidden: bool, tidy: Callable[[Path], object]
    ) -> Iterator[Path]:
        """Yield the regular files, hidden ones only with ``hidden``; ``tidy`` gets each folder.

        Raises ``InvalidInput`` for what is no folder or is closed, ``NotFound`` for nothing.
        """
        closed = tuple(Path(os.path.realpath(one)) for one in self.closed)
        if any(Path(os.path.realpath(self.folder)).is_relative_to(one) for one in closed):
            raise InvalidInput(
                f"{self.folder} holds keys, accounts or settings.",
                why="Sealed with themselves, they could not be used any more.",
                remedy="Name a folder of notebooks.",
            )
        if self.folder.exists() and not self.folder.is_dir():
            raise InvalidInput(
                f"{self.folder} is not a folder.", remedy="Name the folder it is in."
            )

        def enter(folder: Path) -> bool:
            if not hidden and is_left_out(folder.name):
                return False
            if closed and os.path.realpath(folder) in map(os.fspath, closed):
                return False
            tidy(folder)
            return True

        found = regular_files(self.folder, failed, enter)
        tidy(self.folder)
        for path in found:
            # A single file may be closed too: one that opens the vault.
            if any(path.name == one.name and path.samefile(one) for one in closed):
                continue
            if hidden or not is_left_out(path.name):
                yield path


class Wanted(Protocol):
    """What is to be turned, and in which direction."""

    #: How many times the files are gone through, each once; a later one needs the earlier done.
    rounds: int

    def files(
        self, number: int, failed: Failed, passed: Passed, tidy: Callable[[Path], object] = ...
    ) -> Iterator[Candidate]:
        """Yield a round; ``passed`` gets the files that need nothing, ``tidy`` each folder.

        What cannot be looked at goes to ``failed``.
        """
        ...

    def check(self, candidate: Candidate) -> None:
        """Raise for a file that is not to be turned after all, with what to do about it."""
        ...

    def turn(self, candidate: Candidate, hooks: Hooks) -> bool:
        """Turn it, after another ``check``; False, having changed nothing, if it is so already."""
        ...


class ToSeal:
    """The plain files that the patterns or the marked folders want encrypted."""

    #: Checkpoints come after their files, whose identity they get.
    rounds = 2

    def __init__(
        self, tree: Tree, vault: Vault, patterns: Sequence[str], marked: Sequence[str] = ()
    ) -> None:
        """``vault`` is unsealed when files are turned; counting needs no key."""
        self._tree = tree
        self._vault = vault
        self._patterns = patterns
        self._marked = marked

    def files(
        self,
        number: int,
        failed: Failed,
        passed: Passed,
        tidy: Callable[[Path], object] = lambda _: None,
    ) -> Iterator[Candidate]:
        """See ``Wanted``."""

        def unlisted(path: Path, error: SecureError) -> None:
            if number == 0:  # told of once
                failed(path, error)

        for path in self._tree.paths(unlisted, hidden=False, tidy=tidy):
            if is_checkpoint(path) is not (number > 0):
                continue
            if not must_seal(self._tree.key(path), self._patterns, self._marked):
                continue
            candidate = _look(path, failed)
            if candidate is not None:
                if candidate.header is None:
                    yield candidate
                else:
                    passed(path)

    def check(self, candidate: Candidate) -> None:
        """Raise ``Conflict`` for a file with hard links; every other plain file may be sealed."""
        check_only_name(candidate.path, candidate.facts)

    def turn(self, candidate: Candidate, hooks: Hooks) -> bool:
        """See ``Wanted``."""
        bound = bound_for(candidate.path, self._vault)
        path, place = candidate.path, self._tree.place(candidate.path)
        return seal_in_place(self._vault, path, bound=bound, hooks=hooks, place=place) is not None


class ToOpen:
    """The files that one vault sealed, live ones and checkpoints, whatever their names."""

    rounds = 1

    def __init__(
        self, tree: Tree, vault_for: Callable[[Header], Vault | None], locks: LockStore | None
    ) -> None:
        """``vault_for`` gives the unsealed vault, None for another one's file.

        Without ``locks`` there are none to ask: nothing but the files is left of the place.
        """
        self._tree = tree
        self._vault_for = vault_for
        self._locks = locks

    def files(
        self,
        number: int,  # noqa: ARG002  # there is but one
        failed: Failed,
        passed: Passed,
        tidy: Callable[[Path], object] = lambda _: None,
    ) -> Iterator[Candidate]:
        """See ``Wanted``."""
        for path in self._tree.paths(failed, hidden=True, tidy=tidy):
            candidate = _look(path, failed)
            if candidate is None or candidate.header is None:
                continue
            ours = candidate.header.file_class in (FileClass.CONTENT, FileClass.HISTORY)
            if ours and self._vault_for(candidate.header) is not None:
                yield candidate
            else:
                passed(path)

    def check(self, candidate: Candidate) -> None:
        """Raise ``Locked`` for what somebody locked, its copies and checkpoints.

        ``Conflict`` for a file with hard links: the other names would stay sealed.
        """
        check_only_name(candidate.path, candidate.facts)
        header = candidate.header
        assert header is not None
        held: tuple[Lock, ...] = ()
        if self._locks is not None:
            there = self._locks.get(self._tree.key(candidate.path))
            held = (*((there,) if there else ()), *self._locks.find_by_file_id(header.file_id))
        if held or header.needs_passphrase:
            raise Locked(
                f"{candidate.path} is locked.",
                why=f"{held[0].owner} made “{held[0].path}” {held[0].mode.value}."
                if held
                else "It does not open without its passphrase.",
                remedy="Take the lock off first, in the panel or with `jupyter secure unlock`.",
            )

    def turn(self, candidate: Candidate, hooks: Hooks) -> bool:
        """See ``Wanted``."""

        def vault_for(header: Header) -> Vault:
            self.check(replace(candidate, header=header))
            vault = self._vault_for(header)
            if vault is None:
                raise Conflict(
                    f"{candidate.path} was replaced by another program just now.",
                    remedy="Run this again.",
                )
            return vault

        @contextmanager
        def writing() -> Iterator[None]:
            with hooks.writing():
                self.check(candidate)  # somebody may have locked it meanwhile
                yield

        path, place = candidate.path, self._tree.place(candidate.path)
        return open_in_place(vault_for, path, hooks=replace(hooks, writing=writing), place=place)


def _look(path: Path, failed: Failed) -> Candidate | None:
    try:
        with files.open_file(path) as file:
            facts = os.fstat(file.fileno())
            return Candidate(path, facts, files.head(file, str(path)).header)
    except NotFound:
        return None  # removed meanwhile
    except SecureError as error:
        failed(path, error)
    except OSError as error:
        failed(path, unreadable(path, error))
    return None
