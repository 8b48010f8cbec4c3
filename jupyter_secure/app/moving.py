"""Moving, copying and deleting what lies below the root, with its locks and its seals."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Protocol

from jupyter_secure.app.coverage import CHECKPOINTS
from jupyter_secure.app.opening import explained
from jupyter_secure.app.root import Root
from jupyter_secure.app.seen import Seen
from jupyter_secure.errors import Conflict, InvalidInput, StorageFailed
from jupyter_secure.locks import Actor, LockStore, check_move_or_delete
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.vault.envelope import FileClass, is_sealed
from jupyter_secure.vault.vault import Vault

# Bytes. Enough to keep a disk busy, and little beside a notebook.
_COPIED_AT_ONCE = 1 << 20


class SealsInPlace(Protocol):
    """What moving needs of ``Content``. Paths are the operating system's."""

    def must_seal(self, key: str) -> bool:
        """Say whether the patterns want the file ``key`` encrypted."""
        ...

    def seal_in_place(self, path: str | Path) -> bytes:
        """Seal the file at ``path`` if it is plain; return its file id."""
        ...


class Moving:
    """Asks the locks before something is moved or deleted, and puts things right after."""

    def __init__(
        self, *, root: Root, vault: Vault, locks: LockStore, seen: Seen, content: SealsInPlace
    ) -> None:
        self._root = root
        self._vault = vault
        self._locks = locks
        self._seen = seen
        self._content = content

    def check(self, path: str | Path, actor: Actor) -> str:
        """Raise unless ``actor`` may move or delete ``path`` and all below; return its key."""
        key = self._root.entry_key(path)
        for lock in self._locks.under(key):
            check_move_or_delete(lock, actor)
        return key

    def check_destination(self, old: str | Path, new: str | Path) -> None:
        """Raise unless ``old`` may become ``new``: no lock lies there, and no second name of it.

        Asked before the move: another file in the way is refused by Jupyter itself, but it would
        let a link take the place of the very file that it leads to.
        """
        self._root.key(new)
        held = self._locks.under(self._root.entry_key(new))
        both = os.path.exists(old) and os.path.exists(new)
        if held or os.path.islink(new) or (both and os.path.samefile(old, new)):
            raise Conflict(
                f"“{Path(old).name}” cannot become “{Path(new).name}”.",
                why=f"“{held[0].path}” is locked." if held else "That exists already.",
                remedy="Choose another name.",
            )

    def moved(self, old_key: str, new_path: str | Path) -> None:
        """Let the locks follow what was moved, and seal it if its new name asks for that."""
        new_key = self._root.entry_key(new_path)
        self._locks.move(old_key, new_key)
        self._seen.move(old_key, new_key)
        if self._content.must_seal(new_key) and _is_plain_file(new_path):
            self._content.seal_in_place(new_path)

    def deleted(self, key: str) -> None:
        """Forget the locks of what was deleted."""
        for lock in self._locks.under(key):
            self._locks.remove(lock.path, lock.owner)

    def copy_folder(self, source: str | Path, target: str | Path) -> None:
        """Copy a folder: what is sealed as it is, what must be and is plain sealed.

        Links are copied as links, so that nothing from outside the root comes in by them. Every
        file of the copy is whole from the moment it is there; when one fails, the copy is removed.
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
        try:
            shutil.copytree(source, target, symlinks=True, copy_function=self._copy_file)
        except BaseException as error:
            if made_here:
                shutil.rmtree(target, ignore_errors=True)
            if isinstance(error, OSError):  # shutil.Error too, which lists what failed by name
                raise StorageFailed(
                    f"“{Path(source).name}” could not be copied; nothing of it is left.",
                    why=f"{error.strerror or 'A file or folder in it could not be copied'}.",
                    remedy="Look at the free space and the permissions, and try again.",
                ) from error
            raise

    def _copy_file(self, source: str, target: str) -> str:
        key = self._root.entry_key(target)
        if os.path.islink(source) or not os.path.isfile(source):
            return str(shutil.copy2(source, target, follow_symlinks=False))
        if not self._content.must_seal(key) or not _is_plain_file(source):
            with explained(source), open(source, "rb") as file:
                write_atomically(Path(target), iter(partial(file.read, _COPIED_AT_ONCE), b""))
            shutil.copystat(source, target)
            return target
        kind = FileClass.HISTORY if CHECKPOINTS in Path(key).parts else FileClass.CONTENT
        with explained(source):
            data = Path(source).read_bytes()
        write_atomically(Path(target), self._vault.seal_bytes(data, file_class=kind))
        return target


def _is_plain_file(path: str | Path) -> bool:
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with explained(path), open(path, "rb") as file:
        return not is_sealed(file.read(8))
