"""A server that JupyterHub starts: it says why it does not start, and opens no port meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.home import Home, bare_variables, set_up
from support.live_server import _listens, free_port

pytest.importorskip("jupyterhub")

pytestmark = pytest.mark.integration


class HubApi(BaseHTTPRequestHandler):
    """As much of a Hub as a server asks for at its start: its version."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), HubApi) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hub/api"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return set_up(tmp_path_factory.mktemp("home"))


def hubs_variables(hub: str, port: int) -> dict[str, str]:
    """What a Hub's spawner puts into the environment."""
    return {
        "JUPYTERHUB_API_TOKEN": "a token of nobody's",
        "JUPYTERHUB_API_URL": hub,
        "JUPYTERHUB_ACTIVITY_URL": f"{hub}/users/alice/activity",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-alice",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/alice/oauth_callback",
        "JUPYTERHUB_SERVER_NAME": "",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/alice/",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}/user/alice/",
        "JUPYTERHUB_USER": "alice",
    }


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"JUPYTERHUB_SINGLEUSER_EXTENSION": "0"},
        {"JUPYTERHUB_DISABLE_USER_CONFIG": "1"},
    ],
)
def test_refused(home: Home, hub: str, more: dict[str, str]) -> None:
    """However the Hub starts it, it refuses, names the Hub and says what to do."""
    port = free_port()
    variables = home.variables | hubs_variables(hub, port) | more
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"],
        env=variables,
        cwd=home.work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < until:
            assert not _listens(port)
            time.sleep(0.1)
        said, _ = process.communicate(timeout=1)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert "JupyterHub started this server" in said
    assert "outside the Hub" in said
    assert "a token of nobody's" not in said


def test_not_set_up(hub: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where jupyter-secure is only installed, the Hub's server starts as it always did."""
    folder, port = tmp_path_factory.mktemp("other"), free_port()
    variables = bare_variables(folder) | hubs_variables(hub, port)
    log_file = folder / "log"
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"],
            env=variables,
            cwd=folder / "work",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 60
        while not _listens(port):
            assert process.poll() is None, log_file.read_text()
            assert time.monotonic() < until, log_file.read_text()
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(30)


def test_status(home: Home, hub: str) -> None:
    """`status` in a terminal of the Hub's says what the Hub takes over."""
    done = subprocess.run(
        [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main(['status']))"],
        env=home.variables | hubs_variables(hub, 1),
        cwd=home.work,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "JupyterHub" in done.stdout
    assert "refuses to run" in " ".join(done.stdout.split())
