"""Behind a real nginx: TLS there, plain HTTP or a UNIX socket from there to the server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from support.home import Home, set_up
from support.live_server import Client, LiveServer, free_port, notebook, run_cell, running
from support.nginx import LOCATION, running_nginx
from support.without_tls import WITHOUT_TLS, running_on_socket, running_plain

pytestmark = pytest.mark.integration

# Whole 127.0.0.0/8 is this machine: programs come from addresses that are no proxy's.
SOMEWHERE = "127.0.0.9"


class From(HTTPAdapter):
    """Connects from a given address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **kwargs)  # type: ignore[no-untyped-call]  # the library has no types here


class Behind(LiveServer):
    """A server as seen through the proxy."""

    def client(self) -> Client:
        """Return a client from an address that nobody trusts."""
        client = super().client()
        client.mount("https://", From(SOMEWHERE))
        return client


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = set_up(tmp_path_factory.mktemp("home"))
    (home.work / "notes.ipynb").write_text(json.dumps(notebook("print(6 * 7)")))
    return home


def server_block(port: int, to: str, *, tls: str = "ssl") -> str:
    return f"server {{ listen 127.0.0.1:{port} {tls};\n{LOCATION.format(to=to)} }}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module", params=["port", "socket"])
def proxied(
    request: pytest.FixtureRequest, home: Home, folder: Path, program: Callable[[str], str]
) -> Iterator[Behind]:
    """A server without TLS of its own behind nginx, on a loopback port and on a UNIX socket."""
    port = free_port()
    home.forget_tries()
    if request.param == "port":
        with running_plain(home, "--SecureConfig.trusted_proxies=127.0.0.1") as near:
            block = server_block(port, f"http://127.0.0.1:{near.port}")
            with running_nginx(folder / "tcp", program, home.certificate, block, port):
                yield Behind(home, port, near.process, near.log_file)
    else:
        sock = folder / "jupyter.sock"
        with running_on_socket(
            home, sock, *WITHOUT_TLS, "--SecureConfig.trusted_proxies=unix"
        ) as log:
            block = server_block(port, f"http://unix:{sock}:")
            with running_nginx(folder / "unix", program, home.certificate, block, port):
                yield Behind(home, port, None, log)  # type: ignore[arg-type]  # not stopped here


def address_of(client: Client) -> str:
    sessions = client.get("/jupyter-secure/api/sessions").json()
    sessions = sessions["sessions"] if isinstance(sessions, dict) else sessions
    return str(next(one["address"] for one in sessions if one["current"]))


def test_login_and_work(proxied: Behind) -> None:
    """Login, notebooks and kernels' websockets work through the proxy, with HSTS and cookies."""
    client = proxied.logged_in()
    cookie = next(one for one in client.cookies if "session" in one.name)
    assert cookie.secure
    page = client.get("/api/contents/notes.ipynb")
    assert page.status_code == 200
    assert "max-age" in page.headers["Strict-Transport-Security"]
    kernel = client.post("/api/kernels", json={"name": "python3"}).json()["id"]
    channel = client.socket(f"/api/kernels/{kernel}/channels")
    assert run_cell(channel, "print(6 * 7)") == "42\n"
    channel.close()
    client.delete(f"/api/kernels/{kernel}")
    status = client.get("/jupyter-secure/api/status").json()
    row = next(row for row in status["protections"] if row["name"] == "connection")
    assert row["summary"] == "HTTPS at the proxy"


def test_what_is_closed_stays_closed(proxied: Behind) -> None:
    """Without a login the proxy opens nothing, whatever headers claim."""
    for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-User": "alice"}):
        answer = proxied.client().get("/api/contents", headers=headers)
        assert answer.status_code == 401


SPOOFED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-Ip": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;proto=https",
    "X-Scheme": "http",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "evil.example",
}


def test_spoofed_headers(proxied: Behind) -> None:
    """What a client claims about itself is not believed: the proxy's word is."""
    client = proxied.client()
    client.headers.update(SPOOFED)
    assert client.log_in(code=proxied.home.spare_code()).status_code == 302
    assert address_of(client) == SOMEWHERE
    assert all(cookie.secure for cookie in client.cookies)


