"""What each role may do on a real server, at the next request after it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import websocket
from support.home import Home, set_up
from support.live_server import Client, LiveServer, notebook, running

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
THIRD_PARTY = "--ServerApp.jpserver_extensions=support.third_party=True"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = set_up(tmp_path_factory.mktemp("home"))
    with running(home, THIRD_PARTY, module="jupyterlab") as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    client = server.logged_in()
    assert client.save("a.ipynb", notebook("1")).status_code == 201
    started = client.post("/api/kernels", json={"name": "python3"})
    assert started.status_code == 201
    return client


@contextmanager
def acting_as(home: Home, role: str) -> Iterator[None]:
    """Give the only account another role for the block, as its row says it: the session stays."""
    with closing(sqlite3.connect(home.state / "state.db", timeout=10)) as database:
        try:
            with database:
                database.execute("UPDATE accounts SET role = ?", (role,))
            yield
        finally:
            with database:
                database.execute("UPDATE accounts SET role = 'owner'")


KERNEL = "KERNEL"
FILE = {"type": "file", "format": "text", "content": "x"}


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        # JupyterLab opens for everyone who is logged in.
        ("GET", "/lab", None, {"editor", "viewer", "auditor"}),
        ("GET", "/lab/api/settings", None, {"editor", "viewer", "auditor"}),
        ("GET", "/lab/api/translations", None, {"editor", "viewer", "auditor"}),
        ("GET", "/lab/api/workspaces/default", None, {"editor", "viewer", "auditor"}),
        ("GET", "/api/kernelspecs", None, {"editor", "viewer", "auditor"}),
        ("GET", "/api/kernels", None, {"editor", "viewer", "auditor"}),
        ("GET", "/api/terminals", None, {"editor", "viewer", "auditor"}),
        ("GET", "/api/me", None, {"editor", "viewer", "auditor"}),
        ("GET", f"{API}/status", None, {"editor", "viewer", "auditor"}),
        ("GET", f"{API}/sessions", None, {"editor", "viewer", "auditor"}),
        ("GET", f"{API}/tokens", None, {"editor", "viewer", "auditor"}),
        # Content.
        ("GET", "/api/contents/a.ipynb", None, {"editor", "viewer"}),
        ("GET", "/files/a.ipynb", None, {"editor", "viewer"}),
        ("GET", "/api/sessions", None, {"editor", "viewer"}),
        ("GET", f"{API}/locks", None, {"editor", "viewer"}),
        ("PUT", "/api/contents/x.txt", FILE, {"editor"}),
        ("POST", "/api/contents/a.ipynb/checkpoints", None, {"editor"}),
        ("PUT", f"{API}/locks/a.ipynb", {"mode": "read-only"}, {"editor"}),
        ("DELETE", f"{API}/locks/a.ipynb", None, {"editor"}),
        (
            "PUT",
            "/lab/api/workspaces/default",
            {"data": {}, "metadata": {"id": "default"}},
            {"editor"},
        ),
        # Code.
        ("POST", f"/api/kernels/{KERNEL}/interrupt", None, {"editor"}),
        ("POST", "/api/terminals", None, {"editor"}),
        # Others' extensions.
        ("GET", "/third/raw", None, {"editor"}),
        ("GET", "/lsp/status", None, {"editor"}),
        # The server.
        ("GET", f"{API}/users", None, set()),
        ("POST", f"{API}/migration", {"action": "seal", "path": "", "dry_run": True}, set()),
        ("POST", f"{API}/catalogue", {"action": "accept"}, set()),
        ("DELETE", f"{API}/sealed-folders/a", None, set()),
        ("POST", "/api/shutdown", None, set()),
        ("POST", "/lab/api/extensions", {"cmd": "install"}, set()),
    ],
)
def test_roles(
    server: LiveServer, client: Client, method: str, path: str, body: object, allowed: set[str]
) -> None:
    """Owner apart, who is not allowed gets 403 and a sentence, whoever's route it is."""
    kernel = client.get("/api/kernels").json()[0]["id"]
    for role in ("editor", "viewer", "auditor"):
        with acting_as(server.home, role):
            answer = client.request(method, path.replace(KERNEL, kernel), json=body)
        if role in allowed:
            assert answer.status_code in (200, 201, 204), (role, answer.text)
        else:
            assert (answer.status_code, answer.json()["reason"]) == (403, "not-allowed"), role
            assert answer.json()["message"].endswith(".")


@pytest.mark.parametrize("role", ["viewer", "auditor"])
def test_no_code_by_websocket(server: LiveServer, client: Client, role: str) -> None:
    """A kernel's and a terminal's websocket stay closed to who may not run code."""
    kernel = client.get("/api/kernels").json()[0]["id"]
    terminal = client.post("/api/terminals").json()["name"]
    with acting_as(server.home, role):
        for path in (f"/api/kernels/{kernel}/channels", f"/terminals/websocket/{terminal}"):
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                client.socket(path)
    assert client.delete(f"/api/terminals/{terminal}").status_code == 204


def test_installing_needs_a_second_factor(server: LiveServer) -> None:
    """Even an owner installs extensions and switches plugins only after confirming a factor."""
    client = server.logged_in()
    for path in ("/lab/api/extensions", "/lab/api/plugins", "/lab/api/build"):
        answer = client.post(path, json={"cmd": "none"})
        assert (answer.status_code, answer.json()["reason"]) == (423, "elevation-required")
    assert client.elevate().ok
    assert client.post("/lab/api/plugins", json={"cmd": "none"}).status_code != 423
