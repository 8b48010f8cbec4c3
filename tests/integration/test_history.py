"""Versions over HTTPS: listed, opened, compared, restored, undeleted; and withheld by locks."""

from __future__ import annotations

import base64
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from support.live_server import Client, LiveServer, notebook
from support.team import invite, join

pytestmark = pytest.mark.integration

CANARY = "canary-history-31"
PASSPHRASE = "violet harbour ninety ducks"
API = "/jupyter-secure/api"


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture(scope="module")
def editor(server: LiveServer, owner: Client) -> Client:
    """Somebody else, who may write as well."""
    assert owner.elevate().status_code == 200
    return join(server, invite(owner, "bob")).elevated(server)


def save(client: Client, path: str, *texts: str) -> None:
    for text in texts:
        answer = client.save(path, notebook(text))
        assert answer.status_code in (200, 201), f"{answer.text}\n{client.server.log[-3000:]}"


def versions(client: Client, path: str, query: str = "") -> list[dict[str, object]]:
    answer = client.get(f"{API}/history/{path}{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["versions"]


def restore(client: Client, path: str, version: int, seen: int | None = None) -> requests.Response:
    if seen is None:
        seen = client.get(f"{API}/history/{path}").json()["file_version"]
    body = {"action": "restore", "version": version, "file_version": seen}
    return client.post(f"{API}/history/{path}", json=body)


def held(client: Client, path: str) -> str:
    return json.dumps(client.get(f"/api/contents/{path}").json()["content"])


def deleted(client: Client, path: str) -> dict[str, str]:
    found = client.get(f"{API}/deleted?limit=1000").json()["deleted"]
    return next(one for one in found if one["path"] == path)


def undelete(client: Client, file_id: str, **body: str) -> requests.Response:
    return client.post(f"{API}/deleted/{file_id}", json={"action": "undelete", **body})


def test_each_save_is_a_version(owner: Client) -> None:
    """Each save is a version with who, when and how large; opening one gives what was saved."""
    save(owner, "saves.ipynb", f"{CANARY} one", f"{CANARY} two", f"{CANARY} two")
    second, first = versions(owner, "saves.ipynb")
    assert (first["number"], second["number"]) == (1, 2)
    assert (first["account"], first["kind"], first["path"]) == ("alice", "automatic", "saves.ipynb")
    model = owner.get(f"{API}/history/saves.ipynb?version=1").json()
    assert model["content"]["cells"][0]["source"] == notebook(f"{CANARY} one")["cells"][0]["source"]
    assert (model["writable"], model["version"]) == (False, first)


def test_only_ciphertext(owner: Client, server: LiveServer) -> None:
    """Nothing in the history's folder holds what was written."""
    save(owner, "cipher.ipynb", CANARY)
    folder = server.home.state / "history.git"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert CANARY.encode() not in path.read_bytes()


def test_pages(owner: Client) -> None:
    """A long list comes in pages."""
    save(owner, "pages.ipynb", *(f"text {number}" for number in range(7)))
    answer = owner.get(f"{API}/history/pages.ipynb?limit=3").json()
    assert [one["number"] for one in answer["versions"]] == [7, 6, 5]
    assert answer["truncated"]
    answer = owner.get(f"{API}/history/pages.ipynb?before=5&limit=9").json()
    assert [one["number"] for one in answer["versions"]] == [4, 3, 2, 1]
    assert not answer["truncated"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?version=0", 400),
        ("?version=x", 400),
        ("?version=99", 404),
        ("?limit=-1", 400),
        ("?from=1&to=99", 404),
        ("?from=%C2%B2", 400),
        ("?version=99999999999", 400),
    ],
)
def test_wrong_question(owner: Client, query: str, status: int) -> None:
    """A question that makes no sense is answered with what is wrong with it."""
    save(owner, "wrong.ipynb", "one")
    answer = owner.get(f"{API}/history/wrong.ipynb{query}")
    assert answer.status_code == status
    assert answer.json()["reason"]


def test_restore(owner: Client) -> None:
    """Restoring puts the content back, as a version of its own; nothing is lost by it."""
    save(owner, "back.ipynb", "good", "bad")
    answer = restore(owner, "back.ipynb", 1)
    assert answer.json()["restored"]["number"] == 1
    assert "good" in held(owner, "back.ipynb")
    newest = versions(owner, "back.ipynb")[0]
    assert (newest["number"], newest["kind"], newest["restored"]) == (3, "restored", 1)