def test_limits_count_the_client_and_not_the_proxy(proxied: Behind) -> None:
    """Wrong logins of one address do not keep others behind the same proxy waiting."""
    proxied.home.forget_tries()
    guesser = proxied.client()
    answers = [
        guesser.log_in(f"nobody{number}", "wrong", "123456").status_code for number in range(21)
    ]
    assert answers[-1] == 429
    neighbour = proxied.client()
    neighbour.mount("https://", From("127.0.0.10"))
    assert neighbour.log_in(password="wrong", code="123456").status_code == 401
    proxied.home.forget_tries()


def test_nothing_in_the_proxys_files(proxied: Behind, folder: Path) -> None:
    """A large notebook passes both ways, and the proxy keeps no plain copy of it on its disk."""
    client = proxied.logged_in()
    canary = "a canary that sings in the clear "
    big = notebook(canary * 100_000)
    assert client.save("big.ipynb", big).status_code in (200, 201)
    assert canary in client.get("/api/contents/big.ipynb").text
    for path in folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes()


def test_a_proxy_that_speaks_http_outside(
    home: Home, folder: Path, program: Callable[[str], str]
) -> None:
    """What reached the proxy by plain HTTP is refused; so is a proxy that does not say."""
    plain, silent = free_port(), free_port()
    with running_plain(home, "--SecureConfig.trusted_proxies=127.0.0.1") as near:
        to = f"http://127.0.0.1:{near.port}"
        quiet = "\n".join(
            line for line in LOCATION.format(to=to).splitlines() if "Forwarded-Proto" not in line
        ).replace("$remote_addr", '""')
        blocks = server_block(plain, to, tls="")
        blocks += f"server {{ listen 127.0.0.1:{silent} ssl;\n{quiet} }}"
        with (
            running_nginx(folder / "http", program, home.certificate, blocks, plain),
            requests.Session() as session,
        ):
            session.trust_env = False
            session.verify = str(home.certificate)
            for url in (f"http://127.0.0.1:{plain}", f"https://localhost:{silent}", near_url(near)):
                answer = session.get(f"{url}/login", timeout=10)
                assert answer.status_code == 403, url
                assert "HTTPS only" in answer.text
                assert not answer.cookies
                assert "Strict-Transport-Security" not in answer.headers


def near_url(near: LiveServer) -> str:
    return f"http://127.0.0.1:{near.port}"


def test_https_to_the_server(home: Home, folder: Path, program: Callable[[str], str]) -> None:
    """A proxy that verifies the server's own certificate needs nothing but to be listed."""
    port = free_port()
    with running(home, "--SecureConfig.trusted_proxies=127.0.0.1") as near:
        block = server_block(port, f"https://localhost:{near.port}").replace(
            "proxy_http_version",
            f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {home.certificate};\n"
            "proxy_http_version",
        )
        with running_nginx(folder / "https", program, home.certificate, block, port):
            client = Behind(home, port, near.process, near.log_file).client()
            client.headers.update(SPOOFED)
            assert client.log_in(code=home.spare_code()).status_code == 302
            assert address_of(client) == SOMEWHERE


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        # Both proxies are listed: the client is the one that the outer proxy saw.
        (["127.0.0.2", "127.0.0.3"], SOMEWHERE),
        # Only the inner one is: the outer is as far as anybody's word is taken.
        (["127.0.0.3"], "127.0.0.2"),
    ],
)
def test_two_proxies_in_a_row(
    home: Home, folder: Path, program: Callable[[str], str], trusted: list[str], seen: str
) -> None:
    """A chain of X-Forwarded-For is read from the right, as far as its writers are listed."""
    outer, inner = free_port(), free_port()
    lists = [f"--SecureConfig.trusted_proxies={one}" for one in trusted]
    appending = LOCATION.replace("$remote_addr", "$proxy_add_x_forwarded_for")
    with running_plain(home, *lists) as near:
        first = appending.format(to=f"http://127.0.0.1:{inner}")
        second = appending.format(to=f"http://127.0.0.1:{near.port}").replace(
            "$scheme", "$http_x_forwarded_proto"
        )
        blocks = f"server {{ listen 127.0.0.1:{outer} ssl; proxy_bind 127.0.0.2;\n{first} }}"
        blocks += f"server {{ listen 127.0.0.1:{inner}; proxy_bind 127.0.0.3;\n{second} }}"
        with running_nginx(folder / f"two{len(trusted)}", program, home.certificate, blocks, outer):
            client = Behind(home, outer, near.process, near.log_file).client()
            client.headers["X-Forwarded-For"] = "6.6.6.6, 127.0.0.2"
            assert client.log_in(code=home.spare_code()).status_code == 302
            assert address_of(client) == seen
