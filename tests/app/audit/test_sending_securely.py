"""Events to a syslog server, and checkpoints to a web server over TLS."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from pathlib import Path

import pytest
from support.recording import make_record

from jupyter_secure.app.audit.checkpoint import checkpoint
from jupyter_secure.app.audit.send import send
from jupyter_secure.audit import checkpoints
from jupyter_secure.cli.main import main
from jupyter_secure.crypto.x509 import make_self_signed
from jupyter_secure.errors import StorageFailed

EVENTS = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "audit"
    place.mkdir()
    _, files = make_record(place, events=EVENTS, segment_bytes=1 << 20)
    files.close()
    return place


def test_cef_to_syslog_over_tcp(folder: Path) -> None:
    """Each event is one counted message that holds one line of CEF."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        place = f"syslog+tcp://127.0.0.1:{server.getsockname()[1]}"
        words = ["audit", "export", "--record", str(folder), "--format", "cef", "--to", place]
        assert main([*words, "--what", "file:*"]) == 0
        with server.accept()[0] as connection:
            rest = connection.makefile("rb").read()
    seen = []
    while rest:
        length, _, rest = rest.partition(b" ")
        seen.append(rest[: int(length)].decode())
        rest = rest[int(length) :]
    assert len(seen) == EVENTS
    assert all(one.startswith("<109>1 ") and " event - CEF:0|" in one for one in seen)


def test_cef_to_syslog_over_udp(folder: Path) -> None:
    """Each event is one datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        place = f"syslog://127.0.0.1:{receiver.getsockname()[1]}"
        words = ["audit", "export", "--record", str(folder), "--format", "cef", "--to", place]
        assert main([*words, "--what", "file:save"]) == 0
        seen = [receiver.recv(65536).decode() for _ in range(EVENTS)]
    assert all("CEF:0|jupyter-secure|" in one for one in seen)


def test_nobody_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that does not answer, and what is none, are told in a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for place in (f"syslog+tcp://127.0.0.1:{port}", "https://example.org"):
        assert main(["audit", "export", "--record", str(folder), "--to", place]) == 1
    assert "could not be sent" in capsys.readouterr().err


def test_opentelemetry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is OTLP's LogsData with one record."""
    words = ["audit", "export", "--record", str(folder), "--format", "otel", "--what", "file:save"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == EVENTS
    record = json.loads(lines[0])["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    said = {one["key"]: one["value"] for one in record["attributes"]}
    assert said["event.name"] == {"stringValue": "file:save"}
    assert said["user.name"] == {"stringValue": "alice"}
    assert int(record["timeUnixNano"]) > 10**18


class Receiver(http.server.BaseHTTPRequestHandler):
    seen: list[bytes] = []  # noqa: RUF012  # for one test at a time

    def do_POST(self) -> None:  # the library's name
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("trusted", [True, False])
def test_webhook_over_tls(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    """It is sent to a server that proves who it is, and to no other."""
    monkeypatch.setattr(Receiver, "seen", [])
    certificate, key = make_self_signed(["localhost"], 30)
    (tmp_path / "cert.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    point = checkpoint(folder)
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.timeout = 10
        # A client that does not trust it hangs up, which is no news here.
        monkeypatch.setattr(server, "handle_error", lambda *_: None)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        place = f"https://localhost:{server.server_port}/hook"
        if trusted:
            send(place, point)
        else:
            with pytest.raises(StorageFailed, match="could not be sent"):
                send(place, point)
        thread.join()
    assert [checkpoints.read(one) for one in Receiver.seen] == ([point] if trusted else [])
