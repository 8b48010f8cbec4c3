"""Locks, on every route that reaches bytes."""

from __future__ import annotations

import json
import shutil
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import requests
from support.home import set_up
from support.live_server import Client, LiveServer, notebook, running
from support.reaching import CHANGES, READS, part

pytestmark = pytest.mark.integration

CANARY = "canary-locks-94"
API = "/jupyter-secure/api"


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    """The account's session that confirms a code."""
    return server.logged_in()


@pytest.fixture(scope="module")
def passer(server: LiveServer) -> Client:
    """Another session of the same account, as at a screen that was left alone."""
    return server.logged_in()


@pytest.fixture(scope="module")
def kept(server: LiveServer, owner: Client) -> Client:
    """Make a folder with a private and a read-only notebook, each with a checkpoint."""
    owner.put("/api/contents/dir", json={"type": "directory"})
    for name, mode in (("private", "private"), ("fixed", "read-only")):
        path = f"dir/{name}.ipynb"
        assert owner.save(path, notebook(CANARY)).status_code == 201
        assert owner.post(f"/api/contents/{path}/checkpoints").status_code == 201
        assert owner.put(f"{API}/locks/{path}", json={"mode": mode}).status_code == 200
    # Locking withholds it from whoever locked it as well.
    withheld(owner.get("/api/contents/dir/private.ipynb"), "elevation-required")
    assert owner.elevate().json() == {"elevated_seconds_left": 600}
    work = server.home.work
    shutil.copy(work / "dir/private.ipynb", work / "copy.ipynb")
    (work / "hard.ipynb").hardlink_to(work / "dir/private.ipynb")
    (work / "soft.ipynb").symlink_to("dir/private.ipynb")
    (work / "softdir").symlink_to("dir")
    shutil.copy(work / "dir/private.ipynb", work / "copy.txt")
    return owner


def lock_private(client: Client, path: str) -> None:
    """Lock it, and confirm a second factor again: locking ends what was confirmed before."""
    answer = client.put(f"{API}/locks/{path}", json={"mode": "private"})
    assert answer.status_code == 200, answer.text
    assert client.elevate().status_code == 200


def withheld(answer: requests.Response, reason: str) -> None:
    """Say that this is how a lock answers, and that nothing of the content is in it."""
    assert answer.status_code == 423, f"{answer.status_code} {answer.text[:300]}"
    assert CANARY not in answer.text
    if answer.headers["Content-Type"].startswith("application/json"):
        assert answer.json()["reason"] == reason
        assert "private" in answer.json()["message"] or "read-only" in answer.json()["message"]


FOLDER: dict[str, Callable[[Client, str], requests.Response]] = {
    "rename folder": lambda c, p: c.patch(f"/api/contents/{p}", json={"path": "moved"}),
    "delete folder": lambda c, p: c.delete(f"/api/contents/{p}"),
}
ALIASES = ["copy.ipynb", "hard.ipynb", "soft.ipynb", "softdir/private.ipynb", "copy.txt"]


@pytest.mark.parametrize("path", ["dir/private.ipynb", *ALIASES])
@pytest.mark.parametrize("route", READS)
def test_private_is_withheld_on_every_route(
    kept: Client, passer: Client, route: str, path: str
) -> None:
    """Without a fresh second factor no route gives the content, by no other name of it either."""
    del kept
    withheld(READS[route](passer, path), "elevation-required")


@pytest.mark.parametrize("path", ["dir/private.ipynb", "softdir/private.ipynb"])
@pytest.mark.parametrize("route", CHANGES)
def test_private_is_not_changed(
    server: LiveServer, kept: Client, passer: Client, route: str, path: str
) -> None:
    """Nor can it be changed, moved or deleted on any."""
    del kept
    before = (server.home.work / "dir/private.ipynb").read_bytes()
    withheld(CHANGES[route](passer, path), "elevation-required")
    assert (server.home.work / "dir/private.ipynb").read_bytes() == before


@pytest.mark.parametrize("route", ["save", "save as file", "upload", "restore"])
def test_private_is_not_changed_through_a_link(
    server: LiveServer, kept: Client, passer: Client, route: str
) -> None:
    """A symbolic link is no way to write to it."""
    del kept
    before = (server.home.work / "dir/private.ipynb").read_bytes()
    answer = CHANGES[route](passer, "soft.ipynb")
    assert answer.status_code in (404, 423)
    assert (server.home.work / "dir/private.ipynb").read_bytes() == before


