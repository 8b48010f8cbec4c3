"""Ways of a Hub's to start a server in which our gate could not hold: it refuses, in words."""

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
from support.live_server import refusal as refused

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
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:servers!server=alice/"]',
        "JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/alice/oauth_callback",
        "JUPYTERHUB_SERVER_NAME": "",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/alice/",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}/user/alice/",
        "JUPYTERHUB_USER": "alice",
    }


def refusal(home: Home, hub: str, more: dict[str, str], *arguments: str) -> str:
    """Return what a server says that must not start; fails if it opens its port."""
    port = free_port()
    variables = home.variables | hubs_variables(hub, port) | more
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "support.serve",
            "jupyterhub.singleuser",
            "--allow-root",
            *arguments,
        ],
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
    assert "a token of nobody's" not in said
    return said


@pytest.mark.parametrize(
    "more",
    [
        {"JUPYTERHUB_SINGLEUSER_EXTENSION": "0"},
        {"JUPYTERHUB_DISABLE_USER_CONFIG": "1"},
        {"JUPYTERHUB_SINGLEUSER_LOAD_OTHER_EXTENSIONS": "0"},
    ],
)
def test_ways_around(home: Home, hub: str, more: dict[str, str]) -> None:
    """Where the Hub's own login would be in the place of ours, the server does not start."""
    said = refusal(home, hub, more)
    assert "JupyterHub started this server" in said
    assert "SINGLEUSER_EXTENSION=0" in said


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        (
            "--ServerApp.identity_provider_class="
            "jupyterhub.singleuser.extension.JupyterHubIdentityProvider",
            "JupyterHub started this server",
        ),
        (
            "--ServerApp.identity_provider_class=jupyter_secure.TwoFactorIdentityProvider",
            "JupyterHub started this server",
        ),
        ("--ServerApp.trust_xheaders=True", "trust_xheaders"),
        ("--ServerApp.ip=0.0.0.0", "plain HTTP"),
        ("--ServerApp.allow_origin=*", "allow_origin"),
        (
            "--ServerApp.contents_manager_class=jupyter_server.services.contents.largefilemanager"
            ".AsyncLargeFileManager",
            "contents manager",
        ),
    ],
)
def test_settings(home: Home, hub: str, argument: str, named: str) -> None:
    """What the Hub's administrator writes on the command line is held to the same policy."""
    listed = "--SecureConfig.trusted_proxies=127.0.0.1"
    assert named in refusal(home, hub, {}, listed, argument)


def test_no_proxy_listed(home: Home, hub: str) -> None:
    """Until somebody says that the Hub's proxy speaks TLS, the server does not start."""
    said = refusal(home, hub, {})
    assert "plain HTTP" in said
    assert "trusted_proxies" in said


def test_nobody_may_come_in(home: Home, hub: str) -> None:
    """A Hub that does not say whom it lets in lets in nobody."""
    listed = "--SecureConfig.trusted_proxies=127.0.0.1"
    said = refusal(home, hub, {"JUPYTERHUB_OAUTH_ACCESS_SCOPES": ""}, listed)
    assert "did not say whom" in said


def test_door_without_a_hub(home: Home) -> None:
    """The provider for the Hub's servers does not start a server by itself."""
    name = "jupyter_secure.server.hub_identity_provider.HubTwoFactorIdentityProvider"
    said = refused(home, f"--ServerApp.identity_provider_class={name}")
    assert "No Hub has started this one" in said


def test_not_set_up(hub: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where jupyter-secure is only installed, the Hub's server starts as it always did."""
    folder, port = tmp_path_factory.mktemp("other"), free_port()
    variables = bare_variables(folder) | hubs_variables(hub, port)
    log_file = folder / "log"
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "support.serve", "jupyterhub.singleuser", "--allow-root"],
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
    assert "says who may come in" in " ".join(done.stdout.split())
