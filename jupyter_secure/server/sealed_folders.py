"""``sealed-folders``: the folders in which everything that is saved is sealed."""

from __future__ import annotations

import json
from functools import partial

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.app.content.sealed_folders import SealedFolders
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync


def sealed_folders_of(handler: SecureAPIHandler) -> SealedFolders:
    """Return the marks of the server that answers with ``handler``."""
    return SealedFolders(handler.runtime.state.folder_marks, handler.documents.content)


class SealedFoldersHandler(SecureAPIHandler):
    """``GET sealed-folders``."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return every marked folder."""
        with as_http():
            folders = await run_sync(sealed_folders_of(self).list)
        self.finish(json.dumps({"folders": folders}))


class SealedFolderHandler(SecureAPIHandler):
    """``PUT`` and ``DELETE sealed-folders/{path}``; the empty path is the whole root."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def put(self, path: str) -> None:
        """Mark a folder: what is saved below it is sealed from now on."""
        with as_http():
            path = path.strip("/")
            if path:
                await self.require_shown(path)
            await run_sync(sealed_folders_of(self).mark, self.documents._get_os_path(path))
        self._done()

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, path: str) -> None:
        """Take the mark off; what is sealed stays so."""
        with as_http():
            os_path = self.documents._get_os_path(path.strip("/"))
            await run_sync(partial(sealed_folders_of(self).unmark, os_path, current_actor()))
        self._done()

    def _done(self) -> None:
        self.runtime.coverage = None  # other files count now
        self.set_status(204)
        self.finish()
