"""Access tokens that want more than they were made for: above all to run code without the right."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
from support.live_server import Client, LiveServer, notebook
from support.tokens import Program, make_token

pytestmark = pytest.mark.integration

SECRET = "what lies elsewhere"


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    client = server.logged_in()
    for folder in ("reports", "other", "lab"):
        assert client.put(f"/api/contents/{folder}", json={"type": "directory"}).ok
    for path in ("reports/a.ipynb", "other/b.ipynb"):
        assert client.save(path, notebook("1", output=SECRET)).status_code == 201
    return client


@pytest.fixture(scope="module")
def writer(server: LiveServer, client: Client) -> Program:  # noqa: ARG001  # logged in: the vault is open
    """A program that may read and write everything, and run nothing."""
    return Program(server, make_token(server.home, "read", "write")["token"])


def put_text(program: Program, path: str, text: str) -> None:
    body = {"type": "file", "format": "text", "content": text}
    assert program.put(f"/api/contents/{path}", json=body).status_code == 201


def put_notebook(program: Program, path: str, nb: dict[str, Any]) -> None:
    body: Any = {"type": "notebook", "format": "json", "content": nb}
    assert program.put(f"/api/contents/{path}", json=body).ok


def test_a_template_is_a_program(server: LiveServer, client: Client, writer: Program) -> None:
    """A template that was put into the served folder runs for nobody who may not run code."""
    put_text(writer, "lab/conf.json", '{"base_template": "classic", "mimetypes": {"text/html": 1}}')
    place = server.home.path / "was-here"
    code = f"os.system('touch {place}')"
    put_text(writer, "lab/index.html.j2", "{{ cycler.__init__.__globals__." + code + " }}")
    answer = writer.get("/nbconvert/html/reports/a.ipynb")
    assert answer.status_code == 200
    assert SECRET in answer.text
    assert not place.exists()
    # What Jupyter does for who may: the attack itself is a working one.
    assert client.get("/nbconvert/html/reports/a.ipynb").status_code == 200
    assert place.exists()
    for name in ("conf.json", "index.html.j2"):
        assert client.delete(f"/api/contents/lab/{name}").status_code == 204


@pytest.mark.parametrize("exporter", ["pdf", "webpdf", "subprocess.Popen", "nbconvert.PDFExporter"])
def test_a_notebook_chooses_no_converter(client: Client, writer: Program, exporter: str) -> None:
    """What a notebook names as its converter is not used for who may not run code."""
    nb = notebook("the code itself")
    nb["metadata"]["language_info"]["nbconvert_exporter"] = exporter
    put_notebook(writer, "reports/chosen.ipynb", nb)
    answer = writer.get("/nbconvert/script/reports/chosen.ipynb")
    assert answer.status_code == 200
    assert "the code itself" in answer.text
    nb["metadata"]["language_info"]["nbconvert_exporter"] = "python"
    put_notebook(writer, "reports/chosen.ipynb", nb)
    assert "#!/usr/bin/env python" in writer.get("/nbconvert/script/reports/chosen.ipynb").text
    assert client.get("/nbconvert/script/reports/chosen.ipynb").status_code == 200


def test_what_it_writes_is_not_trusted(server: LiveServer, client: Client, writer: Program) -> None:
    """No script of a program's runs in a person's JupyterLab: only who may run code can trust."""
    nb = notebook("1")
    script = {"text/html": "<script>alert(1)</script>"}
    nb["cells"][0]["outputs"] = [
        {"output_type": "display_data", "data": script, "metadata": {}},
    ]
    nb["cells"][0]["metadata"] = {"trusted": True}

    def trusted(path: str) -> object:
        content = client.get(f"/api/contents/{path}").json()["content"]
        return content["cells"][0]["metadata"].get("trusted", False)

    put_notebook(writer, "reports/evil.ipynb", nb)
    assert trusted("reports/evil.ipynb") is False
    answer = writer.post("/api/contents/reports/evil.ipynb/trust")
    assert (answer.status_code, answer.json()["reason"]) == (403, "not-allowed")
    copied = writer.post("/api/contents/reports", json={"copy_from": "reports/evil.ipynb"}).json()
    assert trusted(copied["path"]) is False
    # Who may run code can.
    runner = Program(server, make_token(server.home, "read", "write", "execute")["token"])
    put_notebook(runner, "reports/mine.ipynb", nb)
    assert trusted("reports/mine.ipynb") is True
    assert client.post("/api/contents/reports/evil.ipynb/trust").ok
    assert trusted("reports/evil.ipynb") is True
    # And nothing of that stays when somebody else writes it.
    put_notebook(writer, "reports/mine.ipynb", nb)
    assert trusted("reports/mine.ipynb") is False


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    "path",
    [
        "/api/contents/reports/../other/b.ipynb",
        "/api/contents/reports/..%2fother%2fb.ipynb",
        "/api/contents/reports%2f..%2fother/b.ipynb",
        "/api/contents//other/b.ipynb",
        "/api//contents/other/b.ipynb",
        "//api/contents/other/b.ipynb",
        "/%61pi/contents/other/b.ipynb",
        "/api/contents/other/b.ipynb;x",
        "/api/contents/reports%00/../other/b.ipynb",
        "/api/contents/reports/..%5cother%5cb.ipynb",
        "/api/contents/%ef%bc%8e%ef%bc%8e/other/b.ipynb",
        "/files/reports/../other/b.ipynb",
        "/files/reports%2f..%2fother%2fb.ipynb",
        "/view/reports/..%2fother/b.ipynb",
        "/nbconvert/html/reports%2f..%2fother%2fb.ipynb",
        "/nbconvert/html//reports/../other/b.ipynb",
    ],
)
def test_spellings_of_another_folder(server: LiveServer, path: str) -> None:
    """However the way out of its folder is spelt, on the wire and unfolded, it leads nowhere."""
    token = make_token(server.home, "read", folder="reports")["token"]
    request = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    context = ssl.create_default_context(cafile=str(server.home.certificate))
    with (
        socket.create_connection(("localhost", server.port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in (b"403", b"404")
    assert SECRET.encode() not in answer


@pytest.mark.usefixtures("client")
def test_two_headers_and_addresses_that_it_makes_up(server: LiveServer) -> None:
    """Of two tokens in one request none counts, and no header gives a guesser another address."""
    good = make_token(server.home, "read")["token"]
    bad = f"jst_{'x' * 43}"
    for pair in (f"{good}, Bearer {bad}", f"{bad}, Bearer {good}", f"{good} {good}"):
        answer = Program(server, pair).get("/api/contents")
        assert (answer.status_code, answer.json()["reason"]) == (401, "wrong-token")
    guesser = Program(server, bad)
    made_up = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Client-Ip")
    statuses = [
        guesser.get("/api", headers=dict.fromkeys(made_up, f"for=10.0.0.{n}")).status_code
        for n in range(25)
    ]
    assert statuses[-1] == 429
    assert Program(server, good).get("/api/contents").status_code == 200
