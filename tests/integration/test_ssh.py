"""The line that ``jupyter secure ssh-command`` prints leads, through a real sshd, to a login."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.home import Home, set_up
from support.live_server import LiveServer, free_port, notebook, run_cell, running
from support.sshd import Sshd, running_sshd
from support.without_tls import running_on_socket

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = set_up(tmp_path_factory.mktemp("home"))
    (home.work / "notes.ipynb").write_text(json.dumps(notebook("print(6 * 7)")))
    return home


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("ssh") / "sshd", program) as sshd:
        yield sshd


def ssh_command(home: Home, *arguments: str) -> list[dict[str, str]]:
    command = [sys.executable, "-m", "jupyter_secure", "ssh-command", "--host", "localhost"]
    command[1:3] = ["-c", "from jupyter_secure.cli.main import main; exit(main())"]
    done = subprocess.run(
        [*command, "--json", *arguments],
        env=home.variables,
        cwd=home.work,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    told: list[dict[str, str]] = json.loads(done.stdout)
    return told


def log_in_and_work(home: Home, url: str, log: Path) -> None:
    """Log in with both factors through the tunnel, open a notebook and run a cell."""
    assert url.startswith("https://localhost:")
    port = int(url.rstrip("/").rpartition(":")[2])
    far = LiveServer(home, port, None, log)  # type: ignore[arg-type]  # its process is another's
    client = far.logged_in()
    cookie = next(one for one in client.cookies if "session" in one.name)
    assert cookie.name.startswith("__Host-")
    assert cookie.secure
    opened = client.get("/api/contents/notes.ipynb")
    assert opened.json()["content"]["cells"][0]["source"] == "print(6 * 7)"
    assert far.client().get("/api/contents").status_code in (302, 401)
    kernel = client.post("/api/kernels", json={"name": "python3"}).json()["id"]
    channel = client.socket(f"/api/kernels/{kernel}/channels")
    assert run_cell(channel, "print(6 * 7)") == "42\n"
    channel.close()
    client.delete(f"/api/kernels/{kernel}")
    status = client.get("/jupyter-secure/api/status").json()
    row = next(row for row in status["protections"] if row["name"] == "connection")
    assert row["level"] == "ok"
    assert row["summary"].startswith("TLS 1.3")


def test_to_a_port(home: Home, sshd: Sshd) -> None:
    """A server on a loopback port is reached through the tunnel, also by another local port."""
    local = free_port()
    with running(home) as server:
        (told,) = ssh_command(home, "--port", str(sshd.port), "--local-port", str(local))
        assert told["running"]
        assert f"localhost:{local}:localhost:{server.port}" in told["command"]
        with sshd.tunnel(told["command"], local):
            log_in_and_work(home, told["url"], server.log_file)


def test_to_a_socket(home: Home, sshd: Sshd) -> None:
    """A server on a UNIX socket speaks TLS there, and the same login works through the tunnel."""
    local, sock = free_port(), home.path / "a b" / "jupyter.sock"
    sock.parent.mkdir(mode=0o700)
    with running_on_socket(home, sock) as log:
        (told,) = ssh_command(home, "--port", str(sshd.port), "--local-port", str(local))
        with sshd.tunnel(told["command"], local):
            log_in_and_work(home, told["url"], log)


def test_configured(home: Home) -> None:
    """While no server runs the line is that of the settings, and several servers get one each."""
    (told,) = ssh_command(home, "--user", "alice")
    assert not told["running"]
    assert told["command"].endswith("-L localhost:8888:localhost:8888 alice@localhost")
    with running(home), running(home):
        assert len(ssh_command(home)) == 2
