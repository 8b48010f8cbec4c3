"""What a kernel does with the files of its folder; every opening and every change is an event."""

from __future__ import annotations

import errno
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.download import Download
from jupyter_secure.app.content.listing import regular_files
from jupyter_secure.app.content.opening import explained
from jupyter_secure.app.content.writing import Writing
from jupyter_secure.app.kernels.access import Capabilities, Capability
from jupyter_secure.app.kernels.places import Found, Places
from jupyter_secure.errors import (
    Conflict,
    InvalidInput,
    Locked,
    NotFound,
    SecureError,
    StorageFailed,
)

_KNOWN_OPENINGS = 4096


@dataclass(frozen=True)
class KernelEvent:
    """Something a kernel did or was refused. Never holds content.

    ``action`` is read, write, delete, create or move; ``path`` is relative to the served folder;
    ``outcome`` is "done" or the error's ``reason``.
    """

    kernel_id: str
    account: str | None
    action: str
    path: str
    outcome: str


class KernelFiles:
    """The files of one server, as kernels reach them. Paths are relative to the kernel's folder."""

    def __init__(
        self,
        content: Content,
        root: str | Path,
        capabilities: Capabilities,
        record: Callable[[KernelEvent], None],
        *,
        allow_hidden: bool = False,
    ) -> None:
        """``record`` is told every event, before whoever asked gets an answer."""
        self._content = content
        self._capabilities = capabilities
        self._record = record
        self._places = Places(content, root, allow_hidden=allow_hidden)
        # Openings that were recorded: a file that is read in parts is one event, not hundreds.
        self._opened: OrderedDict[tuple[Capability, str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def is_folder(self, kernel: Capability, path: str) -> bool:
        """Say whether ``path`` is a folder."""
        with self._recorded(kernel, "read", path, only_refusals=True):
            return os.path.isdir(self._places.locate(kernel, path))

    def look(self, kernel: Capability, path: str) -> Download:
        """Return ``path`` opened, for its size and version only; close it."""
        with self._recorded(kernel, "read", path, only_refusals=True):
            return self._open(kernel, path)

    def read(self, kernel: Capability, path: str, start: int = 0) -> Download:
        """Return ``path`` for reading in parts, from ``start`` on; close it."""
        with self._recorded(kernel, "read", path, only_refusals=True):
            download = self._open(kernel, path)
        if self._is_news((kernel, path, download.version)) or start == 0:
            self._tell(kernel, "read", path, "done")
        return download

    def _is_news(self, opening: tuple[Capability, str, str]) -> bool:
        with self._lock:
            known = opening in self._opened
            self._opened[opening] = None
            if len(self._opened) > _KNOWN_OPENINGS:
                self._opened.popitem(last=False)
            return not known

    def failed(self, kernel: Capability, path: str, reason: str) -> None:
        """Record that an opening that was done did not go to its end."""
        self._tell(kernel, "read", path, reason)

    def describe(self, kernel: Capability, path: str) -> Found:
        """Return what is at ``path``, without opening it."""
        with self._recorded(kernel, "read", path, only_refusals=True):
            return self._places.look(self._places.locate(kernel, path))

    def list(self, kernel: Capability, path: str) -> list[Found]:
        """Return what the folder ``path`` holds, by name, without what may not be reached."""
        with self._recorded(kernel, "read", path, only_refusals=True):
            folder = self._places.locate(kernel, path)
        if not os.path.isdir(folder):
            raise NotFound(f"There is no folder “{path}”.")
        with explained(folder):
            files, others = regular_files(self._content, folder, kernel.actor, self._places.shown)
        found = [
            Found(one.name, False, one.size, one.stat.st_mtime, one.size != one.stat.st_size)
            for one in files
        ]
        for name in others:
            try:
                place = self._places.locate(kernel, f"{path}/{name}".strip("/"))
                found.append(replace(self._places.look(place), name=name))  # a link has its own
            except SecureError:
                continue  # a link that leads out or nowhere: it is not in this folder
        return sorted(found, key=lambda one: one.name)

    def begin(self, kernel: Capability, path: str, *, new: bool = False) -> Writing:
        """Start new content for ``path``, always sealed; with ``new`` only if nothing is there."""
        with self._recorded(kernel, "write", path, only_refusals=True):
            place = self._places.locate(kernel, path)
            self._check_writable(place, path, new=new)
            return self._content.begin(place, kernel.actor, seal=True)

    def commit(self, kernel: Capability, path: str, writing: Writing, *, new: bool = False) -> None:
        """Put the new content in place, if it may still be."""
        with self._recorded(kernel, "write", path):
            try:
                place = self._places.locate(kernel, path)
                self._check_writable(place, path, new=new)
                # A lock may have come since it began.
                self._content.check_write(place, kernel.actor)
                writing.commit()
            finally:
                writing.abort()  # which does nothing to one that is committed
            self._capabilities.note_given(kernel)

    def delete(self, kernel: Capability, path: str) -> None:
        """Delete a file, a link or an empty folder."""
        with self._recorded(kernel, "delete", path), self._changing(path):
            place = self._places.locate_entry(kernel, path)
            key = self._content.moving.check(place, kernel.actor)
            if os.path.isdir(place) and not os.path.islink(place):
                os.rmdir(place)
            else:
                os.unlink(place)
            self._content.moving.deleted(key)

    def make_folder(self, kernel: Capability, path: str) -> None:
        """Make a folder in one that exists."""
        with self._recorded(kernel, "create", path), self._changing(path):
            os.mkdir(self._places.locate(kernel, path))

    def move(self, kernel: Capability, old: str, new: str) -> None:
        """Give a file or folder another name within the folder, its lock with it."""
        with self._recorded(kernel, "move", old), self._changing(old):
            source, target = (
                self._places.locate_entry(kernel, old),
                self._places.locate_entry(kernel, new),
            )
            if os.path.lexists(target):
                raise Conflict(f"“{new}” exists already.", remedy="Choose another name.")
            move = self._content.moving.begin(source, target, kernel.actor)
            try:
                os.rename(source, target)
            except OSError:
                move.undo()
                raise
            move.finish()

    # ── opening ─────────────────────────────────────────────────────────────────────────────────

    def _open(self, kernel: Capability, path: str) -> Download:
        place = self._places.locate(kernel, path)
        found = self._places.look(place)  # a pipe would keep a thread waiting for its writer
        if found.is_folder:
            raise InvalidInput(f"“{path}” is a folder.")
        download = self._content.download(place, kernel.actor)
        if found.sealed:
            self._capabilities.note_given(kernel)
        return download

    def _check_writable(self, place: str, path: str, *, new: bool) -> None:
        if os.path.isdir(place):
            raise InvalidInput(f"“{path}” is a folder.")
        if os.path.lexists(place):
            self._places.look(place)
            if new:
                raise Conflict(f"“{path}” exists already.", remedy="Choose another name.")
        elif not os.path.isdir(os.path.dirname(place)):
            raise NotFound(f"The folder of “{path}” does not exist.", remedy="Make it first.")

    @contextmanager
    def _changing(self, path: str) -> Iterator[None]:
        try:
            with explained(path):
                yield
        except StorageFailed as error:
            number = getattr(error.__cause__, "errno", None)
            if number == errno.EEXIST:
                raise Conflict(f"“{path}” exists already.", remedy="Choose another name.") from None
            if number == errno.ENOTEMPTY:
                raise Conflict(f"“{path}” is not empty.", remedy="Delete what it holds.") from None
            raise

    # ── events ──────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _recorded(
        self, kernel: Capability, action: str, path: str, *, only_refusals: bool = False
    ) -> Iterator[None]:
        try:
            yield
        except NotFound:
            raise  # nothing was there to be read
        except Locked as error:
            self._tell(kernel, action, path, error.reason)
            if error.reason == Locked.reason:
                raise
            raise Locked(
                f"“{path}” is not given to kernels.",
                why="It is locked, and its lock asks for what a person knows or holds.",
                remedy="Take the lock off in JupyterLab, or make it read-only.",
            ) from error
        except SecureError as error:
            self._tell(kernel, action, path, error.reason)
            raise
        if not only_refusals:
            self._tell(kernel, action, path, "done")

    def _tell(self, kernel: Capability, action: str, path: str, outcome: str) -> None:
        place = "/".join(part for part in (kernel.folder, path) if part)
        self._record(KernelEvent(kernel.kernel_id, kernel.account, action, place, outcome))
