"""A whole server, killed while its clients write: what they were told is there, and sealed."""

from __future__ import annotations

import base64
import json
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests
from support.home import PASSWORD, Home, set_up
from support.live_server import Client, LiveServer, notebook, start

from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.envelope import MAGIC, FileClass
from jupyter_secure.vault.vault import Vault

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
]

CANARY = "canary-9d20b3"
KILLS = 7
SEED = 20264
# Of the text in a notebook, in bytes: a few chunks at most, and many.
_SIZES = (100, 20_000, 700_000)


def source_of(version: int) -> str:
    return f"{CANARY} {version} " + "z" * _SIZES[version % len(_SIZES)]


class Told:
    """What the clients of all servers were told, by file."""

    def __init__(self) -> None:
        self.written: dict[str, int] = {}
        self.begun: dict[str, int] = {}
        self.count = 0

    def check(self, name: str, version: int) -> None:
        """Check that what is found is what was told last, or what was being written."""
        told = self.written[name]
        assert version in {told, max(told, self.begun[name])}, f"{name} went back, or ahead"
        self.written[name] = version


class Visitor(threading.Thread):
    """A client that goes on until the server is gone."""

    def __init__(self, client: Client, told: Told, work: Callable[[Visitor, int], None]) -> None:
        super().__init__(daemon=True)
        self.client, self.told, self.work = client, told, work
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            for version in range(self.told.count, self.told.count + 100_000):
                self.work(self, version)
        except (requests.ConnectionError, requests.Timeout):
            pass  # the kill
        except requests.exceptions.ChunkedEncodingError:
            pass  # the kill, in the middle of an answer
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            self.failed = error

    def noted(self, name: str, version: int, work: Callable[[], requests.Response]) -> None:
        self.told.begun[name] = version
        answer = work()
        assert answer.status_code in (200, 201), answer.text
        self.told.written[name] = version


def save(visitor: Visitor, version: int) -> None:
    for name in ("one.ipynb", "two.ipynb"):
        content = notebook(source_of(version))
        visitor.noted(name, version, lambda: visitor.client.save(name, content))  # noqa: B023  # called at once


def keep(visitor: Visitor, version: int) -> None:
    content = notebook(source_of(version))
    visitor.noted("kept.ipynb", version, lambda: visitor.client.save("kept.ipynb", content))
    answer = visitor.client.post("/api/contents/kept.ipynb/checkpoints")
    assert answer.status_code == 201, answer.text


def upload(visitor: Visitor, version: int) -> None:
    data = json.dumps(notebook(source_of(version))).encode()
    step = len(data) // 4 + 1
    parts = [data[at : at + step] for at in range(0, len(data), step)]

    def send() -> requests.Response:
        for number, part in enumerate(parts, 1):
            answer = visitor.client.put(
                "/api/contents/sent.ipynb",
                json={
                    "type": "file",
                    "format": "base64",
                    "content": base64.b64encode(part).decode(),
                    "chunk": -1 if number == len(parts) else number,
                },
            )
            assert answer.status_code in (200, 201), answer.text
        return answer

    visitor.noted("sent.ipynb", version, send)


def rename(visitor: Visitor, version: int) -> None:
    work = visitor.client.server.home.work
    names = ["moved-0.ipynb", "moved-1.ipynb"]
    if (work / names[1]).exists():
        names.reverse()
    if not (work / names[0]).exists():
        assert visitor.client.save(names[0], notebook(source_of(0))).status_code == 201
    answer = visitor.client.patch(f"/api/contents/{names[0]}", json={"path": names[1]})
    assert answer.status_code == 200, answer.text
    address = f"/jupyter-secure/api/locks/{names[1]}"
    assert visitor.client.put(address, json={"mode": "read-only"}).status_code == 200
    assert visitor.client.delete(address).status_code == 204, version


WORKS = (save, keep, upload, rename)


def test_killed_while_clients_write(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Servers that are killed leave whole sealed files, and the next one clears up after them."""
    home = set_up(tmp_path_factory.mktemp("home"))
    keyring = load_keyring(home.state)
    vault = Vault(keyring)
    vault.unseal(keyring.open_with_password(home.username, PASSWORD))
    told, rng, left = Told(), random.Random(SEED), 0
    for turn in range(KILLS):
        server = start(home)
        try:
            wait_until_clear(home)
            left += serve_and_kill(server, told, rng.uniform(0.2, 1.0))
        finally:
            server.stop()
        check_home(home, vault, told)
        told.count = (turn + 1) * 100_000
    assert left, "no server was killed in the middle of a write"
    assert set(told.written) == {"one.ipynb", "two.ipynb", "kept.ipynb", "sent.ipynb"}
    server = start(home)
    try:
        wait_until_clear(home)
        client = server.logged_in()
        source = client.get("/api/contents/one.ipynb").json()["content"]["cells"][0]["source"]
        assert "".join(source) == source_of(told.written["one.ipynb"])
    finally:
        server.stop()


def serve_and_kill(server: LiveServer, told: Told, seconds: float) -> int:
    """Let clients write for a while; return how many temporary files the kill left."""
    client = server.logged_in()
    visitors = [Visitor(client_like(client), told, work) for work in WORKS]
    for visitor in visitors:
        visitor.start()
    time.sleep(seconds)
    server.process.kill()
    server.process.wait()
    for visitor in visitors:
        visitor.join(20)
        assert not visitor.is_alive()
        if visitor.failed:
            raise visitor.failed
    return len(temporary(server.home))


def client_like(client: Client) -> Client:
    """Return another connection of the same session: one is for one thread."""
    other = client.server.client()
    other.cookies.update(client.cookies)
    return other


def temporary(home: Home) -> list[Path]:
    return list(home.path.rglob(".~jsec-*"))


def wait_until_clear(home: Home) -> None:
    """Wait until a server that has just started has cleared up."""
    until = time.monotonic() + 5
    while left := temporary(home):
        assert time.monotonic() < until, f"{left} are still there"
        time.sleep(0.05)


def check_home(home: Home, vault: Vault, told: Told) -> None:
    assert home.files_holding(CANARY.encode()) == []
    for path in temporary(home):
        assert MAGIC.startswith(path.read_bytes()[: len(MAGIC)]), f"{path} is not sealed"
    for path in home.work.rglob("*.ipynb"):
        history = ".ipynb_checkpoints" in path.parts
        kind = FileClass.HISTORY if history else FileClass.CONTENT
        opened = vault.open_bytes(path.read_bytes(), expect=kind)
        (cell,) = json.loads(opened.data)["cells"]
        version = int("".join(cell["source"]).split()[1])
        assert "".join(cell["source"]) == source_of(version)
        if path.name in told.written or path.name in told.begun:
            told.written.setdefault(path.name, version)
            told.check(path.name, version)
    assert len(list(home.work.glob("moved-*.ipynb"))) <= 1
    with closing(sqlite3.connect(home.state / "state.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with suppress(StopIteration):
            path, mode = next(database.execute("SELECT path, mode FROM locks"))
            assert (path[:6], mode) == ("moved-", "read-only")
            database.execute("DELETE FROM locks")
            database.commit()
