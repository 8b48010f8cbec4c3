"""Requests whose body takes its time: whoever sends one must still be let in when it is here.

The gate decides when the headers have come, and a handler runs when the body has. Between the two
lies as much time as the client likes: a request that is begun in time and held back would outlive
the session, the role or the access token that it was let in by.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest

#: Seconds after which it is asked again. Most bodies are here much sooner.
ASKED_AGAIN_AFTER = 0.5


class Late(HTTPMessageDelegate):
    """Hands a request on, and asks the gate again if it was long in coming."""

    def __init__(
        self,
        request: HTTPServerRequest,
        inner: HTTPMessageDelegate,
        judge: Callable[[], HTTPMessageDelegate | None],
        *,
        streams: bool,
    ) -> None:
        """``judge`` returns what refuses the request by now, or ``None``.

        ``streams``: the handler takes the body as it comes, and so runs already.
        """
        self._request, self._inner, self._judge = request, inner, judge
        self._streams = streams
        self._asked = time.monotonic()

    def headers_received(self, start_line: Any, headers: Any) -> Awaitable[None] | None:
        """Hand them on."""
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand on a part of the body; end the connection of who may not send more of it."""
        if self._streams and self._refusal() is not None:
            self._request.connection.stream.close()  # type: ignore[union-attr]  # HTTP/1 has a stream
            return None
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        """Let the handler run, or refuse what came too late."""
        refusal = None if self._streams else self._refusal()
        if refusal is not None:
            self._inner.on_connection_close()
            self._inner = refusal
            # What refuses takes the body as it comes, and so begins with the headers.
            refusal.headers_received(None, None)  # type: ignore[arg-type]  # it looks at neither
        self._inner.finish()

    def on_connection_close(self) -> None:
        """Hand on that the client went away."""
        self._inner.on_connection_close()

    def _refusal(self) -> HTTPMessageDelegate | None:
        now = time.monotonic()
        if now - self._asked < ASKED_AGAIN_AFTER:
            return None
        self._asked = now
        return self._judge()
