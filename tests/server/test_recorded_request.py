"""Whatever goes wrong with the record, a request is answered, and answered with no."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, stream_request_body

from jupyter_secure.audit.events import Event
from jupyter_secure.errors import RecordUnwritable
from jupyter_secure.server.recorded_request import Followed
from jupyter_secure.server.recorded_routes import Planned
from jupyter_secure.server.refusal import Refusal, RefusalHandler

CONTENT = "what nobody may see unrecorded"
Trouble = Callable[[], None]


class Whole(RequestHandler):
    """A handler that gets its body at once."""

    ran: list[str]

    def _answer(self) -> None:
        self.ran.append(str(self.request.method))
        self.write(CONTENT)

    get = put = _answer


@stream_request_body
class Streamed(Whole):
    """One that gets it as it comes."""

    def prepare(self) -> None:
        self.ran.append("streamed")

    def data_received(self, chunk: bytes) -> None:
        """Drop it."""

    put = Whole._answer


class Records:
    """A record in which one step goes wrong."""

    def __init__(self, web_app: Application, broken: str, error: Exception) -> None:
        self._web_app, self._broken, self._error = web_app, broken, error

    def _step(self, name: str) -> None:
        if name == self._broken:
            raise self._error

    def plan(self, request: HTTPServerRequest) -> Planned:
        self._step("plan")
        return Planned("file:save" if request.method == "PUT" else "file:open", path="a")

    def path(self, request: HTTPServerRequest) -> str:
        return request.path

    def below(self, location: str) -> str:
        return location

    def event(self, request: HTTPServerRequest, plan: Planned, correlation: str) -> Event:  # noqa: ARG002  # the protocol's names
        self._step("event")
        return Event(plan.action, path="a", correlation=correlation)

    def file_id(self, event: Event) -> str:  # noqa: ARG002  # as above
        self._step("file_id")
        return ""

    async def begin(self, event: Event) -> None:  # noqa: ARG002  # as above
        self._step("begin")

    async def end(self, event: Event) -> None:  # noqa: ARG002  # as above
        self._step("end")

    def refusal(self, request: HTTPServerRequest, error: RecordUnwritable) -> HTTPMessageDelegate:
        given = {"refusal": Refusal(503, str(error), error.reason), "login_url": "/login"}
        return self._web_app.get_handler_delegate(request, RefusalHandler, given)


async def _ask(kind: type[Whole], method: str, broken: str, error: Exception) -> HTTPResponse:
    web_app = Application([("/", kind)])
    route = web_app.find_handler

    def follow(request: HTTPServerRequest, **kwargs: Any) -> Followed:
        return Followed(Records(web_app, broken, error), request, route(request, **kwargs))

    web_app.find_handler = follow  # type: ignore[method-assign,assignment]  # as the gate does
    server, listening = HTTPServer(web_app), bind_sockets(0, "127.0.0.1", socket.AF_INET)
    server.add_sockets(listening)
    url = f"http://127.0.0.1:{listening[0].getsockname()[1]}/"
    body = b"x" * 100 if method == "PUT" else None
    try:
        return await AsyncHTTPClient().fetch(
            url, method=method, body=body, raise_error=False, request_timeout=5
        )
    finally:
        server.stop()
        await server.close_all_connections()


@pytest.mark.parametrize("error", [ValueError("a slip"), RecordUnwritable("No room.")], ids=str)
@pytest.mark.parametrize("broken", ["plan", "event", "begin", "file_id", "end"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("kind", [Whole, Streamed])
def test_what_cannot_be_recorded_is_answered_with_no(
    kind: type[Whole], method: str, broken: str, error: Exception
) -> None:
    """No error on the way of a request leaves it without an answer, or lets it through."""
    if (broken, method) == ("begin", "GET"):
        return  # what only reads has no start
    kind.ran = []
    answer = asyncio.run(_ask(kind, method, broken, error))
    assert answer.code == 503
    assert b"record-unwritable" in answer.body
    assert CONTENT.encode() not in answer.body
    if broken in ("plan", "event", "begin"):
        assert kind.ran == []