def test_saved_in_between(owner: Client) -> None:
    """What was saved since the list was looked at is not replaced."""
    save(owner, "between.ipynb", "one", "two")
    seen = owner.get(f"{API}/history/between.ipynb").json()["file_version"]
    save(owner, "between.ipynb", "newer")
    assert restore(owner, "between.ipynb", 1, seen).status_code == 409
    assert "newer" in held(owner, "between.ipynb")


@pytest.mark.parametrize(
    "body",
    [
        {"action": "restore"},
        {"action": "restore", "version": "1", "file_version": 1},
        {"action": "restore", "version": True, "file_version": 1},
        {"action": "burn"},
        [],
    ],
)
def test_wrong_restore(owner: Client, body: object) -> None:
    """A request to restore that does not say all of it changes nothing."""
    save(owner, "wrong-restore.ipynb", "one")
    answer = owner.post(f"{API}/history/wrong-restore.ipynb", json=body)
    assert answer.status_code == 400


def test_compare(owner: Client) -> None:
    """Two versions are compared as notebooks, and one with what the file holds now."""
    save(owner, "compare.ipynb", "print(1)", "print(2)")
    for to in ("2", "current"):
        answer = owner.get(f"{API}/history/compare.ipynb?from=1&to={to}").json()
        assert answer["diff"][0]["op"] == "patch"
        assert "print(1)" in json.dumps(answer["before"])
        assert "print(2)" in json.dumps(answer["after"])
    assert owner.get(f"{API}/history/compare.ipynb?from=1&to=1").json()["diff"] == []


