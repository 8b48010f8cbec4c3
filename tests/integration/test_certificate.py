"""A certificate that is renewed while the server runs: in use within seconds, or said why not."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest
from support.home import Home, set_up
from support.live_server import Client, LiveServer, run_cell, running

from jupyter_secure.crypto import x509

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return set_up(tmp_path_factory.mktemp("home"))


@pytest.fixture
def server(home: Home) -> Iterator[LiveServer]:
    with running(home) as server:
        yield server


def shown(server: LiveServer) -> str:
    """Return the fingerprint of what the server shows to a new connection."""
    pem = ssl.get_server_certificate(("localhost", server.port))
    return x509.inspect(pem.encode()).fingerprint_sha256


def said(server: LiveServer, words: str) -> str:
    """Wait until the log has a line with these words, and return it."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        for line in server.log.splitlines():
            if words in line:
                return line
        time.sleep(0.2)
    raise AssertionError(f"not said: {words}\n{server.log}")


def connection_row(client: Client) -> dict[str, str]:
    rows: list[dict[str, str]] = client.get("/jupyter-secure/api/status").json()["protections"]
    return next(row for row in rows if row["name"] == "connection")


def test_renewed_by_command(home: Home, server: LiveServer) -> None:
    """`certificate renew` is in use for the next connection; sessions and kernels go on."""
    client = server.logged_in()
    kernel = client.post("/api/kernels", json={"name": "python3"}).json()["id"]
    channel = client.socket(f"/api/kernels/{kernel}/channels")
    before = shown(server)
    subprocess.run(
        [
            sys.executable,
            "-c",
            "from jupyter_secure.cli.main import main; exit(main())",
            *("certificate", "renew", "--hostname", "new.example.org"),
        ],
        env=home.variables,
        cwd=home.work,
        check=True,
        capture_output=True,
        timeout=60,
    )
    new = x509.inspect(home.certificate.read_bytes())
    assert new.fingerprint_sha256 != before
    assert shown(server) == new.fingerprint_sha256
    assert new.fingerprint_sha256[:16] in said(server, "A new certificate is in use")
    assert run_cell(channel, "print(6 * 7)") == "42\n"
    client.close()  # as a browser that connects anew, with the same cookies
    assert client.get("/api/me").status_code == 200


def test_a_renewal_that_went_wrong(home: Home, server: LiveServer) -> None:
    """With a key that does not fit the old certificate stays, and log and panel say why."""
    client, before = server.logged_in(), shown(server)
    key = home.certificate.with_name("key.pem")
    right = key.read_bytes()
    key.write_bytes(x509.make_self_signed(["localhost"], 9)[1])
    assert "does not belong" in said(server, "the old one stays")
    assert shown(server) == before
    row = connection_row(client)
    assert row["level"] == "warn"
    assert "does not belong" in row["remedy"]
    key.write_bytes(right)
    said(server, "A new certificate is in use")
    assert connection_row(client)["level"] == "ok"
    assert shown(server) == before


@pytest.mark.parametrize(
    ("days", "level", "summary"), [(31, "ok", "31 days"), (29, "warn", "29 days")]
)
def test_warned_a_month_before(home: Home, days: int, level: str, summary: str) -> None:
    """From 30 days before the end the log warns at the start, and the panel is amber."""
    now = datetime.now(timezone.utc) + timedelta(minutes=5)
    cert, key = x509.make_self_signed(["localhost"], days, now=now - timedelta(minutes=1))
    home.certificate.write_bytes(cert)
    home.certificate.with_name("key.pem").write_bytes(key)
    with running(home) as server:
        assert (f"expires in {summary}" in server.log) == (level == "warn")
        row = connection_row(server.logged_in())
        assert row["level"] == level
        assert summary in row["summary"]


TLS_1_2 = (ssl.TLSVersion.TLSv1_2, False)
TLS_1_3 = (ssl.TLSVersion.TLSv1_3, True)


@pytest.mark.parametrize(("version", "connects"), [TLS_1_2, TLS_1_3])
def test_min_tls(home: Home, version: ssl.TLSVersion, connects: bool) -> None:
    """With min_tls = "1.3" a client that has TLS 1.2 only does not connect."""
    with running(home, "--SecureConfig.min_tls=1.3") as server:
        connect = handshake_with(server, version)
        if connects:
            assert connect() == "TLSv1.3"
        else:
            with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
                connect()


def handshake_with(server: LiveServer, version: ssl.TLSVersion) -> Callable[[], str | None]:
    context = ssl.create_default_context(cafile=str(server.home.certificate))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = version

    def connect() -> str | None:
        with (
            socket.create_connection(("localhost", server.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            return secured.version()

    return connect
