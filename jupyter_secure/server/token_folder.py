"""Access tokens that are for one folder: what they reach is held to it, on every route.

The path in an address is not enough: a copy, a move or a kernel's start names others in its body,
a link leads elsewhere. So it is asked where a path becomes a name on the disk, and of what that
really is. Code that a token runs can reach what the server's account can: that no folder holds.
"""

from __future__ import annotations

import json
import os
from typing import Any

from jupyter_client.jsonutil import json_default
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.kernels.handlers import MainKernelHandler
from jupyter_server.services.sessions.handlers import (
    SessionHandler,
    SessionRootHandler,
    _session_id_regex,
)
from tornado.web import HTTPError, authenticated

from jupyter_secure.errors import Refused
from jupyter_secure.server.admission import current_token
from jupyter_secure.server.http_errors import as_http


def current_folder() -> str:
    """Return the folder that the current request is held to; empty for all of it."""
    token = current_token()
    return "" if token is None else token.folder


def is_inside(os_path: str, root: str) -> bool:
    """Say whether the current request may reach ``os_path``, links resolved."""
    folder = current_folder()
    if not folder:
        return True
    allowed, wanted = (
        os.path.join(os.path.realpath(one), "")
        for one in (os.path.join(root, *folder.split("/")), os_path)
    )
    return wanted.startswith(allowed)


def require_inside(os_path: str, root: str) -> None:
    """Raise ``Refused`` unless the current request may reach ``os_path``.

    What lies there, and whether anything does, is not told.
    """
    if not is_inside(os_path, root):
        raise Refused(
            "This access token is for another folder.",
            why=f"It opens “{current_folder()}” and what is below that.",
            remedy="Use a path below it, or make a token for where you want to go.",
        )


def hold(os_path: str, root: str) -> None:
    """Do as ``require_inside``, and raise it as an HTTP error."""
    if current_folder():
        with as_http():
            require_inside(os_path, root)


class _Held(APIHandler):
    """What the handlers share that name a file in a body or an answer."""

    def _place(self, path: Any) -> str:
        """Return where an API path lies; 403 outside the folder, 400 for what is no path."""
        if not isinstance(path, str):
            raise HTTPError(400, "The path must be text.")
        manager: Any = self.contents_manager
        return str(manager._get_os_path(path.strip("/")))  # which asks

    def _is_inside(self, path: str) -> bool:
        try:
            self._place(path)
        except HTTPError:
            return False
        return True

    def _body(self) -> dict[str, Any]:
        body = self.get_json_body()
        if body is not None and not isinstance(body, dict):
            raise HTTPError(400, "The request must be a JSON object.")
        return body or {}

    def _check_paths(self) -> None:
        """Check every path that Jupyter would find in the body; its older form has them inside."""
        body = self._body()
        old = body.get("notebook")
        for place in (body, old if isinstance(old, dict) else {}):
            for name in ("path", "name") if place is old else ("path",):
                if name in place:
                    self._place(place[name])


class HeldKernelsHandler(_Held, MainKernelHandler):
    """``api/kernels``: a kernel starts in the token's folder."""

    @authenticated
    @authorized("write", resource="kernels")
    async def post(self) -> None:
        """Start a kernel; one that names no place starts in the folder itself."""
        if folder := current_folder():
            body = self._body()
            path = body.get("path") or folder
            self._place(path)
            # Jupyter walks up from a folder that is not there: past this one, if it is gone.
            if not os.path.isdir(self._place(folder)):
                raise HTTPError(404, f"There is no folder “{folder}”.")
            self.request.body = json.dumps({**body, "path": path}).encode()
        await ensure_async(super().post())


class HeldSessionsHandler(_Held, SessionRootHandler):
    """``api/sessions``: those of files in the token's folder."""

    @authenticated
    @authorized("read", resource="sessions")
    async def get(self) -> None:
        """List them."""
        if not current_folder():
            await ensure_async(super().get())
            return
        sessions: Any = await ensure_async(self.session_manager.list_sessions())
        shown = [one for one in sessions if self._is_inside(str(one.get("path", "")))]
        self.finish(json.dumps(shown, default=json_default))

    @authenticated
    @authorized("write", resource="sessions")
    async def post(self) -> None:
        """Begin one for a file in the folder."""
        if folder := current_folder():
            self._check_paths()
            if not os.path.isdir(self._place(folder)):
                raise HTTPError(404, f"There is no folder “{folder}”.")
        await ensure_async(super().post())


class HeldSessionHandler(_Held, SessionHandler):
    """``api/sessions/{id}``: one of a file in the token's folder."""

    async def _check_session(self, session_id: str) -> None:
        if current_folder():
            session = await self.session_manager.get_session(session_id=session_id)
            self._place(session["path"])

    @authenticated
    @authorized("read", resource="sessions")
    async def get(self, session_id: str) -> None:
        """Describe it."""
        await self._check_session(session_id)
        await ensure_async(super().get(session_id))

    @authenticated
    @authorized("write", resource="sessions")
    async def patch(self, session_id: str) -> None:
        """Change it; it does not become another folder's."""
        await self._check_session(session_id)
        if current_folder():
            self._check_paths()
        await ensure_async(super().patch(session_id))

    @authenticated
    @authorized("write", resource="sessions")
    async def delete(self, session_id: str) -> None:
        """End it and its kernel."""
        await self._check_session(session_id)
        await ensure_async(super().delete(session_id))


HANDLERS = (
    (r"/api/kernels", HeldKernelsHandler),
    (r"/api/sessions", HeldSessionsHandler),
    (rf"/api/sessions/{_session_id_regex}", HeldSessionHandler),
)