@pytest.mark.parametrize("parts", [1, 3])
def test_uploaded(owner: Client, parts: int) -> None:
    """A notebook that comes in parts is a version, as one that comes whole is."""
    path = f"uploaded-{parts}.ipynb"
    for text in (f"{CANARY} one", f"{CANARY} two"):
        data = json.dumps(notebook(text)).encode()
        size = -(-len(data) // parts)
        for number in range(parts):
            piece = base64.b64encode(data[number * size : (number + 1) * size]).decode()
            chunk = -1 if number == parts - 1 else number + 1
            body = {"type": "file", "format": "base64", "content": piece, "chunk": chunk}
            if parts == 1:
                del body["chunk"]
            answer = owner.put(f"/api/contents/{path}", json=body)
            assert answer.status_code in (200, 201), answer.text
    second, first = versions(owner, path)
    assert (first["number"], second["number"], second["account"]) == (1, 2, "alice")
    restore(owner, path, 1)
    assert f"{CANARY} one" in held(owner, path)


def test_restore_what_is_locked(owner: Client, editor: Client) -> None:
    """Over a lock nothing is restored but by whom it lets, and what the file holds stays."""
    save(owner, "locked.ipynb", "one", "two")
    seen = owner.get(f"{API}/history/locked.ipynb").json()["file_version"]
    body = {"mode": "read-only"}
    assert owner.put(f"{API}/locks/locked.ipynb", json=body).status_code == 200
    for client in (editor, owner):
        answer = restore(client, "locked.ipynb", 1, seen)
        assert (answer.status_code, answer.json()["reason"]) == (423, "locked")
    assert "two" in held(editor, "locked.ipynb")
    assert [one["number"] for one in versions(owner, "locked.ipynb")] == [2, 1]


@pytest.mark.parametrize(
    "name",
    [
        "new\nline.ipynb",
        "é\u0301 ünï 日本 🎈.ipynb",
        "\u202egnp.ipynb",
        " leading and trailing .ipynb",
        "%41 & <b>?#.ipynb",
        "%2e%2e.ipynb",
        "-rf.ipynb",
        "x" * 230 + ".ipynb",
        "/".join(["d" * 200] * 16) + "/deep.ipynb",
    ],
    ids=["newline", "unicode", "turned", "spaces", "signs", "dots", "option", "long", "deep"],
)
def test_wild_names(owner: Client, server: LiveServer, name: str) -> None:
    """Whatever a notebook is called: listed, opened, compared, restored, deleted, brought back."""
    path = quote(name)
    (server.home.work / name).parent.mkdir(parents=True, exist_ok=True)
    save(owner, path, "one", "two")
    assert [(one["number"], one["path"]) for one in versions(owner, path)] == [(2, name), (1, name)]
    assert owner.get(f"{API}/history/{path}?version=1").json()["path"] == name
    assert owner.get(f"{API}/history/{path}?from=1&to=2").json()["diff"]
    assert restore(owner, path, 1).status_code == 200
    assert "one" in held(owner, path)
    assert owner.delete(f"/api/contents/{path}").status_code == 204
    gone = deleted(owner, name)
    assert undelete(owner, gone["file_id"]).json() == {"path": name}
    assert [one["number"] for one in versions(owner, path)] == [4, 3, 2, 1]


def test_renamed(owner: Client) -> None:
    """A file keeps its history under another name."""
    save(owner, "old-name.ipynb", "one")
    owner.patch("/api/contents/old-name.ipynb", json={"path": "new-name.ipynb"})
    save(owner, "new-name.ipynb", "two")
    found = versions(owner, "new-name.ipynb")
    assert [one["path"] for one in found] == ["new-name.ipynb", "old-name.ipynb"]


def test_copied(owner: Client) -> None:
    """A copy made here is a file of its own, and begins a history of its own."""
    save(owner, "original.ipynb", "one", "two")
    made = owner.post("/api/contents", json={"copy_from": "original.ipynb"}).json()["path"]
    assert [one["number"] for one in versions(owner, made)] == [1]


def test_copied_from_outside(owner: Client, server: LiveServer) -> None:
    """A copy that was made by the system is the same file in two places, with one history."""
    save(owner, "shared.ipynb", "one")
    shutil.copy(server.home.work / "shared.ipynb", server.home.work / "shared-copy.ipynb")
    assert owner.get("/api/contents/shared-copy.ipynb").status_code == 200
    save(owner, "shared-copy.ipynb", "two")
    assert [one["path"] for one in versions(owner, "shared.ipynb")] == [
        "shared-copy.ipynb",
        "shared.ipynb",
    ]


def test_checkpoints(owner: Client) -> None:
    """Versions kept by hand are listed with the checkpoint, none twice, and can be put back."""
    path = "kept.ipynb"
    for text in ("first", "second", "third"):
        save(owner, path, text)
        assert owner.post(f"/api/contents/{path}/checkpoints").status_code == 201
    save(owner, path, "not by hand")
    listed = owner.get(f"/api/contents/{path}/checkpoints").json()
    assert [one["id"] for one in listed] == ["version-1", "version-2", "checkpoint"]
    assert owner.post(f"/api/contents/{path}/checkpoints/version-1").status_code == 204
    assert "first" in held(owner, path)
    assert owner.post(f"/api/contents/{path}/checkpoints/checkpoint").status_code == 204
    assert "third" in held(owner, path)
    assert owner.delete(f"/api/contents/{path}/checkpoints/version-1").status_code == 403
    assert owner.post(f"/api/contents/{path}/checkpoints/version-99").status_code == 404
    for number in ("0", "-1", "x", "1/../2"):
        answer = owner.post(f"/api/contents/{path}/checkpoints/version-{number}")
        assert answer.status_code == 404


def test_undelete(owner: Client) -> None:
    """What was deleted comes back where it was, with its history."""
    save(owner, "gone.ipynb", "one", "two")
    owner.delete("/api/contents/gone.ipynb")
    gone = deleted(owner, "gone.ipynb")
    assert gone["locked"] is None
    assert undelete(owner, gone["file_id"]).json() == {"path": "gone.ipynb"}
    assert "two" in held(owner, "gone.ipynb")
    assert [one["number"] for one in versions(owner, "gone.ipynb")] == [3, 2, 1]
    assert undelete(owner, gone["file_id"]).status_code == 409


def test_undelete_elsewhere(owner: Client) -> None:
    """Where something else is by now, another place has to be named; folders are made."""
    save(owner, "taken.ipynb", "old")
    owner.delete("/api/contents/taken.ipynb")
    gone = deleted(owner, "taken.ipynb")["file_id"]
    save(owner, "taken.ipynb", "new")
    assert undelete(owner, gone).status_code == 409
    for bad, status in (
        ("../out.ipynb", 404),
        (".hidden/a.ipynb", 403),
        ("a/../../b.ipynb", 404),
    ):
        assert undelete(owner, gone, path=bad).status_code == status
    assert undelete(owner, gone, path="new/folder/taken.ipynb").status_code == 200
    assert "old" in held(owner, "new/folder/taken.ipynb")
    assert "new" in held(owner, "taken.ipynb")


def test_moved_is_not_deleted(owner: Client, server: LiveServer) -> None:
    """A file that was moved past us counts as there."""
    save(owner, "moved.ipynb", "one")
    (server.home.work / "elsewhere").mkdir()
    shutil.move(server.home.work / "moved.ipynb", server.home.work / "elsewhere/moved.ipynb")
    found = owner.get(f"{API}/deleted?limit=1000").json()["deleted"]
    assert "moved.ipynb" not in [one["path"] for one in found]


def test_private(owner: Client, editor: Client) -> None:
    """Old versions of a private notebook are withheld as it is, from others and without a code."""
    save(owner, "private.ipynb", f"{CANARY} one", f"{CANARY} two")
    assert owner.put(f"{API}/locks/private.ipynb", json={"mode": "private"}).status_code == 200
    for client, reason in ((owner, "elevation-required"), (editor, "locked")):
        for query in ("", "?version=1", "?from=1&to=2"):
            answer = client.get(f"{API}/history/private.ipynb{query}")
            assert answer.status_code == 423, query
            assert answer.json()["reason"] == reason
            assert CANARY not in answer.text
        assert restore(client, "private.ipynb", 1, 2).status_code == 423
        path = "/api/contents/private.ipynb/checkpoints/version-1"
        assert client.post(path).status_code == 423
    assert owner.elevate().status_code == 200
    assert len(versions(owner, "private.ipynb")) == 2


def test_private_and_deleted(owner: Client, editor: Client, server: LiveServer) -> None:
    """What was private when it was deleted comes back for its owner only, and private."""
    assert owner.elevate().status_code == 200
    save(owner, "secret.ipynb", CANARY)
    owner.put(f"{API}/locks/secret.ipynb", json={"mode": "private"})
    owner.elevate()
    file_id = (server.home.work / "secret.ipynb").read_bytes()[28:44]
    assert owner.delete("/api/contents/secret.ipynb").status_code == 204
    gone = deleted(editor, "secret.ipynb")
    assert gone["locked"] == "private"
    assert undelete(editor, gone["file_id"]).status_code == 423
    assert undelete(editor, gone["file_id"], path="mine.ipynb").status_code == 423
    assert undelete(owner, gone["file_id"]).status_code == 200
    assert editor.get("/api/contents/secret.ipynb").status_code == 423
    assert editor.get(f"{API}/history/secret.ipynb?version=1").status_code == 423
    assert CANARY in held(owner, "secret.ipynb")
    assert file_id.hex() == gone["file_id"]


def test_planted(owner: Client, editor: Client, server: LiveServer) -> None:
    """A file that was planted and says it is a deleted private one opens none of its versions."""
    owner.elevate()
    save(owner, "victim.ipynb", CANARY)
    owner.put(f"{API}/locks/victim.ipynb", json={"mode": "private"})
    owner.elevate()
    stolen = (server.home.work / "victim.ipynb").read_bytes()
    owner.delete("/api/contents/victim.ipynb")
    (server.home.work / "planted.ipynb").write_bytes(stolen)
    answer = editor.get(f"{API}/history/planted.ipynb?version=1")
    assert answer.status_code == 423
    forged = bytearray((server.home.work / "saves.ipynb").read_bytes())
    forged[28:44] = stolen[28:44]
    (server.home.work / "planted.ipynb").write_bytes(forged)
    answer = editor.get(f"{API}/history/planted.ipynb?version=1")
    assert answer.status_code in (422, 423)
    assert CANARY not in answer.text
    (server.home.work / "planted.ipynb").unlink()


def _key(server: LiveServer, path: str) -> bytes:
    file_id = (server.home.work / path).read_bytes()[28:44]
    return (server.home.state / "history.git" / "keys" / file_id.hex()).read_bytes()


def test_sealed_lock(owner: Client, editor: Client, server: LiveServer) -> None:
    """A sealed lock takes all earlier versions under its passphrase, and lets them go again."""
    path = "sealed.ipynb"
    save(owner, path, f"{CANARY} one", f"{CANARY} two")
    assert len(versions(owner, path)) == 2
    before = _key(server, path)
    body = {"mode": "sealed", "passphrase": PASSPHRASE}
    assert owner.put(f"{API}/locks/{path}", json=body).status_code == 200
    keys = server.home.state / "history.git" / "keys"
    assert all(before != one.read_bytes() for one in keys.iterdir())
    for client in (owner, editor):
        for query in ("", "?version=1", "?from=1"):
            answer = client.get(f"{API}/history/{path}{query}")
            assert (answer.status_code, answer.json()["reason"]) == (423, "passphrase-required")
    assert owner.post(f"{API}/locks/{path}", json={"passphrase": PASSPHRASE}).status_code == 204
    save(owner, path, f"{CANARY} three")
    assert [one["number"] for one in versions(owner, path)] == [3, 2, 1]
    assert editor.get(f"{API}/history/{path}").status_code == 423
    assert restore(owner, path, 1).status_code == 200
    assert owner.delete(f"{API}/locks/{path}").status_code == 204
    assert [one["number"] for one in versions(editor, path)] == [4, 3, 2, 1]


def test_sealed_and_deleted(owner: Client, editor: Client) -> None:
    """What was under a passphrase when it was deleted needs it to come back, and lies under it."""
    path = "sealed-gone.ipynb"
    save(owner, path, CANARY)
    body = {"mode": "sealed", "passphrase": PASSPHRASE}
    assert owner.put(f"{API}/locks/{path}", json=body).status_code == 200
    assert owner.delete(f"/api/contents/{path}").status_code == 204
    gone = deleted(owner, path)
    assert gone["locked"] == "sealed"
    assert undelete(editor, gone["file_id"]).json()["reason"] == "passphrase-required"
    assert undelete(editor, gone["file_id"], passphrase="wrong words here").status_code == 403
    assert undelete(owner, gone["file_id"], passphrase=PASSPHRASE).status_code == 200
    assert editor.get(f"/api/contents/{path}").status_code == 423
    assert CANARY in held(owner, path)


def test_plain_files(owner: Client) -> None:
    """Files that are not encrypted have no versions."""
    body = {"type": "file", "format": "text", "content": "a,b\n"}
    assert owner.put("/api/contents/plain.csv", json=body).status_code == 201
    assert versions(owner, "plain.csv") == []
    assert owner.get(f"{API}/history/plain.csv?version=1").status_code == 404


@pytest.mark.parametrize("path", [".secret.ipynb", "../x.ipynb", "missing.ipynb", "a%00b.ipynb"])
def test_not_shown(owner: Client, path: str) -> None:
    """What the contents API does not show has no history either."""
    assert owner.get(f"{API}/history/{path}").status_code in (400, 404)


def test_at_once(owner: Client) -> None:
    """Saves, listings and restores at once end in one line of versions."""
    save(owner, "busy.ipynb", "first")

    def work(number: int) -> int:
        if number % 3 == 2:
            return restore(owner, "busy.ipynb", 1).status_code
        if number % 3 == 1:
            return owner.get(f"{API}/history/busy.ipynb").status_code
        return owner.save("busy.ipynb", notebook(f"text {number}")).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(36))) <= {200, 409}
    numbers = [one["number"] for one in versions(owner, "busy.ipynb")]
    assert numbers == list(range(numbers[0], 0, -1))


