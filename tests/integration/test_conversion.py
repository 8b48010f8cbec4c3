"""Converting notebooks: what is sealed goes in and comes out, and none of it stays anywhere."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.home import set_up
from support.live_server import Client, LiveServer, notebook, running

pytestmark = pytest.mark.integration

CANARY = "canary-7c9e11"
PICTURE = b"\x89PNG\r\n\x1a\n" + CANARY.encode() * 4
IN_BASE64 = base64.b64encode(PICTURE).decode()
MEMORY = Path("/dev/shm")

# A stand-in for LaTeX that says what it was given: its "pdf" is a list of it.
XELATEX = """\
import json, os, pathlib, sys, tempfile
text = pathlib.Path(sys.argv[1]).read_text()
if "please fail" in text:
    print("cannot set the type of", text)
    sys.exit(1)
places = os.environ["TEXINPUTS"].split(os.pathsep)
found = [place for place in places if place and pathlib.Path(place, "picture.png").exists()]
data = pathlib.Path(found[0], "picture.png").read_bytes().decode("latin-1") if found else ""
said = {"cwd": os.getcwd(), "temporary": tempfile.gettempdir(), "picture": data, "text": text}
pathlib.Path(sys.argv[1]).with_suffix(".pdf").write_text(json.dumps(said))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = set_up(tmp_path_factory.mktemp("home"))
    home.configure(
        HTMLExporter={"embed_images": True},
        SecureConfig={"encrypt": ["*.ipynb", "*.png"]},
    )
    programs = home.path / "bin"
    programs.mkdir()
    for name, text in (("xelatex", XELATEX), ("bibtex", "")):
        program = programs / name
        program.write_text(f"#!{sys.executable}\n{text}")
        program.chmod(0o755)
    home.variables["PATH"] = f"{programs}{os.pathsep}{home.variables['PATH']}"
    with running(home) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    client = server.logged_in()
    client.put("/api/contents/folder", json={"type": "directory"})
    for path in ("picture.png", "folder/a picture.png"):
        body = {"type": "file", "format": "base64", "content": IN_BASE64}
        assert client.put(f"/api/contents/{path}", json=body).status_code == 201
        assert (server.home.work / path).read_bytes().startswith(b"\x89JSEC")
    return client


@pytest.fixture(autouse=True)
def _nothing_stays(server: LiveServer) -> Iterator[None]:
    """After every test here the canary is in no file and no log, and the folders are gone."""
    yield
    assert server.home.files_holding(CANARY.encode()) == []
    assert left_in_memory(server) == []


def left_in_memory(server: LiveServer) -> list[Path]:
    return list(MEMORY.glob(f"jupyter-secure-{server.process.pid}-*"))


def text(source: str, **attachments: Any) -> dict[str, Any]:
    """Return a notebook with a text cell, and the canary in a code cell."""
    book = notebook(f"'{CANARY}'")
    cell = {"cell_type": "markdown", "id": "text", "metadata": {}, "source": source}
    if attachments:
        cell["attachments"] = {"it.png": {"image/png": attachments["data"]}}
    book["cells"].append(cell)
    return book


def latex(source: str) -> dict[str, Any]:
    """Return a notebook with a cell for LaTeX alone, which takes no pandoc."""
    book = notebook(f"'{CANARY}'")
    book["cells"].append({"cell_type": "raw", "id": "raw", "metadata": {}, "source": source})
    return book


def convert(client: Client, path: str, book: dict[str, Any], to: str = "html") -> str:
    assert client.save(path, book).status_code in (200, 201)
    answer = client.get(f"/nbconvert/{to}/{path}", params={"download": "true"})
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.text


@pytest.mark.parametrize(
    "source",
    [
        "![](picture.png)",
        "![a](folder/a%20picture.png)",
        "![a](<folder/a picture.png>)",
        '<img src="picture.png">',
        "![a][b]\n\n[b]: picture.png",
    ],
)
def test_a_sealed_picture_is_embedded(client: Client, source: str) -> None:
    """A picture that lies sealed beside the notebook comes out as it was before it was sealed."""
    html = convert(client, "picture.ipynb", text(source))
    assert CANARY in html
    assert f"base64,{IN_BASE64}" in html
    assert base64.b64encode(b"\x89JSEC").decode()[:6] not in html


def test_an_attachment(client: Client) -> None:
    """A picture that is part of the notebook comes along."""
    html = convert(client, "attached.ipynb", text("![](attachment:it.png)", data=IN_BASE64))
    assert f"base64,{IN_BASE64}" in html


def test_posted(client: Client) -> None:
    """A notebook that is sent is converted, and finds no files beside it."""
    book = text("![](picture.png)")
    answer = client.post("/nbconvert/html", json={"name": "sent.ipynb", "content": book})
    assert answer.status_code == 200, answer.text
    assert CANARY in answer.text
    assert IN_BASE64 not in answer.text


@pytest.mark.parametrize("body", [[], {}, {"content": 5}, {"content": {"cells": 3}}])
def test_posted_nonsense(server: LiveServer, client: Client, body: object) -> None:
    """What is no notebook is refused in words."""
    answer = client.post("/nbconvert/html", json=body)
    assert answer.status_code in (400, 500)
    assert "Traceback" not in answer.text
    assert "Traceback" not in server.log


