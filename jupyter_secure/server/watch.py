"""``api/watch``: a page learns at once when its session ends or changes, or the record grows."""

from __future__ import annotations

import json

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated
from tornado.websocket import WebSocketHandler

from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.runtime import runtime_of


class WatchHandler(WebSocketHandler, JupyterHandler):
    """A websocket on which the server talks and nobody else.

    Each message is JSON: ``{"event": "session-ended"}`` just before every socket of the session is
    closed, ``{"event": "session-changed"}`` when it was elevated or got another cookie, and
    ``{"event": "record-grown"}`` when there is something new on record that its account may see. A
    page whose socket closed without a word asks ``status``: the server may have been restarted.
    """

    auth_resource = "jupyter-secure"

    @authenticated
    async def get(self, *args: str, **kwargs: str) -> None:  # type: ignore[override]  # the decorator's type
        """Open it; the gate has checked session and origin."""
        await super().get(*args, **kwargs)

    def check_origin(self, origin_to_satisfy_tornado: str = "") -> bool:
        """Leave it to the gate, which compared the origin before this handler existed."""
        return True

    def open(self, *_: str, **__: str) -> None:
        """Begin to listen for what becomes of the session, and for what it may see."""
        session = admission_of(self.request).session
        if session is None:
            self.close(1008)
            return
        runtime = runtime_of(self.settings["serverapp"])
        runtime.sockets.watch(session.public_id, self)
        runtime.record_news.follow(session.username, self)

    def on_message(self, message: str | bytes) -> None:
        """Nothing is expected from the page."""

    def tell(self, event: str) -> None:
        """Send one event; what is small goes to the system's buffer before this returns."""
        self.write_message(json.dumps({"event": event}))
