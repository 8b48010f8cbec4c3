"""The socket that kernels talk to: it leads to the same gate, which lets nothing else through."""

from __future__ import annotations

from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.web import Application

_MARK = "_jupyter_secure_kernel_listener"
# A body is written as it comes and never kept; what fits on the disk may come.
_MAX_BODY_BYTES = 1 << 60
_PIECE_BYTES = 1 << 20


class KernelListener(HTTPServer):
    """Serves the data route to kernels on a UNIX socket."""

    def initialize(self, web_app: Application) -> None:  # type: ignore[override]  # tornado's constructor
        """Serve ``web_app``. Sockets are added afterwards."""
        super().initialize(web_app, max_body_size=_MAX_BODY_BYTES, chunk_size=_PIECE_BYTES)

    def start_request(self, server_conn: object, request_conn: Any) -> Any:
        """Mark the connection: how a request came is nothing that it could claim itself."""
        setattr(request_conn.context, _MARK, True)
        return super().start_request(server_conn, request_conn)


def came_from_kernel(request: HTTPServerRequest) -> bool:
    """Say whether ``request`` came by the kernels' socket."""
    return getattr(request.connection.context, _MARK, False) is True  # type: ignore[union-attr]  # set by tornado's server