def test_a_picture_that_is_locked(server: LiveServer, client: Client) -> None:
    """What a lock withholds does not come out by way of a conversion."""
    body = {"type": "file", "format": "base64", "content": IN_BASE64}
    client.put("/api/contents/private.png", json=body)
    lock = client.put("/jupyter-secure/api/locks/private.png", json={"mode": "private"})
    assert lock.status_code == 200
    server.home.forget_tries()
    other = server.logged_in()
    html = convert(other, "private.ipynb", text("![](private.png)"))
    assert 'src="private.png"' in html
    assert IN_BASE64 not in html


def test_a_picture_that_is_damaged(server: LiveServer, client: Client) -> None:
    """A picture that does not open is left out; it never comes out as garbage."""
    body = {"type": "file", "format": "base64", "content": IN_BASE64}
    client.put("/api/contents/broken.png", json=body)
    path = server.home.work / "broken.png"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    html = convert(client, "broken.ipynb", text("![](broken.png)"))
    assert 'src="broken.png"' in html
    assert "base64,iUpTRUM" not in html


@pytest.mark.parametrize(
    "link", ["../bin/xelatex", "/etc/hostname", "folder/../../bin/xelatex", "http://x/y.png", "out"]
)
def test_a_link_that_leads_out(server: LiveServer, client: Client, link: str) -> None:
    """Nothing outside of the served folder is read, by whatever link."""
    if link == "out":
        (server.home.work / "out").symlink_to(server.home.path / "bin" / "xelatex")
    html = convert(client, "out.ipynb", text(f"![]({link})"))
    assert base64.b64encode(XELATEX.encode()).decode()[-40:] not in html
    assert f'src="{link}"' in html


@pytest.mark.parametrize("to", ["markdown", "script", "slides", "notebook"])
def test_other_formats(client: Client, to: str) -> None:
    """The other formats come out too."""
    assert CANARY in convert(client, "other.ipynb", text("text"), to)


def test_several_files(client: Client) -> None:
    """A conversion that gives several files comes as an archive of them."""
    book = text("![](attachment:it.png)", data=IN_BASE64)
    data = {"image/png": IN_BASE64}
    book["cells"][0]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
    assert client.save("several.ipynb", book).status_code == 201
    answer = client.get("/nbconvert/markdown/several.ipynb")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "several.md" in archive.namelist()
        assert PICTURE in [archive.read(name) for name in archive.namelist()]


def test_latex_works_in_memory(server: LiveServer, client: Client) -> None:
    """LaTeX finds the opened picture, and works in a folder in memory that is gone afterwards."""
    said = json.loads(
        convert(client, "paper.ipynb", latex(r"\includegraphics{picture.png}"), "pdf")
    )
    assert said["picture"] == PICTURE.decode("latin-1")
    assert "includegraphics" in said["text"]
    for place in (said["cwd"], said["temporary"]):
        assert Path(place).is_relative_to(MEMORY)
        assert f"jupyter-secure-{server.process.pid}-" in place
        assert not Path(place).exists()


def test_what_latex_says_of_the_text_is_not_repeated(server: LiveServer, client: Client) -> None:
    """A failure is named; the log of the converter, which quotes the notebook, goes nowhere."""
    client.save("fails.ipynb", latex(f"please fail {CANARY}"))
    answer = client.get("/nbconvert/pdf/fails.ipynb")
    assert answer.status_code == 500
    assert "LatexFailed" in answer.text
    assert CANARY not in answer.text
    assert CANARY not in server.log


def test_no_such_format(server: LiveServer, client: Client) -> None:
    """A format that does not exist is not found, and the log says so."""
    client.save("format.ipynb", text("text"))
    answer = client.get("/nbconvert/nothing/format.ipynb")
    assert answer.status_code == 404
    assert "No exporter for format: nothing" in server.log


def test_without_a_place_in_memory(tmp_path: Path) -> None:
    """Where the configured place is not there, nothing is converted, and the setting is named."""
    home = set_up(tmp_path)
    home.configure(SecureConfig={"conversion_dir": str(tmp_path / "missing")})
    with running(home) as server:
        client = server.logged_in()
        client.save("a.ipynb", text("text"))
        answer = client.get("/nbconvert/html/a.ipynb")
        assert answer.status_code == 507
        assert "SecureConfig.conversion_dir" in answer.text
        (tmp_path / "missing").mkdir()
        assert client.get("/nbconvert/html/a.ipynb").status_code == 200
        assert list((tmp_path / "missing").iterdir()) == []


def test_a_killed_server_leaves_little(tmp_path: Path) -> None:
    """What a killed server left in memory goes when the next conversion begins."""
    home = set_up(tmp_path)
    with running(home) as server:
        client = server.logged_in()
        client.save("a.ipynb", text("text"))
        # Its process has ended: nothing is in use there.
        left = MEMORY / f"jupyter-secure-{_ended_process()}-abcdefgh"
        left.mkdir()
        (left / "plain").write_text("text")
        assert client.get("/nbconvert/html/a.ipynb").status_code == 200
        until = time.monotonic() + 5
        while left.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert not left.exists()


def _ended_process() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid
