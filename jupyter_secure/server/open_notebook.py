"""Opening a notebook over HTTP without parsing it.

The sealed file holds the very JSON that the API sends (see ``formats``), so its bytes go into the
answer as they are. Every other request, and every other file, goes Jupyter's own way.
"""

from __future__ import annotations

import json
import os
from typing import Any

from anyio.to_thread import run_sync
from jupyter_client.jsonutil import json_default
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.services.contents.handlers import ContentsHandler
from tornado.web import authenticated

from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.vault.envelope import Flags

# Only what ends as a notebook's name does: Jupyter's own routes for checkpoints end otherwise.
ROUTE = r"/api/contents(?P<path>(?:/[^/]+)*/[^/]+\.ipynb)"


class OpenNotebookHandler(ContentsHandler):
    """Jupyter's handler, with a short way for opening sealed notebooks."""

    @authenticated
    @authorized("read", resource="contents")
    async def get(self, path: str = "") -> None:
        """Return the model of a notebook with its content."""
        manager = self.contents_manager
        answer = None
        if isinstance(manager, EncryptedContentsManager) and self._asks_for_content():
            answer = await _open_as_sent(
                manager, path.strip("/"), require_hash=self.get_query_argument("hash", "0") == "1"
            )
        if answer is None:
            await ensure_async(super().get(path))
            return
        model, content = answer
        head = await run_sync(lambda: json.dumps(model, default=json_default))
        self.set_header("Last-Modified", model["last_modified"])
        self.write(f'{head[:-1]}, "content": ')
        self.write(content)
        self.write("}")
        self.finish()

    def _asks_for_content(self) -> bool:
        wanted: dict[str, tuple[Any, ...]] = {
            "type": (None, "notebook"),
            "format": (None,),
            "content": (None, "1"),
            "hash": (None, "0", "1"),
        }
        return all(self.get_query_argument(name, None) in values for name, values in wanted.items())


async def _open_as_sent(
    manager: EncryptedContentsManager, path: str, *, require_hash: bool
) -> tuple[dict[str, Any], bytes] | None:
    """Return a notebook's model without its content, and the content as the API sends it.

    ``None`` where the file is not one whose bytes can be sent as they are.
    """
    os_path = manager._get_os_path(path)
    if not os.path.isfile(os_path) or (not manager.allow_hidden and await manager.is_hidden(path)):
        return None
    reading = await manager.read(os_path)
    if Flags.VALID not in reading.flags:
        return None
    model = {**manager._base_model(path), "type": "notebook", "format": "json"}
    del model["content"]
    if require_hash:
        model.update(await run_sync(manager._get_hash, reading.data))
    manager.emit(data={"action": "get", "path": path})
    return model, reading.data
