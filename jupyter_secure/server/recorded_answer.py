"""An answer that waits until its event is in the record: nothing is answered unrecorded."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from tornado import log
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine

from jupyter_secure.audit.events import Event
from jupyter_secure.errors import RecordUnwritable

_REASON = re.compile(r"[a-z][a-z-]{1,39}")
_SMALL_BODY = 4096
_SWITCHING = 101
# Where an answer is a page, and says it in words only.
_REASONS = {
    401: "not-logged-in",
    403: "not-allowed",
    404: "not-found",
    409: "conflict",
    423: "locked",
    429: "too-many-tries",
    503: "unavailable",
    507: "storage",
}

_Outcome = Callable[[int, HTTPHeaders, bytes], "Event | None"]


class Answer:
    """Holds back what a handler writes to one request until ``end`` has recorded the outcome.

    On the connection and not in the handler: whoever's handler it is, it answers through this.
    """

    def __init__(
        self,
        request: HTTPServerRequest,
        outcome: _Outcome,
        end: Callable[[Event], Awaitable[None]],
    ) -> None:
        connection = request.connection
        assert connection is not None
        self._outcome, self._end = outcome, end
        self._write_headers = connection.write_headers
        self._write, self._finish = connection.write, connection.finish
        self._held: list[Callable[[], Any]] | None = None
        self._refused = False
        #: What the status line says of the status.
        self.phrase = ""
        self._task: asyncio.Task[None] | None = None
        self._head = request.method == "HEAD"
        connection.write_headers = self.write_headers  # type: ignore[method-assign]  # one per request
        connection.write = self.write  # type: ignore[method-assign]  # as above
        connection.finish = self.finish  # type: ignore[method-assign]  # as above

    def write_headers(
        self, start_line: Any, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> asyncio.Future[None]:
        """Take the first part of the answer, and begin to record."""
        event: Event | RecordUnwritable | None = None
        self.phrase = start_line.reason or ""
        if start_line.code >= _SWITCHING:  # "100 Continue" is no answer yet
            try:
                event = self._outcome(start_line.code, headers, chunk or b"")
            except Exception as error:  # noqa: BLE001  # whatever it was, it is not on record
                event = _slip(error)
        if event is None:
            return self._write_headers(start_line, headers, chunk)
        if start_line.code == _SWITCHING and isinstance(event, Event):
            # A websocket opens at once, and its handler takes the connection away; that it was
            # about to is on record already.
            self._task = asyncio.ensure_future(self._opened(event))
            return self._write_headers(start_line, headers, chunk)
        self._held = []
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._record(event, start_line, headers, chunk, done))
        return done

    async def settled(self) -> None:
        """Wait until what was answered so far is on its way."""
        if self._task is not None:
            await self._task

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Take a further part."""
        if self._held is None:
            return self._write(chunk)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append(lambda: _join(done, None if self._refused else self._write(chunk)))
        return done

    def finish(self) -> None:
        """Take the end."""
        if self._held is None:
            self._finish()
        else:
            self._held.append(self._finish)

    async def _record(
        self,
        event: Event | RecordUnwritable,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None,
        done: asyncio.Future[None],
    ) -> None:
        error = event if isinstance(event, RecordUnwritable) else await self._unwritable(event)
        if error is not None:
            self._refused = True
            start_line = ResponseStartLine("HTTP/1.1", 503, "Service Unavailable")
            chunk = json.dumps({"message": str(error), "reason": error.reason}).encode()
            headers = HTTPHeaders(
                {"Content-Type": "application/json", "Content-Length": str(len(chunk))}
            )
            chunk = b"" if self._head else chunk
        held, self._held = self._held or [], None
        _join(done, self._write_headers(start_line, headers, chunk))
        for one in held:
            one()

    async def _opened(self, event: Event) -> None:
        await self._unwritable(event)

    async def _unwritable(self, event: Event) -> RecordUnwritable | None:
        """Record ``event``; return why it could not be, whatever that was: somebody waits."""
        try:
            await self._end(event)
        except RecordUnwritable as error:
            return error
        except Exception as error:  # noqa: BLE001  # as above
            return _slip(error)
        return None


def _slip(error: Exception) -> RecordUnwritable:
    """Note a mistake in our own code, and return it as what it comes to."""
    log.app_log.error("An answer could not be recorded; it was withheld.", exc_info=error)
    return RecordUnwritable(f"{type(error).__name__}.")


def started_in(body: bytes) -> str:
    """Return the id of the kernel or terminal that an answer of Jupyter's says was started."""
    try:
        said = json.loads(body)
        found = said.get("kernel", said)
        name = found.get("id") or found.get("name")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return name[:64] if isinstance(name, str) else ""


def reason_of(status: int, headers: HTTPHeaders, body: bytes, phrase: str = "") -> str:
    """Return the word for programs in an answer of ours; else one made of its status.

    ``phrase`` is the status line's: where ours has no JSON, as for a download, it stands there.
    Only a word is taken from it: whatever another's handler answers may hold content.
    """
    if len(body) <= _SMALL_BODY and "json" in headers.get("Content-Type", ""):
        try:
            reason = json.loads(body).get("reason")
        except (ValueError, AttributeError, RecursionError):
            reason = None
        if isinstance(reason, str) and _REASON.fullmatch(reason):
            return reason
    if _REASON.fullmatch(phrase):
        return phrase
    return _REASONS.get(status, f"http-{status}")


def _join(done: asyncio.Future[None], real: Any) -> None:
    """End ``done`` as ``real`` ends; at once where nothing was written."""
    if real is None:
        _set(done, None)
        return
    real.add_done_callback(lambda one: _set(done, one.exception()))


def _set(done: asyncio.Future[None], error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
        done.exception()  # a client that went away is nobody's mistake
