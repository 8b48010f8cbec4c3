"""Checkpoints that are sealed, and bound to be checkpoints."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from jupyter_core.paths import is_hidden
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from tornado.web import HTTPError

from jupyter_secure.app.content.content import Content
from jupyter_secure.errors import NotFound, SecureError
from jupyter_secure.history.version import Kind, Version
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync

# The one that Jupyter keeps of each file.
_ID = "checkpoint"
# And those that stand for versions: this and the number.
_VERSION = "version-"
_VERSION_ID = re.compile(rf"{_VERSION}([1-9][0-9]{{0,8}})", re.ASCII)
#: So many versions are listed with it, of so many that are looked at.
_LISTED, _LOOKED_AT = 20, 100

# Set while a file is being saved: a checkpoint is then Jupyter's own doing, and no person's.
_saving: ContextVar[bool] = ContextVar("jupyter_secure_saving", default=False)


@contextmanager
def saving() -> Iterator[None]:
    """Mark what is done in the block as a part of saving a file."""
    before = _saving.set(True)
    try:
        yield
    finally:
        _saving.reset(before)


class SealedCheckpoints(AsyncFileCheckpoints):
    """Jupyter's checkpoints beside the notebook, written and read through ``app.content``."""

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        """Return where the checkpoint lies; 404 for a file that is not shown.

        Jupyter's other routes refuse hidden files by themselves, those for checkpoints do not.
        """
        self._check_shown(checkpoint_id, path)  # before Jupyter makes a folder where it may not
        found: str = super().checkpoint_path(checkpoint_id, path)
        return found

    def _check_shown(self, checkpoint_id: str, path: str) -> str:
        manager: Any = self.parent
        os_path: str = manager._get_os_path(path)
        with as_http():
            manager.content.key(os_path)
        hidden = is_hidden(os_path, self.root_dir)
        if hidden and not manager.allow_hidden:
            self.no_such_checkpoint(path, checkpoint_id)
        return os_path

    def place_of(self, os_path: str) -> Path:
        """Return where the checkpoint of a file would lie, without making a folder for it."""
        folder, name = os.path.split(os_path)
        stem, suffix = os.path.splitext(name)
        return Path(folder, self.checkpoint_dir, f"{stem}-{_ID}{suffix}")

    async def list_checkpoints(self, path: str) -> list[dict[str, Any]]:
        """Return those there are. Asked at every save, so without a thread of its own."""
        path = path.strip("/")
        manager: Any = self.parent
        # What was just saved may be looked at.
        os_path = manager._get_os_path(path) if _saving.get() else self._check_shown(_ID, path)
        beside = self.place_of(os_path)
        # Where nothing can be written beside the notebook, Jupyter keeps them elsewhere.
        kept = beside if os.access(beside.parent.parent, os.W_OK) else None
        try:
            modified = os.stat(kept or self.checkpoint_path(_ID, path)).st_mtime
        except FileNotFoundError:
            return []  # deleted, and no version stands in for it
        last = {"id": _ID, "last_modified": datetime.fromtimestamp(modified, timezone.utc)}
        # Whoever saves asks only whether there is one.
        return [last] if _saving.get() else [*self._versions(path), last]

    def _versions(self, path: str) -> list[dict[str, Any]]:
        """Return the versions that were kept by hand before the checkpoint, the oldest first.

        A few: the panel's history has all of them.
        """
        manager: Any = self.parent
        found: list[Version] = []
        try:
            header = manager.content.header(self._get_os_path(path))
            if header is not None:
                said = manager._runtime.state.histories.said(header.file_id)
                kept = (one for one in islice(said, _LOOKED_AT) if one.kind is not Kind.AUTOMATIC)
                found.extend(islice(kept, _LISTED + 1))
        except NotFound:
            pass  # just deleted
        except SecureError as error:
            self.log.warning("The versions of %s cannot be listed: %s", path, error)
        # The last one that was kept by hand is what the checkpoint holds.
        same = next((one for one in found if one.kind is Kind.MANUAL), None)
        return [
            {"id": f"{_VERSION}{one.number}", "last_modified": one.at}
            for one in reversed(found)
            if one is not same
        ]

    async def create_checkpoint(self, contents_mgr: Any, path: str) -> dict[str, Any]:
        """Keep what the file holds now."""
        source = contents_mgr._get_os_path(path)
        target = self.checkpoint_path(_ID, path)
        keep = partial(
            contents_mgr.content.checkpoints.keep,
            source,
            target,
            current_actor(),
            by_hand=not _saving.get(),
        )
        with as_http():
            await run_sync(keep)
        model: dict[str, Any] = await self.checkpoint_model(_ID, target)
        return model

    async def restore_checkpoint(self, contents_mgr: Any, checkpoint_id: str, path: str) -> None:
        """Put back what the checkpoint holds, or a version."""
        target = contents_mgr._get_os_path(path)
        if version := _VERSION_ID.fullmatch(checkpoint_id):
            self._check_shown(checkpoint_id, path)
            versions = contents_mgr._runtime.versions(contents_mgr.content, self.root_dir)
            with as_http():
                await run_sync(versions.restore, target, int(version[1]), current_actor())
            return
        self._check_id(checkpoint_id, path)
        source = self.checkpoint_path(checkpoint_id, path)
        with as_http():
            restore = contents_mgr.content.checkpoints.restore
            await run_sync(restore, source, target, current_actor())

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """Delete a checkpoint, unless a lock keeps what can be got back. Versions stay."""
        if _VERSION_ID.fullmatch(checkpoint_id):
            raise HTTPError(403, "A version cannot be deleted; the history keeps it.")
        self._check_id(checkpoint_id, path)
        manager: Any = self.parent
        content: Content = manager.content
        with as_http():
            content.check_write(self._get_os_path(path.strip("/")), current_actor())
        await super().delete_checkpoint(checkpoint_id, path)

    def _check_id(self, checkpoint_id: str, path: str) -> None:
        """Raise 404 for any id but the one there is.

        It comes from the client and is a part of a file's name: "b-checkpoint" of "a.ipynb" would
        be the checkpoint of "a-b.ipynb", whose locks nobody asked.
        """
        if checkpoint_id != _ID:
            self.no_such_checkpoint(path, checkpoint_id)
