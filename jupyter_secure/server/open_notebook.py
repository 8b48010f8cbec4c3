"""Opening a notebook over HTTP without parsing it.

The sealed file holds the very JSON that the API sends (see ``formats``), so its bytes go into the
answer as they are. Every other request, and every other file, goes Jupyter's own way.
"""

from __future__ import annotations

import json
from typing import Any

from anyio.to_thread import run_sync
from jupyter_client.jsonutil import json_default
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.services.contents.handlers import ContentsHandler
from tornado.web import authenticated

from jupyter_secure.server.contents import EncryptedContentsManager

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
            wants_hash = self.get_query_argument("hash", "0") == "1"
            answer = await manager.open_as_sent(path, require_hash=wants_hash)
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
