"""Files that are changed behind a live server's back: no way opens them, until someone accepts."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.live_server import Client, LiveServer, notebook

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture
def work(server: LiveServer) -> Path:
    return server.home.work


@pytest.fixture
def saved(client: Client, work: Path) -> Path:
    """A notebook that was saved twice; ``before`` holds the first version."""
    assert client.save("a.ipynb", notebook("canary-first")).ok
    assert client.post("/api/contents/a.ipynb/checkpoints").status_code == 201
    shutil.copy(work / "a.ipynb", work.parent / "before")
    assert client.save("a.ipynb", notebook("second")).ok
    return work / "a.ipynb"


WAYS = [
    ("GET", "/api/contents/a.ipynb"),
    ("GET", "/api/contents/a.ipynb?type=file&format=text"),
    ("GET", "/api/contents/a.ipynb?hash=1"),
    ("GET", "/files/a.ipynb"),
    ("GET", "/files/a.ipynb?download=1"),
    ("GET", "/nbconvert/html/a.ipynb"),
    ("POST", "/api/contents/a.ipynb/checkpoints"),
]


@pytest.mark.parametrize(("method", "path"), WAYS)
def test_no_way_opens_it(
    server: LiveServer, client: Client, saved: Path, method: str, path: str
) -> None:
    """An older version is refused on every route, in words, and the log says so."""
    shutil.copy(saved.parent.parent / "before", saved)
    answer = client.request(method, path)
    assert answer.status_code == 409
    assert "is not the version that was saved last" in answer.text
    assert "canary-first" not in answer.text
    assert "is not the version that was saved last" in server.log


@pytest.mark.parametrize(("method", "path"), WAYS)
def test_no_way_follows_a_link_in_its_place(
    client: Client, saved: Path, work: Path, method: str, path: str
) -> None:
    """Nor is another file opened by a link that took the place of the one that was saved."""
    shutil.copy(saved.parent.parent / "before", work / "elsewhere.ipynb")
    saved.unlink()
    saved.symlink_to("elsewhere.ipynb")
    try:
        answer = client.request(method, path)
        assert answer.status_code == 409
        assert "canary-first" not in answer.text
        findings = client.get(f"{API}/catalogue/a.ipynb").json()["findings"]
        assert ("a.ipynb", "rolled-back") in [(one["path"], one["finding"]) for one in findings]
    finally:
        saved.unlink()
        (work / "elsewhere.ipynb").unlink()


def test_no_copy_of_its_folder_opens_it(client: Client, work: Path) -> None:
    """A folder with a file that is not as it was left is not copied."""
    client.put("/api/contents/held", json={"type": "directory"})
    for text in ("canary-first", "second"):
        assert client.save("held/x.ipynb", notebook(text)).ok
        shutil.copy(work / "held/x.ipynb", work.parent / text)
    shutil.copy(work.parent / "canary-first", work / "held/x.ipynb")
    answer = client.post("/api/contents", json={"copy_from": "held"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "rolled-back")
    assert not (work / "held-Copy1").exists()
    assert client.request("DELETE", "/api/contents/held").status_code == 204


def test_review_and_accept(client: Client, saved: Path) -> None:
    """The panel counts it, lists it, and one action for the whole tree accepts it."""
    shutil.copy(saved.parent.parent / "before", saved)
    client.post(f"{API}/catalogue", json={"action": "accept"})
    shutil.copy(saved.parent.parent / "before", saved)
    assert client.save("a.ipynb", notebook("third")).ok
    shutil.copy(saved.parent.parent / "before", saved)
    findings = client.get(f"{API}/catalogue").json()["findings"]
    assert [(one["path"], one["finding"]) for one in findings] == [("a.ipynb", "rolled-back")]
    assert findings[0]["can_restore"] is True
    answer = client.post(f"{API}/catalogue", json={"action": "accept"})
    assert answer.json() == {"accepted": 1, "failures": []}
    status = client.get(f"{API}/status").json()
    assert status["catalogue"] == {"findings": 0, "checked": "whole"}
    assert "canary-first" in client.get("/api/contents/a.ipynb").text


def test_restore(client: Client, saved: Path, work: Path) -> None:
    """The last version that was saved by hand can be put back over what was planted."""
    assert client.save("b.ipynb", notebook("other")).ok
    shutil.copy(work / "b.ipynb", saved)
    status = client.get(f"{API}/status").json()
    assert client.get("/api/contents/a.ipynb").status_code == 409
    answer = client.post(f"{API}/catalogue/a.ipynb", json={"action": "restore"})
    assert answer.json() == {"restored": 1}
    assert "canary-first" in client.get("/api/contents/a.ipynb").text
    assert status["configured"]


def test_the_status_names_it(client: Client, saved: Path) -> None:
    """While something is not as it was left the place is not called protected."""
    saved.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    client.post(f"{API}/catalogue/b.ipynb", json={"action": "accept"})  # looks anew from then on
    status = client.get(f"{API}/status").json()
    assert status["level"] == "bad"
    assert status["sentence"] == "1 file is not as it was left"
    assert status["catalogue"]["findings"] == 1
    assert client.get("/api/contents/a.ipynb").status_code == 409


def test_moving_a_folder(client: Client, work: Path) -> None:
    """What the server moves, copies and deletes itself is never in question."""
    client.request("PUT", "/api/contents/f", json={"type": "directory"})
    assert client.save("f/x.ipynb", notebook("x")).ok
    assert client.request("PATCH", "/api/contents/f", json={"path": "g"}).status_code == 200
    assert client.get("/api/contents/g/x.ipynb").status_code == 200
    assert client.request("POST", "/api/contents", json={"copy_from": "g"}).status_code == 201
    assert client.get("/api/contents/g-Copy1/x.ipynb").status_code == 200
    assert client.request("DELETE", "/api/contents/g/x.ipynb").status_code == 204
    (work / "g").mkdir(exist_ok=True)
    (work / "g" / "x.ipynb").write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    assert client.get("/api/contents/g/x.ipynb").status_code == 200


def test_an_altered_catalogue(server: LiveServer, client: Client, saved: Path) -> None:
    """Rows taken out of the database are noticed, and nothing opens until someone accepts that."""
    with closing(sqlite3.connect(server.home.state / "state.db")) as connection:
        connection.execute("DELETE FROM catalogue WHERE path = ?", (bytes(saved),))
        connection.commit()
    client.post(f"{API}/catalogue/a.ipynb", json={"action": "restore"})  # look anew from then on
    status = client.get(f"{API}/status").json()
    assert status["catalogue"]["checked"] == "altered"
    assert status["level"] == "bad"
    refused = client.get("/api/contents/a.ipynb")
    assert (refused.status_code, refused.json()["reason"]) == (409, "unchecked")
    refused = client.post(f"{API}/catalogue", json={"action": "accept"})
    assert (refused.status_code, refused.json()["reason"]) == (423, "elevation-required")
    assert client.elevate().ok
    assert client.post(f"{API}/catalogue", json={"action": "accept"}).ok
    assert client.get("/api/contents/a.ipynb").ok
    assert client.get(f"{API}/status").json()["catalogue"]["checked"] == "whole"