def test_on_record(owner: Client, server: LiveServer) -> None:
    """Opening, comparing, restoring and undeleting leave their events."""
    save(owner, "recorded.ipynb", "one", "two")
    owner.get(f"{API}/history/recorded.ipynb?version=1")
    owner.get(f"{API}/history/recorded.ipynb?from=1")
    restore(owner, "recorded.ipynb", 1)
    owner.delete("/api/contents/recorded.ipynb")
    undelete(owner, deleted(owner, "recorded.ipynb")["file_id"])
    folder = server.home.state / "audit"
    lines = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for action in (
        "version:open",
        "file:compare",
        "version:list",
        "version:restore",
        "version:undelete",
    ):
        assert f'"{action}"'.encode() in lines, action


def test_repository_damaged(owner: Client, server: LiveServer) -> None:
    """A save whose version cannot be kept is a save; the panel says so, and a checkpoint fails."""
    folder: Path = server.home.state / "history.git"
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("no repository")
    try:
        save(owner, "unkept.ipynb", "one")
        assert "history.git" in _row(owner, "warn")
        answer = owner.post("/api/contents/unkept.ipynb/checkpoints")
        assert answer.status_code == 500
        assert "history.git" in answer.json()["message"]
        assert owner.get("/api/contents/unkept.ipynb/checkpoints").status_code == 200
    finally:
        folder.unlink()
        aside.rename(folder)
    save(owner, "unkept.ipynb", "two")
    _row(owner, "ok")


def _row(owner: Client, level: str) -> str:
    """Wait until the panel's row is of this level; return what it says."""
    deadline = time.monotonic() + 30
    while True:
        rows = owner.get(f"{API}/status").json()["protections"]
        row = next(one for one in rows if one["name"] == "history")
        if row["level"] == level:
            return str(row["sentence"])
        assert time.monotonic() < deadline, row
        time.sleep(0.1)
