"""How the contents manager saves: the stock manager's ``save``, over ``app.content``.

Jupyter's own would make nodes of a whole notebook, of which we change a little, and look at the
file again that was just written; for a large notebook that takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from jupyter_server.services.contents import manager
from nbformat import ValidationError
from tornado.web import HTTPError

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.uploads import FIRST, LAST, Uploads
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.checkpoints import saving
from jupyter_secure.server.formats import decode_file, describe_problem, serialise_notebook
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.models import check_part, check_whole, unfinished_model
from jupyter_secure.server.os_paths import StrictPaths
from jupyter_secure.server.runtime import runtime_of
from jupyter_secure.server.threads import run_sync
from jupyter_secure.vault.envelope import Flags, Header

_Result = TypeVar("_Result")

#: The header of the file that is being copied. Jupyter copies by ``get`` and ``save``, and the
#: latter does not know where its model comes from.
copied: ContextVar[Header | None] = ContextVar("jupyter_secure_copied", default=None)


class SavingManager(StrictPaths):
    """The half of the contents manager that saves; see ``contents``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._runtime = runtime = runtime_of(self.parent)
        self.content: Content = runtime.content(self.root_dir)
        self.uploads = Uploads(self.content, idle_seconds=60 * runtime.config.upload_idle_minutes)

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Save a model, and return it without its content; "chunk" marks a part of an upload.

        Another thread reads the content until this returns: leave it as it is.
        """
        path = path.strip("/")
        if model.get("chunk") is not None:
            return await self._save_part(model, path)
        os_path = self._get_os_path(path)
        with as_http():
            self.content.key(os_path)
        self.run_pre_save_hooks(model=model, path=path)
        check_whole(model)
        try:
            saved = await self._save_whole(model, os_path, path)
        except OSError as error:
            message = f"Unexpected error while saving file: {path} {error.strerror}"
            raise HTTPError(500, message) from None
        return self._saved(saved, os_path)

    async def _save_whole(self, model: dict[str, Any], os_path: str, path: str) -> dict[str, Any]:
        if model["type"] == "notebook":
            return await self._save_whole_notebook(os_path, model["content"], path)
        if model["type"] == "file":
            await self._save_file(os_path, model["content"], model.get("format"))
        else:
            await self._save_directory(os_path, model, path)
        saved: dict[str, Any] = await self.get(path, content=False)
        return saved

    async def _save_whole_notebook(self, os_path: str, content: Any, path: str) -> dict[str, Any]:
        problem: dict[str, Any] = {}
        size = await self._save_notebook(os_path, content, capture_validation_error=problem)
        with saving():
            # As Jupyter has it: there is one from the beginning.
            if not await self.checkpoints.list_checkpoints(path):
                await self.create_checkpoint(path)
        if path.endswith(".ipynb"):
            model: dict[str, Any] = {**self._base_model(path, size), "type": "notebook"}
            self.emit(data={"action": "get", "path": path})
        else:  # to Jupyter it is then a file like any other
            model = await self.get(path, content=False)
        return self.validate_notebook_model(model, problem)

    async def _save_part(self, model: dict[str, Any], path: str) -> dict[str, Any]:
        part = model["chunk"]
        check_part(model)
        if part == FIRST:
            self.run_pre_save_hooks(model=model, path=path)
        os_path = self._get_os_path(path)
        data = decode_file(model["content"], model.get("format"), os_path)
        size = await self._work(self.uploads.take, os_path, part, data, current_actor())
        if part != LAST:  # the file itself is untouched until then
            return unfinished_model(path, size, self._runtime.state.clock())
        return self._saved(await self.get(path, content=False), os_path)

    def _saved(self, model: dict[str, Any], os_path: str) -> dict[str, Any]:
        self.run_post_save_hooks(model=model, os_path=os_path)
        self.emit(data={"action": "save", "path": model["path"]})
        return model

    def _base_model(self, path: str, size: int | None = None) -> dict[str, Any]:
        raise NotImplementedError

    # ── bytes ───────────────────────────────────────────────────────────────────────────────────

    async def _save_notebook(
        self, os_path: str, nb: Any, capture_validation_error: dict[str, Any] | None = None
    ) -> int:
        """Save a notebook, nodes or plain JSON; return its bytes. What is invalid is saved too."""
        problem = {} if capture_validation_error is None else capture_validation_error
        return await self._write(os_path, partial(serialise_notebook, nb, self.notary, problem))

    async def _save_file(self, os_path: str, content: str, format: str | None) -> None:
        await self._write(os_path, lambda: (decode_file(content, format, os_path), Flags.NONE))

    async def _write(self, os_path: str, made: Callable[[], tuple[bytes, Flags]]) -> int:
        source, actor = copied.get(), current_actor()

        def write() -> tuple[bool, int]:
            data, flags = made()
            passphrase = self.content.passphrases.find(actor.session, source)
            sealed_anew = self.content.write(
                os_path, data, actor, flags=flags, seal=source is not None, passphrase=passphrase
            )
            return sealed_anew, len(data)

        sealed_anew, size = await self._work(write)
        if sealed_anew:
            self._runtime.coverage = None  # to be counted anew
        return size

    async def _work(self, work: Callable[..., _Result], *args: Any) -> _Result:
        """Run ``work`` off the event loop; our errors come back as HTTP errors."""
        with as_http():
            return await run_sync(partial(work, *args))

    # ── what is true of a notebook ──────────────────────────────────────────────────────────────

    def validate_notebook_model(
        self, model: dict[str, Any], validation_error: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Say what is invalid and where, without quoting the cell: messages end up in logs."""
        error = (validation_error or {}).get("ValidationError")
        if validation_error is None:
            try:
                manager.validate_nb(model["content"])  # type: ignore[attr-defined]  # its own name
            except ValidationError as found:
                error = found
        if isinstance(error, ValidationError):
            model["message"] = describe_problem(error)
        return model

    def check_and_sign(self, nb: Any, path: str = "", **_kwargs: Any) -> None:
        """Sign nothing: whether a notebook is trusted is sealed with it as it is written."""

    async def trust_notebook(self, path: str) -> None:
        """Mark every cell of the notebook as trusted, and save it so."""
        model = await self.get(path)
        self.notary.mark_cells(model["content"], True)
        await self._save_notebook(self._get_os_path(path.strip("/")), model["content"])
