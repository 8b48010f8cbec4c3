"""Moving, copying and deleting what lies below the root, with its locks and its seals."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from jupyter_secure.app.content.checkpoint_names import bound_for, is_checkpoint
from jupyter_secure.app.content.in_place import Hooks, seal_in_place
from jupyter_secure.app.content.opening import at_once, explained, header_of, sealing_in
from jupyter_secure.app.content.provenance import Provenance, Survey, not_as_left
from jupyter_secure.app.content.root import Root
from jupyter_secure.app.content.saves import Saves
from jupyter_secure.app.content.sealed_folders import FolderMarks
from jupyter_secure.app.content.seen import Seen
from jupyter_secure.app.content.tree import regular_files
from jupyter_secure.errors import (
    Conflict,
    CorruptFile,
    InvalidInput,
    SecureError,
    StorageFailed,
    UnsupportedFormat,
)
from jupyter_secure.locks import Actor, LockStore, check_move_or_delete
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.store.temporary import is_temporary
from jupyter_secure.vault.catalogue import Finding
from jupyter_secure.vault.envelope import is_sealed
from jupyter_secure.vault.vault import Vault

# Bytes. Enough to keep a disk busy, and little beside a notebook.
_COPIED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Move:
    """A move that was begun, and that one of the two ends.

    ``finish`` forgets the old place once everything is at the new one; ``undo`` the new place where
    nothing was moved.
    """

    finish: Callable[[], None]
    undo: Callable[[], None]


class Moving:
    """Asks the locks before something is moved or deleted, and puts things right after."""

    def __init__(
        self,
        *,
        root: Root,
        vault: Vault,
        locks: LockStore,
        provenance: Provenance,
        folder_marks: FolderMarks,
        seen: Seen,
        hooks: Hooks,
        must_seal: Callable[[str], bool],
        saves: Saves,
    ) -> None:
        self._saves = saves
        self._root = root
        self._vault = vault
        self._locks = locks
        self._provenance = provenance
        self._folder_marks = folder_marks
        self._seen = seen
        self._hooks = hooks
        self._must_seal = must_seal

    def check(self, path: str | Path, actor: Actor) -> str:
        """Raise unless ``actor`` may move or delete ``path`` and all below; return its key."""
        key = self._root.entry_key(path)
        for lock in self._locks.under(key):
            check_move_or_delete(lock, actor)
        return key

    def begin(self, old: str | Path, new: str | Path, actor: Actor) -> Move:
        """Prepare that ``old`` becomes ``new``, which the caller then lets happen, and ends.

        Raises unless ``actor`` may move it, no lock lies where it goes, and ``new`` is no second
        name of it. What must be sealed in its new place is sealed now, and locks and marks hold in
        both places: a kill at any moment leaves nothing plain and nothing unlocked.
        """
        old_key, new_key = self.check(old, actor), self._check_destination(old, new)
        self._seal_for(new_key, Path(old))
        self._locks.copy(old_key, new_key)
        self._folder_marks.copy(old_key, new_key)
        return Move(
            finish=partial(self._moved, old_key, new_key), undo=partial(self._forget, new_key)
        )

    def _check_destination(self, old: str | Path, new: str | Path) -> str:
        # Another file in the way is refused by Jupyter itself, but it would let a link take the
        # place of the very file that it leads to.
        self._root.key(new)
        key = self._root.entry_key(new)
        held = self._locks.under(key)
        both = os.path.exists(old) and os.path.exists(new)
        if held or os.path.islink(new) or (both and os.path.samefile(old, new)):
            raise Conflict(
                f"“{Path(old).name}” cannot become “{Path(new).name}”.",
                why=f"“{held[0].path}” is locked." if held else "That exists already.",
                remedy="Choose another name.",
            )
        return key

    def _seal_for(self, new_key: str, old: Path) -> None:
        """Seal what must be once it is called ``new_key``."""
        below = regular_files(old, _raise) if old.is_dir() else iter([old])
        for path in () if old.is_symlink() else below:
            key = new_key if path == old else f"{new_key}/{path.relative_to(old).as_posix()}"
            if self._must_seal(key) and _is_plain_file(path):
                bound = bound_for(path, self._vault)
                seal_in_place(self._vault, path, bound=bound, hooks=self._hooks, parting=True)

    def _moved(self, old_key: str, new_key: str) -> None:
        self._seen.move(old_key, new_key)
        self._provenance.moved(self._root.path(old_key), self._root.path(new_key))
        self._forget(old_key)

    def _forget(self, key: str) -> None:
        self._folder_marks.forget(key)
        self._locks.forget(key)

    def deleted(self, key: str) -> None:
        """Forget what was deleted, and its locks; what was kept of it stays withheld."""
        self._saves.deleted(self._locks.under(key))
        self._provenance.deleted(self._root.path(key))
        self._forget(key)

    def copy_folder(self, source: str | Path, target: str | Path) -> None:
        """Copy a folder: what is sealed as it is, what must be and is plain sealed.

        Links are copied as links, so that nothing from outside the root comes in by them. Every
        file of the copy is whole from the moment it is there; when one fails, the copy is removed.
        Raises ``NotAsLeft`` where a file is not what was left there: its copy would open unasked.
        """
        # By its entry: a folder with a closed one in it would take that along.
        self._root.entry_key(source)
        inner, outer = self._root.key(target), self._root.key(source)
        if not outer or f"{inner}/".startswith(f"{outer}/"):
            # The copy would be copied as well, and so on until the disk is full.
            raise InvalidInput(
                f"“{Path(source).name}” cannot be copied into itself.",
                remedy="Choose a folder outside of it.",
            )
        made_here = not os.path.lexists(target)
        # Before the files: they are sealed as the marks want it.
        self._folder_marks.copy(self._root.entry_key(source), inner)
        copy_file = partial(self._copy_file, survey=self._provenance.survey())
        try:
            shutil.copytree(
                source, target, symlinks=True, copy_function=copy_file, ignore=_being_written
            )
        except BaseException as error:
            if made_here:
                shutil.rmtree(target, ignore_errors=True)
                self._folder_marks.forget(inner)
            if isinstance(error, OSError):  # shutil.Error too, which lists what failed by name
                raise StorageFailed(
                    f"“{Path(source).name}” could not be copied; nothing of it is left.",
                    why=f"{error.strerror or 'A file or folder in it could not be copied'}.",
                    remedy="Look at the free space and the permissions, and try again.",
                ) from error
            raise

    def _copy_file(self, source: str, target: str, survey: Survey) -> str:
        key = self._root.entry_key(target)
        if os.path.islink(source) or not os.path.isfile(source):
            return str(shutil.copy2(source, target, follow_symlinks=False))
        with explained(source), open(source, "rb", opener=at_once) as file:
            if not is_checkpoint(Path(source)):
                _check_as_left(file, source, survey)
            as_it_is = is_sealed(file.read(8)) or not self._must_seal(key)
            file.seek(0)
            parts = iter(partial(file.read, _COPIED_AT_ONCE), b"")
            if not as_it_is:
                bound = bound_for(Path(target), self._vault)
                sealer = self._vault.sealer(file_class=bound.file_class, file_id=bound.file_id)
                parts = chain((sealer.header,), map(sealer.update, parts), _last(sealer.finalize))
            write_atomically(Path(target), parts)
        if as_it_is:
            shutil.copystat(source, target)
        return target


def _last(finalize: Callable[[], bytes]) -> Iterator[bytes]:
    yield finalize()  # asked for only once everything before it was taken


def _being_written(_: str, names: list[str]) -> set[str]:
    return {name for name in names if is_temporary(name)}


def _check_as_left(file: BinaryIO, path: str, survey: Survey) -> None:
    """Raise ``NotAsLeft`` for a file that is not. That it is authentic shows when it is opened."""
    try:
        sealing = sealing_in(file, header_of(file, Path(path).name))
    except (CorruptFile, UnsupportedFormat):
        return  # its copy does not open either
    finally:
        file.seek(0)
    finding = survey.finding(os.path.realpath(path), sealing)
    if not survey.whole:
        finding = Finding.UNCHECKED
    if finding is not None:
        raise not_as_left(path, finding)


def _raise(_: Path, error: SecureError) -> None:
    raise error


def _is_file(path: str | Path) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)


def _is_plain_file(path: str | Path) -> bool:
    if not _is_file(path):
        return False
    with explained(path), open(path, "rb", opener=at_once) as file:
        return not is_sealed(file.read(8))
