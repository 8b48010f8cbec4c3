"""A second port that speaks plain HTTP and has one thing to say: go to the HTTPS one.

It has no application behind it, no cookies and no session. It reads a request's head and nothing
else, within limits of its own: nothing of what Jupyter serves can be reached here by any mistake.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any

from tornado.netutil import bind_sockets

from jupyter_secure.errors import PolicyViolation
from jupyter_secure.transport.headers import response_headers
from jupyter_secure.transport.redirect import location

_HEAD_BYTES = 8 * 1024
_HEAD_SECONDS = 10.0
_CONNECTIONS = 100
# How much of a body is thrown away, and for how long, before the connection ends: closed with
# bytes unread, it would be reset and the client might never see the answer (RFC 9112 section 9.6).
_DISCARD_BYTES = 64 * 1024
_DISCARD_SECONDS = 1.0

_REQUEST_LINE = re.compile(r"[A-Z]{1,32} (\S+) HTTP/1\.[01]")


def check(app: Any, redirect_port: int) -> None:
    """Raise PolicyViolation where a redirect would lead nowhere."""
    if not redirect_port:
        return
    if app.sock or not app.certfile:
        raise PolicyViolation(
            f"SecureConfig.redirect_port is {redirect_port}, and there is no HTTPS to go to.",
            why="This server listens on a UNIX socket."
            if app.sock
            else "This server has no certificate.",
            remedy="Set it to 0; behind a proxy, let the proxy redirect.",
        )
    if redirect_port == app.port:
        raise PolicyViolation(
            f"SecureConfig.redirect_port is {redirect_port}, and so is ServerApp.port.",
            remedy="Choose another port for one of them: 80 and 443 where your account may.",
        )


class RedirectListener:
    """Listens for plain HTTP beside a server."""

    def __init__(
        self, port: int, address: str, names: Callable[[], Iterable[str]], https_port: int
    ) -> None:
        """Take the port. Raises PolicyViolation where it cannot be had."""
        self._names, self._https_port = names, https_port
        self._open = 0
        self._servers: list[asyncio.Server] = []
        try:
            self._sockets: list[socket.socket] = bind_sockets(
                port, address if address != "*" else None
            )
        except OSError as error:
            raise PolicyViolation(
                f"Nothing can be redirected from port {port}.",
                why=f"{error.strerror or type(error).__name__}.",
                remedy="Set SecureConfig.redirect_port to a port that is free and that your "
                "account may use, or to 0 for none.",
            ) from None

    async def serve(self) -> None:
        """Begin to answer."""
        for one in self._sockets:
            self._servers.append(
                await asyncio.start_server(self._answer, sock=one, limit=_HEAD_BYTES)
            )

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            # Whoever holds many connections open keeps others from being redirected, no more.
            if self._open <= _CONNECTIONS:
                await self._answer_one(reader, writer)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass  # gone, or too slow to be answered
        finally:
            self._open -= 1
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
        except asyncio.LimitOverrunError:
            answer = _response("431 Request Header Fields Too Large")
        else:
            answer = self._respond(head.decode("latin-1"))
        writer.write(answer)
        with contextlib.suppress(NotImplementedError):
            writer.write_eof()
        await writer.drain()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_discard(reader), _DISCARD_SECONDS)

    def _respond(self, head: str) -> bytes:
        line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
        request = _REQUEST_LINE.fullmatch(line)
        hosts = [
            value.strip()
            for name, _, value in (field.partition(":") for field in fields)
            if name.lower() == "host"
        ]
        if request is None or len(hosts) > 1:
            return _response("400 Bad Request")
        where = location(request[1], hosts[0] if hosts else "", self._names(), self._https_port)
        # 308 and not 301: the method stays, so that nothing is lost where a form was sent. It is
        # not to be kept: the next server on this port may be another one.
        return _response("308 Permanent Redirect", Location=where)


async def _discard(reader: asyncio.StreamReader) -> None:
    left = _DISCARD_BYTES
    while left > 0 and (piece := await reader.read(4096)):
        left -= len(piece)


def _response(status: str, **headers: str) -> bytes:
    fields = {
        **headers,
        **response_headers(https=False),
        "Cache-Control": "no-store",
        "Content-Length": "0",
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
