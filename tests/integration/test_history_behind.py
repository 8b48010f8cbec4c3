"""What is saved by itself becomes a version behind the answer, and nobody who asks can tell."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
from support.home import Home, set_up
from support.live_server import Client, LiveServer, notebook, running

from jupyter_secure.store.history_tidying import WRITING_FILE

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
    assert owner.post("/logout").status_code == 302
    assert numbers(server.logged_in()) == [(3, "automatic"), (2, "automatic"), (1, "automatic")]
    assert "No version was kept" not in server.log


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's locks")
def test_logged_out_while_another_holds_the_history(home: Home) -> None:
    """The server answers others while the last to log out leaves a version that cannot be kept.

    The vault is sealed all the same, though whoever holds the history has not let go of it.
    """
    import fcntl

    with running(home) as server, (home.state / WRITING_FILE).open("w") as held:
        owner, stranger = server.logged_in(), server.client()
        save(owner, "one")
        fcntl.flock(held, fcntl.LOCK_EX)
        save(owner, "two")
        assert owner.post("/logout").status_code == 302
        assert owner.get("/api/contents/a.ipynb").status_code == 401
        assert stranger.log_in(password="wrong wrong wrong").status_code == 401
        told = ["session:end", "login:password", "vault:seal"]
        deadline = time.monotonic() + 30
        while "vault:seal" not in (found := actions(home)):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert [one for one in found if one in told][-3:] == told
        fcntl.flock(held, fcntl.LOCK_UN)


def actions(home: Home) -> list[str]:
    parts = sorted(home.state.glob("audit/record-*.jsonl"))
    lines = [line for part in parts for line in part.read_text().splitlines()]
    return [json.loads(line).get("metadata", {}).get("event_code", "") for line in lines]


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
