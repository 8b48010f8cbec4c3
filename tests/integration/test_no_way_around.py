"""Routes that bytes could take past the contents manager, and what the others are told of them.

Saving, uploads, checkpoints, copies, the trash, planted files and error texts are shown in
``test_contents``, locks on every route in ``test_locks``, conversions in ``test_conversion``.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from support.home import set_up
from support.live_server import Client, LiveServer, notebook, running

pytestmark = pytest.mark.integration

CANARY = "canary-51dd07"

# As administrators write them; one is given the model, the other the path.
HOOKS = """
from pathlib import Path
from tornado.web import HTTPError

def before(model, path, **rest):
    if path.startswith("refused"):
        raise HTTPError(403, "not on Sundays")
    if path.startswith("stumbled"):
        raise ValueError
    if model["type"] == "notebook" and model.get("content"):
        model["content"]["metadata"]["stamped"] = "by a hook"

def after(os_path, model, contents_manager, **rest):
    if model["path"].startswith("late"):
        raise ValueError("too late")
    Path(os_path + ".seen").write_bytes(Path(os_path).read_bytes()[:5])

c.FileContentsManager.pre_save_hook = before
c.FileContentsManager.post_save_hook = after
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = set_up(tmp_path_factory.mktemp("home"))
    (home.path / "config" / "jupyter_server_config.py").write_text(HOOKS)
    with running(home) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture(autouse=True)
def _nothing_leaks(server: LiveServer) -> Iterator[None]:
    """After every test here the canary is nowhere: not in a file, not in the log."""
    yield
    assert server.home.files_holding(CANARY.encode()) == []


def put(client: Client, path: str) -> None:
    assert client.save(path, notebook(f"'{CANARY}'")).status_code in (200, 201)


def test_hooks(server: LiveServer, client: Client) -> None:
    """A hook before the save changes what is saved; one after it finds a sealed file."""
    put(client, "hooked.ipynb")
    model = client.get("/api/contents/hooked.ipynb").json()
    assert model["content"]["metadata"]["stamped"] == "by a hook"
    assert Path(server.home.work, "hooked.ipynb.seen").read_bytes() == b"\x89JSEC"


@pytest.mark.parametrize("kind", ["notebook", "file"])
def test_hooks_that_fail(server: LiveServer, client: Client, kind: str) -> None:
    """One before the save may refuse it, and stops nothing by failing; after it, it is saved."""

    def save(name: str) -> tuple[int, str]:
        content = notebook(f"'{CANARY}'") if kind == "notebook" else CANARY
        model = {"type": kind, "format": "json" if kind == "notebook" else "text"}
        path = f"{name}-{kind}.ipynb"
        answer = client.put(f"/api/contents/{path}", json=model | {"content": content})
        assert Path(server.home.work, path).exists() == (name != "refused")
        return answer.status_code, answer.json().get("message") or ""

    assert save("refused") == (403, "not on Sundays")
    assert save("stumbled") == (201, "")
    assert save("late") == (500, "Unexpected error while running post hook save: too late")


@pytest.mark.parametrize("content", ["0", "1"])
def test_the_hash_is_that_of_the_content(client: Client, content: str) -> None:
    """What a client compares is the content that it would download, not the sealed file."""
    put(client, "hashed.ipynb")
    model = client.get(f"/api/contents/hashed.ipynb?hash=1&content={content}").json()
    data = client.get("/files/hashed.ipynb").content
    assert model["hash"] == hashlib.new(model["hash_algorithm"], data).hexdigest()


def test_no_trust_store(server: LiveServer, client: Client) -> None:
    """Whether a notebook is trusted is sealed with it; Jupyter's database of it stays empty."""
    put(client, "trusted.ipynb")
    assert client.post("/api/contents/trusted.ipynb/trust").status_code == 201
    assert client.get("/api/contents/trusted.ipynb").status_code == 200
    for path in server.home.path.rglob("nbsignatures.db"):
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM nbsignatures").fetchone() == (0,)


def test_a_download_is_described(client: Client) -> None:
    """HEAD and GET say the same: type, length, time and tag are those of the content."""
    put(client, "described.ipynb")
    head, got = client.head("/files/described.ipynb"), client.get("/files/described.ipynb")
    for name in ("Content-Type", "Content-Length", "Last-Modified", "Etag", "Accept-Ranges"):
        assert head.headers[name] == got.headers[name], name
    assert head.content == b""
    assert got.headers["Content-Length"] == str(len(got.content))
    changed = client.get("/api/contents/described.ipynb?content=0").json()["last_modified"]
    told = parsedate_to_datetime(got.headers["Last-Modified"])
    assert f"{told:%Y-%m-%dT%H:%M:%S}" == changed[:19]


def test_a_download_to_keep(client: Client) -> None:
    """Asked to, the browser is told to save the file, under its name and as what it is."""
    put(client, "keep.ipynb")
    answer = client.get("/files/keep.ipynb?download=1")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "keep.ipynb" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Type"].startswith("application/x-ipynb+json")


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"another"', "Range": "bytes=0-4"},
        {"Range": "bytes=0-4, 7-9"},  # several at once: tornado answers with all of it
        {"Range": "lines=0-4"},
    ],
)
def test_odd_requests_for_parts(client: Client, headers: dict[str, str]) -> None:
    """Whatever is asked for, what comes is the content or the named part of it."""
    put(client, "parts.ipynb")
    whole = client.get("/files/parts.ipynb").content
    answer = client.get("/files/parts.ipynb", headers=headers)
    assert answer.status_code in (200, 206)
    assert answer.content == (whole if answer.status_code == 200 else whole[:5])
