"""``EncryptedContentsManager``: Jupyter's contents API over ``app.content``.

It keeps the stock manager's behaviour and replaces what touches bytes. Jupyter's own methods are
the names with one underscore; each is overridden where the stock one would read or write past us.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from jupyter_server.services.contents.checkpoints import Checkpoints
from tornado.web import HTTPError, RequestHandler
from traitlets import default

from jupyter_secure.app.content.opening import Reading
from jupyter_secure.app.content.place import Place
from jupyter_secure.errors import Refused
from jupyter_secure.locks import Lock
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.checkpoints import SealedCheckpoints
from jupyter_secure.server.files import SealedFilesHandler
from jupyter_secure.server.folder import entries
from jupyter_secure.server.formats import encode_file, parse_notebook
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.locking import Locking
from jupyter_secure.server.os_paths import StrictPaths
from jupyter_secure.server.saving import SavingManager, copied
from jupyter_secure.server.threads import run_sync
from jupyter_secure.vault.envelope import Flags


class EncryptedContentsManager(SavingManager):
    """Seals what ``SecureConfig.encrypt`` names, and holds the locks, on every route."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.locking = Locking(self, self.content, self._runtime)

    @default("checkpoints_class")
    def _checkpoints_class_default(self) -> type[Checkpoints]:
        return SealedCheckpoints

    @default("files_handler_class")
    def _files_handler_class_default(self) -> type[RequestHandler]:
        return SealedFilesHandler

    # ── models ──────────────────────────────────────────────────────────────────────────────────

    def _base_model(self, path: str, size: int | None = None) -> dict[str, Any]:
        """Add what only we know: the size of the content, and whether a lock forbids changes."""
        model: dict[str, Any] = StrictPaths._base_model(self, path)
        return self._completed(model, Place(self._get_os_path(path)), size)

    def _completed(self, model: dict[str, Any], place: Place, size: int | None) -> dict[str, Any]:
        # A save puts a new file in place, so the system's "created" can be a moment too late.
        model["created"] = min(model["created"], model["last_modified"])
        try:
            if size is not None or os.path.isfile(place):
                may_write = self.content.guard.may_write(place, current_actor())
                model["writable"] = model["writable"] and may_write
                model["size"] = self.content.facts(place).size if size is None else size
        except Refused:
            # A listing must not fail for one link that leads out; opening it says what is wrong.
            model.update(writable=False, size=None)
        except OSError:
            self.log.warning("Could not read the size of %s.", model["path"])
        return model

    async def _dir_model(self, path: str, content: bool = True) -> dict[str, Any]:
        """List a folder, unless it lies outside."""
        if content:
            with as_http():
                self.content.key(self._get_os_path(path))
        model: dict[str, Any] = await super()._dir_model(path, content=False)
        if content:
            model.update(content=await entries(self, self.content, path), format="json")
        return model

    async def _notebook_model(
        self, path: str, content: bool = True, require_hash: bool = False
    ) -> dict[str, Any]:
        """Build a notebook's model; "trusted" comes from the sealed file, not from a database."""
        if not (content or require_hash):
            return {**self._base_model(path), "type": "notebook"}
        model: dict[str, Any] = StrictPaths._base_model(self, path)
        model["type"] = "notebook"
        place = Place(self._get_os_path(path))
        problem: dict[str, Any] = {}
        parse = partial(parse_notebook, path=path, problem=problem) if content else None
        reading, nb = await self._read_and(place, parse)
        self._completed(model, place, len(reading.data))
        if content:
            if not reading.flags:
                # Plain, or sealed as it was: what Jupyter signed before still counts.
                self.mark_trusted_cells(nb, path)
            elif Flags.VALID not in reading.flags:  # which holds the marks already
                self.notary.mark_cells(nb, Flags.TRUSTED in reading.flags)
            model["content"] = nb
            model["format"] = "json"
            self.validate_notebook_model(model, problem)
        if require_hash:
            model.update(await run_sync(self._get_hash, reading.data))
        return model

    # ── bytes ───────────────────────────────────────────────────────────────────────────────────

    async def read(self, os_path: str) -> Reading:
        """Return the content of a file on behalf of whoever asks."""
        return await self._work(self.content.read, os_path, current_actor())

    async def _read_and(self, os_path: str, parse: partial[Any] | None) -> tuple[Reading, Any]:
        """Read a file and parse it, at once or in one turn of another thread, which takes time."""
        actor = current_actor()
        with as_http():
            reading = self.content.read_at_once(os_path, actor)
        if reading and (parse is None or Flags.VALID in reading.flags):
            return reading, parse and parse(reading.data, flags=reading.flags)

        def work() -> tuple[Reading, Any]:
            reading = self.content.read(os_path, actor)
            return reading, parse and parse(reading.data, flags=reading.flags)

        return await self._work(work)

    async def _read_file(  # type: ignore[override]  # as Jupyter's own async manager does
        self, os_path: str, format: str | None, raw: bool = False
    ) -> Any:
        """Read a file that is not opened as a notebook, opened if it is sealed."""
        if not os.path.isfile(os_path):
            raise HTTPError(400, f"Cannot read non-file {os_path}")
        data = (await self.read(os_path)).data
        content, sent_as = encode_file(data, format, os_path)
        return (content, sent_as, data) if raw else (content, sent_as)

    async def _read_notebook(
        self,
        os_path: str,
        as_version: int = 4,
        capture_validation_error: dict[str, Any] | None = None,
        raw: bool = False,
    ) -> Any:
        """Read a notebook; never from the intermediate file that anyone could have planted."""
        parse = partial(parse_notebook, path=os_path, problem=capture_validation_error)
        reading, nb = await self._read_and(os_path, parse)
        return (nb, reading.data) if raw else nb

    # ── moving and deleting ─────────────────────────────────────────────────────────────────────

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Move a file or folder, and its locks with it."""
        old, new = (self._get_os_path(path.strip("/")) for path in (old_path, new_path))
        with as_http():
            if old == new:
                self.content.moving.check(old, current_actor())
                return
            move = await run_sync(self.content.moving.begin, old, new, current_actor())
            try:
                await super().rename_file(old_path, new_path)
            except BaseException:
                move.undo()
                raise
            await run_sync(move.finish)

    async def delete_file(self, path: str) -> None:
        """Delete a file or folder, unless a lock forbids it."""
        with as_http():
            key = self.content.moving.check(self._get_os_path(path.strip("/")), current_actor())
            await super().delete_file(path)
            self.content.moving.deleted(key)

    async def copy(self, from_path: str, to_path: str | None = None) -> dict[str, Any]:
        """Copy a file or folder; the copy of what is sealed is sealed as it is, and so locked."""
        os_path = self._get_os_path(from_path.strip("/"))
        with as_http():
            header = self.content.header(os_path) if os.path.isfile(os_path) else None
        before = copied.set(header)
        try:
            model: dict[str, Any] = await super().copy(from_path, to_path)
            if header is not None and header.needs_passphrase:
                with as_http():
                    await self.locking.copied(model["path"], current_actor())
        finally:
            copied.reset(before)
        return model

    async def _copy_dir(
        self, from_path: str, to_path_original: str, to_name: str, to_path: str
    ) -> dict[str, Any]:
        source = self._get_os_path(from_path.strip("/"))
        await self._work(self.content.moving.copy_folder, source, self._get_os_path(to_path))
        model: dict[str, Any] = await self.get(to_path, content=False)
        return model

    # ── locks ───────────────────────────────────────────────────────────────────────────────────

    async def protection(self, path: str) -> tuple[bool, Lock | None]:
        """Return whether ``path`` is sealed, and its lock."""
        os_path = self._get_os_path(path.strip("/"))
        lock_on = self.content.guard.lock_on
        return await run_sync(lambda: (self.content.sealed(os_path), lock_on(os_path)))