@pytest.mark.parametrize("route", CHANGES)
def test_read_only_is_not_changed_by_anyone(
    server: LiveServer, kept: Client, passer: Client, route: str
) -> None:
    """A read-only notebook is read by all and changed by none, its owner included."""
    before = (server.home.work / "dir/fixed.ipynb").read_bytes()
    for client in (kept, passer):
        withheld(CHANGES[route](client, "dir/fixed.ipynb"), "locked")
    assert (server.home.work / "dir/fixed.ipynb").read_bytes() == before
    assert CANARY in passer.get("/api/contents/dir/fixed.ipynb").text
    assert passer.get("/api/contents/dir/fixed.ipynb").json()["writable"] is False


@pytest.mark.parametrize("route", FOLDER)
def test_the_folder_of_a_locked_notebook_stays(
    server: LiveServer, kept: Client, passer: Client, route: str
) -> None:
    """A folder cannot be moved or deleted from under the locks in it."""
    for client in (kept, passer):  # the read-only one binds its owner too
        assert FOLDER[route](client, "dir").status_code == 423
    assert (server.home.work / "dir/private.ipynb").exists()


@pytest.mark.parametrize(
    "path", ["dir/..", "dir/.", ".", "..", "a/..", "into/link/..", "into/link/%2e%2e", "dir%2f.."]
)
@pytest.mark.parametrize("method", ["DELETE", "PATCH", "GET"])
def test_dots_are_no_way_around_a_lock(
    server: LiveServer, kept: Client, method: str, path: str
) -> None:
    """A path with dots, which may mean another folder or the root itself, is no path."""
    work = server.home.work
    for folder in ("dir/sub", "into"):
        (work / folder).mkdir(exist_ok=True)
    if not (work / "into" / "link").is_symlink():
        (work / "into" / "link").symlink_to("../dir/sub")
    # Raw, as the library would resolve the dots before it sends them.
    context = ssl.create_default_context(cafile=str(server.home.certificate))
    with closing(HTTPSConnection("localhost", server.port, context=context)) as connection:
        headers = {"Cookie": kept.cookie_header, "X-XSRFToken": kept.xsrf}
        body = json.dumps({"path": "moved"}) if method == "PATCH" else None
        connection.request(method, f"/api/contents/{path}", body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
    assert answer.status == 404
    assert (work / "dir/fixed.ipynb").exists()


def test_a_copied_folder_stays_locked(kept: Client, passer: Client) -> None:
    """Copying the folder copies what is private as it is, private."""
    del kept
    copy = passer.post("/api/contents", json={"copy_from": "dir"}).json()["path"]
    withheld(passer.get(f"/api/contents/{copy}/private.ipynb"), "elevation-required")
    assert CANARY in passer.get(f"/api/contents/{copy}/fixed.ipynb").text


@pytest.mark.parametrize("mode", ["read-only", "private"])
@pytest.mark.parametrize("path", ["copy.ipynb", "copy.txt", "dir/private.ipynb", "soft.ipynb"])
def test_a_second_lock_does_not_open_the_first(
    server: LiveServer, kept: Client, passer: Client, path: str, mode: str
) -> None:
    """Locking a private notebook, or a copy of it, anew does not make it readable."""
    passer.put(f"{API}/locks/{path}", json={"mode": mode})
    withheld(passer.get(f"/api/contents/{path}?type=notebook"), "elevation-required")
    withheld(passer.get("/api/contents/dir/private.ipynb"), "elevation-required")
    passer.delete(f"{API}/locks/{path}")
    withheld(passer.get(f"/api/contents/{path}?type=notebook"), "elevation-required")
    if path.startswith("copy"):
        kept.delete(f"{API}/locks/{path}")
    del server


def test_a_private_lock_is_taken_off_by_its_elevated_owner_only(
    kept: Client, passer: Client
) -> None:
    """Unlocking what is private, or making it merely read-only, takes a second factor."""
    del kept
    withheld(passer.delete(f"{API}/locks/dir/private.ipynb"), "elevation-required")
    answer = passer.put(f"{API}/locks/dir/private.ipynb", json={"mode": "read-only"})
    withheld(answer, "elevation-required")
    assert passer.get(f"{API}/protection/dir/private.ipynb").json()["lock"]["mode"] == "private"


def test_its_owner_opens_it(kept: Client) -> None:
    """After a second factor the owner reads and changes it as before."""
    assert CANARY in kept.get("/api/contents/dir/private.ipynb").text
    assert CANARY in kept.get("/files/dir/private.ipynb").text
    assert kept.save("dir/private.ipynb", notebook(CANARY + "2")).status_code == 200
    assert kept.get("/api/contents/dir/private.ipynb").json()["writable"] is True


def test_a_listing_shows_the_name_and_no_more(kept: Client, passer: Client) -> None:
    """The folder is listed with the locked notebook, not writable, without its content."""
    del kept
    listing = passer.get("/api/contents/dir").json()["content"]
    entry = next(entry for entry in listing if entry["name"] == "private.ipynb")
    assert (entry["writable"], entry["content"]) == (False, None)


def test_a_lock_follows_a_rename(server: LiveServer, kept: Client, passer: Client) -> None:
    """A renamed notebook, or one in a renamed folder, is as locked as before."""
    kept.put("/api/contents/a", json={"type": "directory"})
    kept.save("a/n.ipynb", notebook(CANARY))
    lock_private(kept, "a/n.ipynb")
    for old, new, path in (("a/n.ipynb", "a/m.ipynb", "a/m.ipynb"), ("a", "b", "b/m.ipynb")):
        assert kept.patch(f"/api/contents/{old}", json={"path": new}).status_code == 200
        withheld(passer.get(f"/api/contents/{path}"), "elevation-required")
        assert passer.get(f"{API}/protection/{path}").json()["lock"]["path"] == path
    # Moved behind our back, the content still knows whose it is.
    (server.home.work / "b/m.ipynb").rename(server.home.work / "elsewhere.ipynb")
    withheld(passer.get("/api/contents/elsewhere.ipynb"), "elevation-required")


def test_nothing_is_moved_to_a_locked_name(kept: Client, passer: Client) -> None:
    """A lock whose file is gone still holds its name: nothing is put there, and nothing is lost."""
    kept.save("gone.ipynb", notebook("gone"))
    kept.put(f"{API}/locks/gone.ipynb", json={"mode": "read-only"})
    (kept.server.home.work / "gone.ipynb").unlink()
    kept.save("comes.ipynb", notebook("comes"))
    for client in (kept, passer):
        answer = client.patch("/api/contents/comes.ipynb", json={"path": "gone.ipynb"})
        assert answer.status_code in (409, 423)
        assert client.save("gone.ipynb", notebook("x")).status_code == 423
    assert "comes" in kept.get("/api/contents/comes.ipynb").text
    assert kept.delete(f"{API}/locks/gone.ipynb").status_code == 204


def test_deleting_a_locked_notebook_takes_its_lock(kept: Client) -> None:
    """The owner may delete what is private, after a second factor; the lock goes with it."""
    kept.save("doomed.ipynb", notebook("1"))
    lock_private(kept, "doomed.ipynb")
    assert kept.delete("/api/contents/doomed.ipynb").status_code == 204
    assert "doomed.ipynb" not in kept.get(f"{API}/locks").text


def test_a_plain_notebook_is_sealed_by_locking_it(server: LiveServer, kept: Client) -> None:
    """What is locked is sealed, whatever it is called, and its time of change stays."""
    path = server.home.work / "plain.csv"
    path.write_text(CANARY)
    before = path.stat().st_mtime_ns
    lock_private(kept, "plain.csv")
    assert path.read_bytes().startswith(b"\x89JSEC")
    assert path.stat().st_mtime_ns == before
    assert kept.get("/files/plain.csv").text == CANARY


def test_an_upload_stops_at_a_lock(server: LiveServer, kept: Client) -> None:
    """A lock that comes between two parts of an upload holds for the rest of it."""
    kept.save("up.ipynb", notebook("before"))
    assert kept.put("/api/contents/up.ipynb", json=part(1)).status_code == 200
    kept.put(f"{API}/locks/up.ipynb", json={"mode": "read-only"})
    withheld(kept.put("/api/contents/up.ipynb", json=part(-1)), "locked")
    assert "before" in kept.get("/api/contents/up.ipynb").text
    assert list(server.home.work.glob(".~jsec*")) == []


# ── elevation ───────────────────────────────────────────────────────────────────────────────────


def test_an_upload_does_not_unseal_what_was_locked_meanwhile(
    server: LiveServer, kept: Client
) -> None:
    """Parts that began to come in plain do not take the place of a file that a lock has sealed."""
    part = {"type": "file", "format": "text", "content": CANARY}
    assert kept.put("/api/contents/dir/table.csv", json={**part, "content": "1"}).ok
    assert kept.put("/api/contents/dir/table.csv", json={**part, "chunk": 1}).status_code == 200
    assert kept.put(f"{API}/locks/dir/table.csv", json={"mode": "private"}).status_code == 200
    assert kept.elevate().status_code == 200
    refused = kept.put("/api/contents/dir/table.csv", json={**part, "chunk": -1})
    assert refused.status_code == 409, refused.text
    assert (server.home.work / "dir/table.csv").read_bytes().startswith(b"\x89JSEC")
    assert server.home.files_holding(CANARY.encode()) == []


def test_elevation_ends_and_work_is_not_lost(tmp_path: Path) -> None:
    """After the minutes are over reading asks again; whoever had it open may still save."""
    home = set_up(tmp_path)
    home.configure(SecureConfig={"elevation_minutes": 0.05})
    with running(home) as server:
        client, other = server.logged_in(), server.logged_in()
        client.save("p.ipynb", notebook(CANARY))
        client.put(f"{API}/locks/p.ipynb", json={"mode": "private"})
        withheld(client.save("p.ipynb", notebook("1")), "elevation-required")
        withheld(client.get("/api/contents/p.ipynb"), "elevation-required")
        assert client.elevate().json()["elevated_seconds_left"] in (2, 3)
        assert CANARY in client.get("/api/contents/p.ipynb").text
        moved = client.patch("/api/contents/p.ipynb", json={"path": "q.ipynb"})
        assert moved.status_code == 200
        time.sleep(3.1)
        withheld(client.get("/api/contents/q.ipynb"), "elevation-required")
        withheld(client.get("/files/q.ipynb"), "elevation-required")
        assert client.save("q.ipynb", notebook("saved later")).status_code == 200
        withheld(client.patch("/api/contents/q.ipynb", json={"path": "r"}), "elevation-required")
        withheld(client.delete("/api/contents/q.ipynb"), "elevation-required")
        withheld(other.save("q.ipynb", notebook("not mine")), "elevation-required")
        # Locked anew, it is as closed as at the beginning.
        assert client.put(f"{API}/locks/q.ipynb", json={"mode": "private"}).status_code == 200
        withheld(client.save("q.ipynb", notebook("1")), "elevation-required")


def test_elevation_is_of_one_session(kept: Client, passer: Client) -> None:
    """One session's second factor does not open the door for another."""
    assert kept.get(f"{API}/status").json()["session"]["elevated_seconds_left"] > 0
    assert passer.get(f"{API}/status").json()["session"]["elevated_seconds_left"] == 0


def test_a_wrong_code_does_not_elevate(kept: Client, passer: Client) -> None:
    """A wrong or used code is refused, and counted like any other wrong try."""
    passer.server.home.forget_tries()
    used = kept.server.home.spare_code()
    assert kept.elevate(used).status_code == 200
    for code in (used, "000000", "", "abc", "１２３４５６"):
        answer = passer.post(f"{API}/elevate", json={"code": code})
        assert (answer.status_code, answer.json()["reason"]) == (403, "wrong-code")
    answer = passer.post(f"{API}/elevate", json={"code": kept.server.home.authenticator.code()})
    assert (answer.status_code, answer.json()["reason"]) == (429, "too-many-tries")
    assert int(answer.headers["Retry-After"]) > 0
    passer.server.home.forget_tries()
    withheld(passer.get("/api/contents/dir/private.ipynb"), "elevation-required")


def test_a_checkpoint_is_not_reached_by_another_name(kept: Client, passer: Client) -> None:
    """No made-up checkpoint id of an open notebook names the checkpoint of a locked one."""
    assert kept.save("dir/open-fixed.ipynb", notebook("1")).status_code in (200, 201)
    assert kept.post("/api/contents/dir/open-fixed.ipynb/checkpoints").status_code == 201
    lock = f"{API}/locks/dir/open-fixed.ipynb"
    assert kept.put(lock, json={"mode": "read-only"}).status_code == 200
    assert passer.save("dir/open.ipynb", notebook("2")).status_code in (200, 201)
    other = "/api/contents/dir/open.ipynb/checkpoints/fixed-checkpoint"
    assert [passer.request(method, other).status_code for method in ("POST", "DELETE")] == [404] * 2
    left = kept.get("/api/contents/dir/open-fixed.ipynb/checkpoints").json()
    assert [one["id"] for one in left] == ["checkpoint"]


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("PUT", f"{API}/locks/.keys/vault.json"),
        ("GET", f"{API}/protection/.keys/vault.json"),
        ("GET", "/api/contents/.keys/vault.json/checkpoints"),
        ("POST", "/api/contents/.keys/vault.json/checkpoints"),
        ("POST", "/api/contents/.keys/vault.json/checkpoints/checkpoint"),
        ("DELETE", "/api/contents/.keys/vault.json/checkpoints/checkpoint"),
    ],
)
def test_hidden_files_are_left_alone(
    server: LiveServer, kept: Client, method: str, route: str
) -> None:
    """What Jupyter does not show, as our own keys in a home folder, is not reached by locking."""
    folder = server.home.work / ".keys"
    (folder / ".ipynb_checkpoints").mkdir(parents=True, exist_ok=True)
    files = {"vault.json": b"now", ".ipynb_checkpoints/vault-checkpoint.json": b"before"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    answer = kept.request(method, route, json={"mode": "read-only"})
    assert answer.status_code == 404, answer.text
    assert {name: (folder / name).read_bytes() for name in files} == files
