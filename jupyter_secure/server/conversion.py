"""``/nbconvert``: conversions from what is sealed, without plaintext on the disk or in the log.

Jupyter's own handlers give the converter the folder, where pictures lie sealed, and let it write
and fail as it likes. Here it runs in a process of its own (``conversion_worker``) that finds copies
of the linked files, as far as the user may read them, in a folder in memory that is then removed.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import FilesRedirectHandler, JupyterHandler, path_regex
from jupyter_server.nbconvert.handlers import (
    NbconvertFileHandler,
    NbconvertPostHandler,
    date_format,
    respond_zip,
)
from nbformat import from_dict
from tornado.web import HTTPError, authenticated

from jupyter_secure.app.content.linked_files import bring
from jupyter_secure.app.private_folder import private_folder
from jupyter_secure.locks import Actor
from jupyter_secure.server import conversion_worker
from jupyter_secure.server.admission import current_actor, may_run_code
from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.server.http_errors import SecureHTTPError, as_http
from jupyter_secure.server.rights import PLAIN_FORMATS
from jupyter_secure.server.runtime import runtime_of
from jupyter_secure.server.threads import run_sync
from jupyter_secure.server.token_folder import require_inside

_FORMAT = r"(?P<format>\w+)"
# A converter takes about a hundred megabytes, a browser or LaTeX beneath it more.
_AT_ONCE = asyncio.Semaphore(2)
# Settings that are none of a converter's business.
_WITHHELD = ("ServerApp", "IdentityProvider", "PasswordIdentityProvider", "Session", "SecureConfig")


class _Converting(JupyterHandler):
    """What both handlers share."""

    async def _convert(
        self, format: str, notebook: Any, metadata: dict[str, Any], beside: str | None
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Return what the worker says of the result, and its bytes.

        ``beside`` is the folder in which linked files lie.
        """
        runtime = runtime_of(self.serverapp)
        place = runtime.config.conversion_dir
        async with _AT_ONCE:
            with as_http(), private_folder(Path(place) if place else None) as folder:
                for name in ("work", "files", "tmp"):
                    (folder / name).mkdir()
                if beside is not None:
                    await run_sync(self._bring, notebook, folder / "files", beside, current_actor())
                metadata["path"] = str(folder / "files")
                runs_code = may_run_code()
                if not runs_code:
                    _keep_plain(notebook)
                sanitize = self.get_argument("sanitize_html", None) if format == "html" else None
                request = {
                    "format": format,
                    "notebook": json.dumps(notebook),
                    "resources": {
                        "metadata": metadata,
                        "config_dir": self.application.settings["config_dir"],
                    },
                    "config": self._settings(),
                    "runs_code": runs_code,
                    "templates": os.getcwd(),
                    "sanitize_html": None if sanitize is None else sanitize.lower() == "true",
                }
                answer = await _ask_worker(pickle.dumps(request), folder)
        head, _, body = answer.partition(b"\n")
        said = json.loads(head or b'{"error": "failed", "message": "the converter was ended"}')
        if said.get("error") == conversion_worker.NO_EXPORTER:
            raise SecureHTTPError(404, f"No exporter for format: {format}", "not-found")
        if "error" in said:
            message = f"nbconvert failed: {said['message']}"
            raise SecureHTTPError(500, message, "conversion-failed")
        parts, at = [], 0
        for size in said["sizes"]:
            parts.append(body[at : at + size])
            at += size
        return said, parts

    def _bring(self, notebook: Any, folder: Path, beside: str, actor: Actor) -> None:
        manager = self.contents_manager
        assert isinstance(manager, EncryptedContentsManager), "the start-up check comes first"

        def read(link: str) -> bytes:
            linked = Path(beside, link)
            require_inside(str(linked), manager.root_dir)
            return manager.content.read(linked, actor).data

        for error in bring(notebook, folder, read):
            self.log.debug("A linked file is left out of a conversion. %s", error)

    def _settings(self) -> dict[str, Any]:
        settings = {}
        for section, values in (self.config or {}).items():
            if section in _WITHHELD:
                continue
            try:
                pickle.dumps(values)
            except Exception:  # noqa: BLE001  # pickle raises what an object's own methods raise
                self.log.warning("The settings of %s cannot be given to a converter.", section)
            else:
                settings[section] = values
        return settings

    def _send(self, name: str, said: dict[str, Any], parts: list[bytes], *, attach: bool) -> None:
        output, *files = parts
        resources = {
            "outputs": dict(zip(said["files"], files, strict=True)),
            "output_extension": said["extension"],
        }
        if files and respond_zip(self, name, output.decode(), resources):
            return
        if attach:
            self.set_attachment_header(os.path.splitext(name)[0] + said["extension"])
        if said["mimetype"]:
            self.set_header("Content-Type", f"{said['mimetype']}; charset=utf-8")
        self.set_header("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0")
        self.finish(output)


