"""One request on its way to its handler, and its answer on the way back: both are recorded."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, Protocol

from tornado import log
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest

from jupyter_secure.audit.actions import ACTIONS
from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.errors import RecordUnwritable
from jupyter_secure.server.recorded_answer import Answer, reason_of, started_in
from jupyter_secure.server.recorded_routes import MOST_BODY_BYTES, Planned
from jupyter_secure.server.said import said_of

_REFUSED = frozenset({401, 403, 423, 429})


class Records(Protocol):
    """What ``recording.Recording`` does for one request."""

    def plan(self, request: HTTPServerRequest) -> Planned | None:
        """Return what a request is."""

    def path(self, request: HTTPServerRequest) -> str:
        """Return its path below the base URL."""

    def below(self, location: str) -> str:
        """Return a path of this server below the base URL."""

    def event(self, request: HTTPServerRequest, plan: Planned, correlation: str) -> Event:
        """Return the start of what it is."""

    def file_id(self, event: Event) -> str:
        """Return the id of the file that an event is about."""

    async def begin(self, event: Event) -> None:
        """Record that it starts."""

    async def end(self, event: Event) -> None:
        """Record what came of it."""

    def refusal(self, request: HTTPServerRequest, error: RecordUnwritable) -> HTTPMessageDelegate:
        """Return what answers in a handler's place."""


class Followed(HTTPMessageDelegate):
    """One request on its way to its handler, and its answer on the way back."""

    def __init__(
        self, recording: Records, request: HTTPServerRequest, inner: HTTPMessageDelegate
    ) -> None:
        self._recording, self._request, self._inner = recording, request, inner
        self._streams = bool(getattr(inner, "stream_request_body", False))
        self._upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        self._gone = False
        self._refused = False
        self._answer: Answer | None = None

    def headers_received(self, start_line: Any, headers: Any) -> Awaitable[None] | None:
        """Begin with what takes its body as it comes: its handler runs from here on."""
        if self._streams:
            return self._begin_streamed(start_line, headers)
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand on a part of the body."""
        return self._inner.data_received(chunk)

    def on_connection_close(self) -> None:
        """Hand on that the client went away."""
        self._gone = True
        self._inner.on_connection_close()

    def finish(self) -> None:
        """Begin, now that all of the request is here."""
        if self._streams:
            self._inner.finish()
        else:
            here = getattr(self._inner, "chunks", None) or b""
            # For the few fields that the table looks for; the handler gets all of it anyway.
            self._request.body = bytes(here) if len(here) <= MOST_BODY_BYTES else b""
            task = asyncio.ensure_future(self._begin_whole())
            task.add_done_callback(_raise)

    async def _begin_streamed(self, start_line: Any, headers: Any) -> None:
        await self._begin()
        result = self._inner.headers_received(start_line, headers)
        if result is not None:
            await result
        if self._answer is not None:
            # One that is refused before its body came must know it before it is told to go on:
            # "100 Continue" (RFC 9110, 10.1.1) follows when this returns.
            await self._answer.settled()

    async def _begin_whole(self) -> None:
        event = await self._begin()
        if self._gone:
            await self._failed(event, "client-gone")
            return
        try:
            if self._refused:
                # What refuses takes the body as it comes, and so begins with the headers.
                self._inner.headers_received(None, None)  # type: ignore[arg-type]  # it looks at neither
            self._inner.finish()
        except Exception:  # noqa: BLE001  # whatever it was, nobody else would close the connection
            # A handler that cannot even be made. Tornado, which would have caught this, closes the
            # connection too.
            log.app_log.exception("A request could not be handled.")
            await self._failed(event, "http-500")
            self._request.connection.close()  # type: ignore[union-attr]  # HTTP/1 only

    async def _failed(self, event: Event | None, reason: str) -> None:
        if event is not None:
            with contextlib.suppress(RecordUnwritable):
                await self._recording.end(replace(event, outcome=Outcome.FAILURE, reason=reason))

    async def _begin(self) -> Event | None:
        """Record that it starts, and wait for its answer; return the start if it is on record."""
        try:
            return await self._begin_recorded()
        except RecordUnwritable as error:
            refused = error
        except Exception as error:  # noqa: BLE001  # else nobody would ever answer
            log.app_log.exception("A request could not be recorded; it was refused.")
            refused = RecordUnwritable(f"{type(error).__name__}.")
        self._inner = self._recording.refusal(self._request, refused)
        self._refused = True
        return None

    async def _begin_recorded(self) -> Event | None:
        recording, request = self._recording, self._request
        plan = recording.plan(request)
        if plan is None:
            # Nothing of it is recorded, unless it turns out to be refused.
            plan, silent = Planned("request:refuse", target=recording.path(request)[:200]), True
        else:
            silent = False
        changes = ACTIONS[plan.action].changes and not silent
        event = recording.event(request, plan, secrets.token_hex(8) if changes else "")
        if changes:
            await recording.begin(event)
        self._answer = Answer(
            request, lambda *answer: self._outcome(event, silent, *answer), self._end
        )
        return event if changes else None

    def _reason(self, status: int, headers: Any, body: bytes) -> str:
        return reason_of(status, headers, body, self._answer.phrase if self._answer else "")

    async def _end(self, event: Event) -> None:
        also = said_of(self._request).also
        if not also:
            await self._recording.end(event)
            return
        # Together: they are taken in this order, and wait for the disk once.
        await asyncio.gather(*(self._recording.end(one) for one in (*also, event)))

    def _outcome(
        self, event: Event, silent: bool, status: int, headers: Any, body: bytes
    ) -> Event | None:
        """Return the event of an answer, ``None`` for none."""
        location = headers.get("Location", "")
        to_confirm = "/jupyter-secure/confirm" in location and event.action != "session:elevate"
        if status in _REFUSED or to_confirm:
            outcome = Outcome.REFUSED
        elif status >= 400:
            outcome = Outcome.FAILURE
        else:
            outcome = Outcome.SUCCESS
        if silent and outcome is not Outcome.REFUSED:
            return None
        if said_of(self._request).covered and outcome is Outcome.SUCCESS:
            return None
        if event.action == "session:begin" and status == 303:
            event = replace(event, action="login:password")
        elif event.action == "session:begin" and status == 429:
            event = replace(event, action="login:limit")
        if outcome is Outcome.SUCCESS and event.action in ("file:create", "file:copy") and location:
            made = self._recording.below(location).removeprefix("api/contents/")
            copied = event.action == "file:copy"
            event = replace(event, to=made) if copied else replace(event, path=made)
        reason = "" if outcome is Outcome.SUCCESS else self._reason(status, headers, body)
        if outcome is Outcome.SUCCESS and event.action in ("kernel:start", "terminal:start"):
            event = replace(event, target=started_in(body))
        if event.action == "session:begin" and status == 401:
            reason = "wrong-credentials"
        if to_confirm:
            reason = "elevation-required"
        event = said_of(self._request).added_to(replace(event, outcome=outcome, reason=reason))
        return replace(event, file_id=self._recording.file_id(event))


def _raise(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        # As tornado logs what a delegate raises.
        asyncio.get_running_loop().call_exception_handler(
            {"message": "A request could not be followed.", "exception": task.exception()}
        )
