"""Opening a notebook over HTTP without parsing it, and parsing what is saved quickly.

The sealed file holds the very JSON that the API sends (see ``formats``), so its bytes go into the
answer as they are. Every other request, and every other file, goes Jupyter's own way.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from jupyter_client.jsonutil import json_default
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.services.contents.handlers import ContentsHandler
from tornado.web import HTTPError, authenticated

from jupyter_secure.server import fast_json
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync
from jupyter_secure.vault.envelope import Flags

# Only what ends as a notebook's name does: Jupyter's own routes for checkpoints end otherwise.
ROUTE = r"/api/contents(?P<path>(?:/[^/]+)*/[^/]+\.ipynb)"

# Parts shorter than this wait for the next one: a small notebook is one packet, headers and all.
_FLUSH_BYTES = 128 * 1024


class _Opened(NamedTuple):
    """All of a notebook that is open, in parts that are known to be authentic, and its bytes."""

    size: int
    parts: Iterable[bytes]
    file: AbstractContextManager[object] = nullcontext()  # open until the last part was taken


class OpenNotebookHandler(ContentsHandler):
    """Jupyter's handler, with a short way for opening sealed notebooks."""

    @authenticated
    @authorized("read", resource="contents")
    async def get(self, path: str = "") -> None:
        """Return the model of a notebook with its content."""
        manager = self.contents_manager
        opened = None
        if isinstance(manager, EncryptedContentsManager) and self._asks_for_content():
            opened = await _opened(manager, path.strip("/"))
        if opened is None:
            await ensure_async(super().get(path))
            return
        assert isinstance(manager, EncryptedContentsManager)
        with opened.file:
            await self._send(manager, opened, path.strip("/"))
        manager.emit(data={"action": "get", "path": path.strip("/")})

    async def _send(self, manager: EncryptedContentsManager, opened: _Opened, path: str) -> None:
        """Send the model with the file's bytes as its content, all of which are authentic."""
        model = manager._base_model(path)
        del model["content"]
        model |= {"type": "notebook", "format": "json"}
        digest = None
        if self.get_query_argument("hash", "0") == "1":
            algorithm = manager.hash_algorithm
            digest = hashlib.new(algorithm)
            model |= {"hash_algorithm": algorithm}
            del model["hash"]
        head = json.dumps(model, default=json_default)[:-1] + ', "content": '
        tail = "}" if digest is None else f', "hash": "{digest.hexdigest()}"}}'
        self.set_header("Last-Modified", model["last_modified"])
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Length", str(len(head) + opened.size + len(tail)))
        self.write(head)
        for part in opened.parts:
            if digest is not None:
                digest.update(part)
            self.write(part)
            if len(part) >= _FLUSH_BYTES:
                await self.flush()
        self.finish("}" if digest is None else f', "hash": "{digest.hexdigest()}"}}')

    def get_json_body(self) -> Any:
        """Return the body of a save; 400 for what is no JSON."""
        if not self.request.body:
            return None
        try:
            model = fast_json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise HTTPError(400, "Invalid JSON in body of request") from None
        if not isinstance(model, dict):
            raise HTTPError(400, "The body of the request must be a JSON object")
        return model

    def _asks_for_content(self) -> bool:
        wanted: dict[str, tuple[Any, ...]] = {
            "type": (None, "notebook"),
            "format": (None,),
            "content": (None, "1"),
            "hash": (None, "0", "1"),
        }
        return all(self.get_query_argument(name, None) in values for name, values in wanted.items())


async def _opened(manager: EncryptedContentsManager, path: str) -> _Opened | None:
    """Return the notebook for reading, or ``None`` where its bytes can't be sent as they are."""
    os_path = manager._get_os_path(path)
    if not os.path.isfile(os_path) or (not manager.allow_hidden and await manager.is_hidden(path)):
        return None
    actor = current_actor()

    def work() -> _Opened | None:
        # All in one turn: going to another thread takes its time.
        download = manager.content.download(os_path, actor)
        try:
            if Flags.VALID in download.flags:
                return _Opened(download.size, download.authentic_parts(), download)
        except BaseException:
            download.close()
            raise
        download.close()
        return None

    with as_http():
        reading = manager.content.read_at_once(os_path, actor)
        if reading is not None:
            as_it_is = Flags.VALID in reading.flags
            return _Opened(len(reading.data), (reading.data,)) if as_it_is else None
        return await run_sync(work)