class ConvertFileHandler(_Converting, NbconvertFileHandler):
    """Convert a notebook that lies in the folder."""

    @authenticated
    @authorized("read", resource="nbconvert")
    async def get(self, format: str, path: str) -> None:
        """Answer with the notebook at ``path`` in another format."""
        self.check_xsrf_cookie()
        path = path.strip("/")
        manager = self.contents_manager
        assert isinstance(manager, EncryptedContentsManager), "the start-up check comes first"
        model = await manager.get(path=path)
        if model["type"] != "notebook":
            await FilesRedirectHandler.redirect_to_files(self, path)
            return
        name, changed = model["name"], model["last_modified"]
        metadata = {
            "name": os.path.splitext(name)[0],
            "modified_date": changed.strftime(date_format),
        }
        beside = os.path.dirname(manager._get_os_path(path))
        said, parts = await self._convert(format, model["content"], metadata, beside)
        self.set_header("Last-Modified", changed)
        attach = self.get_argument("download", "false").lower() == "true"
        self._send(name, said, parts, attach=attach)


class ConvertPostHandler(_Converting, NbconvertPostHandler):
    """Convert a notebook that is sent."""

    @authenticated
    @authorized("write", resource="nbconvert")
    async def post(self, format: str) -> None:
        """Answer with the notebook in the request in another format."""
        model = self.get_json_body()
        if not isinstance(model, dict) or not isinstance(model.get("content"), dict):
            raise HTTPError(400, "The request holds no notebook.")
        name = str(model.get("name", "notebook.ipynb"))
        metadata = {"name": name.rpartition(".")[0]}
        said, parts = await self._convert(format, from_dict(model["content"]), metadata, None)
        self._send(name, said, parts, attach=False)


def _keep_plain(notebook: Any) -> None:
    """Take out the converter that a notebook names for itself, unless that is a plain one.

    "script" does as the notebook says, and would go on to LaTeX, a browser or any class by name.
    """
    metadata = notebook.get("metadata")
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    if isinstance(info, dict) and info.get("nbconvert_exporter") not in PLAIN_FORMATS:
        info.pop("nbconvert_exporter", None)


# A conversion that never ends would keep its place from others. LaTeX may take minutes.
_SECONDS = 600


async def _ask_worker(request: bytes, folder: Path) -> bytes:
    """Run the worker in ``folder`` and return what it writes; it ends when nobody waits for it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        conversion_worker.__name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # where converters quote what they convert
        cwd=folder / "work",
        env=os.environ | {name: str(folder / "tmp") for name in ("TMPDIR", "TMP", "TEMP")},
        start_new_session=True,
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(request), _SECONDS)
    except asyncio.TimeoutError:
        raise SecureHTTPError(
            504,
            f"nbconvert did not finish in {_SECONDS // 60} minutes, and was ended. "
            "Convert a part of the notebook, or use `jupyter nbconvert` in a terminal.",
            "conversion-failed",
        ) from None
    finally:
        with suppress(ProcessLookupError):
            # The programs it started as well: they would go on writing into the folder.
            os.killpg(process.pid, 9)
        await process.wait()
    return answer


HANDLERS = (
    (rf"/nbconvert/{_FORMAT}", ConvertPostHandler),
    (rf"/nbconvert/{_FORMAT}{path_regex}", ConvertFileHandler),
)
