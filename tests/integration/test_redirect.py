"""The second port speaks plain HTTP, and says where HTTPS is, and nothing else."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import pytest
import requests
from support.home import Home, set_up
from support.live_server import LiveServer, free_port, refusal, running

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return set_up(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(home: Home, port: int) -> Iterator[LiveServer]:
    with running(home, f"--SecureConfig.redirect_port={port}") as server:
        yield server


def say(port: int, request: bytes, *, wait: float = 5) -> bytes:
    """Send bytes and return everything that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
    return answer


def where(answer: bytes) -> str:
    found = re.search(rb"\r\nLocation: (.*)\r\n", answer)
    return found[1].decode() if found else ""


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/", "/login?next=/lab", "/api/contents", "/no/such/page"])
def test_every_request_is_redirected(server: LiveServer, port: int, method: str, path: str) -> None:
    """Every method on every path gets the way to HTTPS, without a cookie, a body or HSTS."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            method,
            f"http://localhost:{port}{path}",
            allow_redirects=False,
            timeout=10,
            headers={"Cookie": "a=b", "X-Forwarded-Host": "evil.example"},
        )
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://localhost:{server.port}{path}"
    assert answer.content == b""
    assert not {"Set-Cookie", "Strict-Transport-Security", "Server"} & set(answer.headers)
    assert answer.headers["Cache-Control"] == "no-store"


def test_followed(server: LiveServer, port: int) -> None:
    """Who follows it stands before the login page, over HTTPS."""
    with requests.Session() as session:
        session.trust_env = False
        page = session.get(
            f"http://localhost:{port}/login", verify=str(server.home.certificate), timeout=10
        )
    assert page.url == f"{server.url}/login"
    assert "Password" in page.text


@pytest.mark.usefixtures("server")
def test_a_host_of_somebody_elses(port: int) -> None:
    """A Host that is no name of this server is not followed, nor are two of them."""
    answer = say(port, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert where(answer).startswith("https://")
    assert b"evil" not in answer
    answer = say(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"evil" not in answer


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"\r\n\r\n", b"400"),
        (b"POST / HTTP/1.0\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 30_000, b"308"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n", b"308"),
    ],
)
def test_bad_requests(port: int, request_bytes: bytes, status: bytes) -> None:
    """What is too long or no request is refused; a body is neither waited for nor wanted."""
    began = time.monotonic()
    answer = say(port, request_bytes)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert time.monotonic() - began < 4


@pytest.mark.usefixtures("server")
def test_slow_clients(port: int) -> None:
    """Connections that say nothing are closed, and do not stop others from being answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as silent:
        silent.sendall(b"GET / HT")
        assert say(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 308 ")
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert 5 < time.monotonic() - began < 15


def test_no_other_port(server: LiveServer) -> None:
    """The HTTPS port itself does not answer plain HTTP."""
    with pytest.raises(OSError, match="reset"):
        raise_if_empty(say(server.port, b"GET / HTTP/1.0\r\n\r\n"))


def raise_if_empty(answer: bytes) -> None:
    if not answer:
        raise ConnectionResetError("reset")


def test_a_port_that_is_taken(home: Home) -> None:
    """Where the port cannot be had the server does not start, and says which setting it is."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refusal(home, f"--SecureConfig.redirect_port={taken.getsockname()[1]}")
    assert "SecureConfig.redirect_port" in said
    assert "in use" in said


def test_nowhere_to_go(home: Home) -> None:
    """Without HTTPS of its own there is nothing to redirect to, and the server says so."""
    without = ["--ServerApp.certfile=", "--ServerApp.keyfile="]
    said = refusal(
        home,
        f"--SecureConfig.redirect_port={free_port()}",
        "--SecureConfig.trusted_proxies=127.0.0.1",
        *without,
    )
    assert "no certificate" in said
    assert "SecureConfig.redirect_port" in said
