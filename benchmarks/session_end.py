"""From "end this session" to the last of its sockets closed, by the page and by another process."""

from __future__ import annotations

import json
import select
import sqlite3
import ssl
import time
from collections.abc import Iterator
from contextlib import closing

import websocket

from benchmarks.connection import Connection
from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, Server
from benchmarks.timing import Series

_SOCKETS = 20
_EVENTS = "/api/events/subscribe"
_SESSIONS = "/jupyter-secure/api/sessions"
_MOST_SECONDS = 30
_ROUNDS = 5


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield a row for each way of ending one; there is nothing of the kind in a stock server."""
    server = servers[SECURED]
    assert server.home is not None
    witness = server.connect()
    by_page, by_other = Series(), Series()
    # Each is a login, and an account has ten recovery codes: after those a phone's are waited for.
    for _ in range(plan.rounds(_ROUNDS)):
        by_page.seconds.append(_ended(server, witness, _end_by_request))
        by_other.seconds.append(_ended(server, witness, _end_by_other_process))
    witness.close()
    yield Row(f"end a session with {_SOCKETS} sockets, by request", {SECURED: by_page})
    yield Row(f"end a session with {_SOCKETS} sockets, from outside", {SECURED: by_other})


def _ended(server: Server, witness: Connection, end: object) -> float:
    visitor = server.connect()
    mine = next(one for one in _list(visitor) if one["current"])["id"]
    sockets = [_socket(server, visitor) for _ in range(_SOCKETS)]
    started = time.perf_counter()
    assert callable(end)
    end(server, witness, mine)
    waiting = {one.fileno(): one for one in sockets}  # type: ignore[no-untyped-call]  # its own
    while waiting:
        ready, _, _ = select.select(list(waiting), [], [], _MOST_SECONDS)
        if not ready:
            raise RuntimeError(f"{len(waiting)} sockets were not closed.")
        for descriptor in ready:
            if _is_closed(waiting[descriptor]):
                del waiting[descriptor]
    taken = time.perf_counter() - started
    for one in sockets:
        one.close()
    visitor.close()
    return taken


def _list(connection: Connection) -> list[dict[str, object]]:
    found = json.loads(connection.get(_SESSIONS))
    listed: list[dict[str, object]] = found["sessions"] if isinstance(found, dict) else found
    return listed


def _end_by_request(server: Server, witness: Connection, session: str) -> None:
    answer = witness.ask("DELETE", f"{_SESSIONS}/{session}", None, {})
    if answer.status != 204:
        raise RuntimeError(f"{server.name}: DELETE was answered with {answer.status}")


def _end_by_other_process(server: Server, witness: Connection, session: str) -> None:  # noqa: ARG001  # as the other way
    """Take the row away, which is what `jupyter secure session end` does."""
    assert server.home is not None
    with closing(sqlite3.connect(server.home.state / "state.db", timeout=10)) as state, state:
        state.execute("DELETE FROM sessions WHERE public_id = ?", [session])


def _is_closed(socket: websocket.WebSocket) -> bool:
    try:
        socket.recv()
    except (OSError, ssl.SSLError, websocket.WebSocketException):
        return True
    return not socket.connected


def _socket(server: Server, connection: Connection) -> websocket.WebSocket:
    return websocket.create_connection(
        f"wss://localhost:{server.port}{_EVENTS}",
        sslopt={"ca_certs": str(server.certificate)},
        header={"Cookie": connection.headers["Cookie"]},
        origin=f"https://localhost:{server.port}",
        timeout=_MOST_SECONDS,
    )
