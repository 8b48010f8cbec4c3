"""Requests that are begun while they are allowed, and held back until they are not."""

from __future__ import annotations

import json
import socket
import sqlite3
import ssl
import time
from contextlib import closing

import pytest
from support.live_server import Client, LiveServer, notebook
from support.tokens import make_token, revoke

from jupyter_secure.server.late import ASKED_AGAIN_AFTER

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
LASTING = {"name": "lasting", "rights": ["read"], "days": 300}
FILE = {"type": "file", "format": "text", "content": "x"}
HELD_BACK = [
    ("POST", f"{API}/account/recovery-codes", {}),
    ("POST", f"{API}/tokens", LASTING),
    ("POST", f"{API}/account/totp", {}),
    ("GET", "/api/contents/a.ipynb", {}),
    ("PUT", "/api/contents/late.txt", FILE),
    ("POST", "/api/kernels", {"name": "python3"}),
]


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    client = server.logged_in()
    assert client.save("a.ipynb", notebook("1", output="canary")).status_code == 201
    return client


class HeldBack:
    """A request of which the server has everything but the body."""

    def __init__(
        self, server: LiveServer, method: str, path: str, body: object, headers: dict[str, str]
    ) -> None:
        self._body = json.dumps(body).encode()
        context = ssl.create_default_context(cafile=str(server.home.certificate))
        plain = socket.create_connection(("localhost", server.port), timeout=30)
        self._socket = context.wrap_socket(plain, server_hostname="localhost")
        lines = {
            "Host": f"localhost:{server.port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(self._body)),
            "Connection": "close",
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())

    def finish(self) -> tuple[int, str]:
        """Send the body; return status and answer."""
        with self._socket as connection:
            connection.sendall(self._body)
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        return int(answer.split(" ", 2)[1]), answer


def of_person(client: Client) -> dict[str, str]:
    cookies = {"Cookie": client.cookie_header, "X-XSRFToken": client.xsrf}
    return cookies | {"Sec-Fetch-Site": "same-origin"}


def test_after_the_session(server: LiveServer, client: Client) -> None:
    """Nothing that was begun in a session happens after its end: no codes, no token, no content."""
    stolen = server.logged_in()
    assert stolen.elevate().ok
    held = [HeldBack(server, *one, of_person(stolen)) for one in HELD_BACK]
    time.sleep(2 * ASKED_AGAIN_AFTER)
    codes = client.get(f"{API}/account").json()["factors"]["recovery_codes"]
    assert stolen.post("/logout", data={"_xsrf": stolen.xsrf}).status_code == 302
    for one, (_, path, _) in zip(held, HELD_BACK, strict=True):
        status, answer = one.finish()
        assert status == 401, path
        assert '"not-logged-in"' in answer
        assert "canary" not in answer
    assert client.get("/api/contents/late.txt").status_code == 404
    assert client.get("/api/kernels").json() == []
    assert client.get(f"{API}/tokens").json()["tokens"] == []
    assert client.get(f"{API}/account").json()["factors"]["recovery_codes"] == codes


@pytest.mark.usefixtures("client")
def test_after_the_access_token(server: LiveServer) -> None:
    """What a token began it does not finish once it is revoked."""
    token = make_token(server.home, "read", "write")
    headers = {"Authorization": f"Bearer {token['token']}"}
    held = [HeldBack(server, *one, headers) for one in HELD_BACK[3:5]]
    time.sleep(2 * ASKED_AGAIN_AFTER)
    revoke(server.home, token)
    assert [one.finish()[0] for one in held] == [401, 401]


def test_after_the_role(server: LiveServer, client: Client) -> None:
    """Who is demoted meanwhile does what the new role may, and no more."""
    held = [HeldBack(server, *one, of_person(client)) for one in HELD_BACK[3:]]
    time.sleep(2 * ASKED_AGAIN_AFTER)
    with closing(sqlite3.connect(server.home.state / "state.db", timeout=10)) as database:
        try:
            with database:
                database.execute("UPDATE accounts SET role = 'viewer'")
            assert [one.finish()[0] for one in held] == [200, 403, 403]
        finally:
            with database:
                database.execute("UPDATE accounts SET role = 'owner'")


def test_who_is_merely_slow(server: LiveServer, client: Client) -> None:
    """A body that takes its time is taken from whoever may still send it."""
    held = HeldBack(server, "PUT", "/api/contents/slow.txt", FILE, of_person(client))
    time.sleep(2 * ASKED_AGAIN_AFTER)
    assert held.finish()[0] == 201
    assert client.get("/api/contents/slow.txt").json()["content"] == "x"
