"""What a client sees through the contents API, and what lies on the disk."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.home import set_up
from support.live_server import Client, LiveServer, notebook, running

pytestmark = pytest.mark.integration

CANARY = "canary-6b1f0e"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(set_up(tmp_path_factory.mktemp("home"))) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


def leaks(server: LiveServer) -> list[Path]:
    return server.home.files_holding(CANARY.encode())


def test_saved(server: LiveServer, client: Client) -> None:
    """A notebook comes back as it was saved, and its text is nowhere on the disk."""
    assert client.save("saved.ipynb", notebook(f"'{CANARY}'")).status_code == 201
    model = client.get("/api/contents/saved.ipynb").json()
    assert model["content"]["cells"][0]["source"] == f"'{CANARY}'"
    assert (server.home.work / "saved.ipynb").read_bytes().startswith(b"\x89JSEC")
    assert leaks(server) == []


def test_uploaded_in_parts(server: LiveServer, client: Client) -> None:
    """An upload in parts is sealed from the first part."""
    text = (CANARY * 1000).encode()
    parts = [text[at : at + 5000] for at in range(0, len(text), 5000)]
    for number, part in enumerate(parts, 1):
        body = {
            "type": "file",
            "format": "base64",
            "content": base64.b64encode(part).decode(),
            "chunk": -1 if number == len(parts) else number,
        }
        assert client.put("/api/contents/big.ipynb", json=body).status_code in (200, 201)
        assert leaks(server) == []
    assert client.get("/files/big.ipynb").content == text
