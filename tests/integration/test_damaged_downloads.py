"""A damaged file is never taken for a whole one: what its download looks like over real TLS."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest
import requests
from support.live_server import Client, LiveServer

pytestmark = pytest.mark.integration

DATA = b"".join(hashlib.sha512(b"%d" % number).digest() for number in range(1 << 17))  # 8 MiB
HALF = len(DATA) // 2
SEALED_CHUNK = 16400

Damage = Callable[[Callable[[bytes], bytes]], str]


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture
def damaged(server: LiveServer, client: Client, request: pytest.FixtureRequest) -> Damage:
    """Upload ``DATA``, change what lies sealed on the disk, and return the address."""

    def change(edit: Callable[[bytes], bytes]) -> str:
        name = f"{abs(hash(request.node.name)):x}.ipynb"
        for number, at in ((1, 0), (-1, HALF)):
            content = base64.b64encode(DATA[at : at + HALF]).decode()
            model = {"type": "file", "format": "base64", "content": content, "chunk": number}
            answer = client.put(f"/api/contents/{name}", json=model)
            assert answer.status_code in (200, 201), answer.text
        path = server.home.work / name
        # In place, as a failing disk does it: the name leads to the same file as before.
        blob = edit(path.read_bytes())
        with path.open("r+b") as file:
            file.write(blob)
            file.truncate()
        return f"/files/{name}"

    return change


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda blob: blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]


def read(client: Client, path: str, **headers: str) -> tuple[requests.Response, bytes, bool]:
    """Return the answer to a GET, what came of its body, and whether it came to its end."""
    answer = client.get(path, headers=headers, stream=True)
    came = b""
    try:
        for part in answer.iter_content(65536):
            came += part
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return answer, came, False
    return answer, came, True


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("asked", ["", "bytes=0-9"])
@pytest.mark.parametrize("cut", [1, SEALED_CHUNK, 3 * SEALED_CHUNK + 16, 8_000_000])
def test_cut_short(
    server: LiveServer, client: Client, damaged: Damage, cut: int, asked: str, method: str
) -> None:
    """A file that was cut short is refused in words, before the first byte, wherever one reads."""
    path = damaged(lambda blob: blob[:-cut])
    answer = client.request(method, path, headers={"Range": asked} if asked else {})
    assert answer.status_code == 422
    assert "Content-Range" not in answer.headers
    if method == "GET":
        assert "cut short" in answer.text
    assert "Traceback" not in server.log


@pytest.mark.parametrize("asked", ["", "bytes=1000-"])
def test_damaged_in_the_middle(
    server: LiveServer, client: Client, damaged: Damage, asked: str
) -> None:
    """The client sees the connection end before what was promised, and no byte that is not ours."""
    path = damaged(flipped(4_000_000))
    answer, came, whole = read(client, path, **({"Range": asked} if asked else {}))
    start = 1000 if asked else 0
    assert answer.status_code == (206 if asked else 200)
    assert answer.headers["Content-Length"] == str(len(DATA) - start)
    assert not whole
    assert len(came) < 4_000_000
    assert DATA[start:].startswith(came)
    # Said once in the log, in words; and the server is none the worse.
    assert "was broken off" in server.log
    assert "is damaged" in server.log
    assert "Traceback" not in server.log
    assert client.get("/api/status").status_code == 200


def test_a_range_beside_the_damage(client: Client, damaged: Damage) -> None:
    """What is whole can still be had: before the damage, and behind it."""
    path = damaged(flipped(4_000_000))
    for start, end in ((0, 100_000), (4_200_000, 4_200_010), (len(DATA) - 5, len(DATA))):
        answer, came, whole = read(client, path, Range=f"bytes={start}-{end - 1}")
        assert (answer.status_code, whole) == (206, True)
        assert came == DATA[start:end]


def test_a_notebook_damaged_in_the_middle(client: Client, damaged: Damage) -> None:
    """What is opened, and not downloaded, is refused in words: there all is checked first."""
    path = damaged(flipped(4_000_000)).replace("/files/", "/api/contents/")
    answer = client.get(path)
    assert answer.status_code == 422
    assert "is damaged" in answer.json()["message"]
