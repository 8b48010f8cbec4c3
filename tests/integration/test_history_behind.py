"""What is saved by itself becomes a version behind the answer, and nobody who asks can tell."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator

import pytest
from support.home import Home, set_up
from support.live_server import Client, LiveServer, notebook, running

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return set_up(tmp_path_factory.mktemp("home"))


@pytest.fixture
def server(home: Home) -> Iterator[LiveServer]:
    with running(home) as server:
        yield server


def save(client: Client, *texts: str) -> None:
    for text in texts:
        assert client.save("a.ipynb", notebook(text)).status_code in (200, 201)


def numbers(client: Client) -> list[tuple[int, str]]:
    answer = client.get(f"{API}/history/a.ipynb")
    assert answer.status_code == 200, answer.text
    return [(one["number"], one["kind"]) for one in answer.json()["versions"]]


def test_asked_at_once(server: LiveServer) -> None:
    """Who asks for the versions right after a save finds that save among them."""
    owner = server.logged_in()
    for count in range(1, 11):
        save(owner, f"text {count}")
        assert numbers(owner)[0] == (count, "automatic")


def test_by_hand_at_once(server: LiveServer) -> None:
    """Saving by hand, a save and a checkpoint, is one version that is kept."""
    owner = server.logged_in()
    save(owner, "one", "two")
    assert owner.post("/api/contents/a.ipynb/checkpoints").status_code == 201
    assert numbers(owner) == [(2, "manual"), (1, "automatic")]


def test_logged_out_at_once(server: LiveServer) -> None:
    """With the last logout the vault closes, and what was saved just before is a version."""
    owner = server.logged_in()
    save(owner, "one", "two", "three")
    assert owner.get("/logout").status_code == 200
    assert numbers(server.logged_in()) == [(3, "automatic"), (2, "automatic"), (1, "automatic")]
    assert "No version was kept" not in server.log


def test_stopped_at_once(home: Home) -> None:
    """A server that is told to stop keeps first what was saved."""
    with running(home) as server:
        save(server.logged_in(), "one", "two", "three")
        server.stop()
        assert "No version was kept" not in server.log
    with running(home) as server:
        assert [number for number, _ in numbers(server.logged_in())] == [3, 2, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_once(home: Home) -> None:
    """A server that is killed loses no save, and its history goes on from what it has."""
    with running(home) as server:
        owner = server.logged_in()
        save(owner, "one")
        assert [number for number, _ in numbers(owner)] == [1]
        save(owner, "two", "three")
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(30)
    with running(home) as server:
        owner = server.logged_in()
        assert "three" in json.dumps(owner.get("/api/contents/a.ipynb").json()["content"])
        assert {1} <= {number for number, _ in numbers(owner)} <= {1, 2, 3}
        save(owner, "four")
        newest = numbers(owner)[0][0]
        model = owner.get(f"{API}/history/a.ipynb?version={newest}").json()
        assert "four" in json.dumps(model["content"])
