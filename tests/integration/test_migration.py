"""Sealing and opening whole folders through a live server, and marked folders."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.home import set_up
from support.live_server import Client, LiveServer, notebook, running, start

from jupyter_secure.vault.envelope import FileClass, Header, is_sealed

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
LONG_AGO = 1_000_000_000  # seconds since the epoch


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture
def work(server: LiveServer, request: pytest.FixtureRequest) -> Path:
    """A folder of its own for each test; its name is its API path."""
    folder = server.home.work / request.node.name.split("[")[0]
    folder.mkdir(exist_ok=True)
    return folder


def put(folder: Path, name: str, data: bytes) -> Path:
    """Write a plain file of long ago."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def plain(source: str) -> bytes:
    return json.dumps(notebook(source)).encode()


def begin(client: Client, action: str, path: str, *, dry_run: bool = False) -> dict[str, Any]:
    body = {"action": action, "path": path, "dry_run": dry_run}
    answer = client.post(f"{API}/migration", json=body)
    assert answer.status_code == 202, answer.text
    model: dict[str, Any] = answer.json()
    return model


def ended(client: Client) -> dict[str, Any]:
    """Wait until it has ended; return what it says then."""
    for _ in range(600):
        model: dict[str, Any] = client.get(f"{API}/migration").json()
        if not model["running"]:
            return model
        time.sleep(0.05)
    raise AssertionError("it does not end")


def source_of(client: Client, path: str) -> str:
    answer = client.get(f"/api/contents/{path}")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["content"]["cells"][0]["source"])


def test_there_and_back(client: Client, work: Path) -> None:
    """A folder is counted, sealed and, after a code, opened again, and can be read throughout."""
    names = ["a.ipynb", "sub/b.ipynb", ".ipynb_checkpoints/a-checkpoint.ipynb"]
    paths = [put(work, name, plain(name)) for name in names]
    put(work, "data.csv", b"1,2")
    counted = begin(client, "seal", work.name, dry_run=True)
    assert counted["dry_run"] is True
    counted = ended(client)
    assert (counted["files_total"], counted["files_done"], counted["failures"]) == (3, 0, [])
    assert not any(is_sealed(path.read_bytes()) for path in paths)
    begin(client, "seal", work.name)
    done = ended(client)
    assert (done["files_done"], done["files_total"], done["failed"]) == (3, 3, 0)
    assert done["bytes_done"] == done["bytes_total"]
    assert done["finished_at"] is not None
    assert all(is_sealed(path.read_bytes()) for path in paths)
    assert all(path.stat().st_mtime == LONG_AGO for path in paths)
    assert Header.parse(paths[2].read_bytes()).file_class is FileClass.HISTORY
    assert source_of(client, f"{work.name}/a.ipynb") == "a.ipynb"
    # The checkpoint is one of this file: it can be put back.
    restored = client.post(f"/api/contents/{work.name}/a.ipynb/checkpoints/checkpoint")
    assert restored.status_code == 204, restored.text
    assert source_of(client, f"{work.name}/a.ipynb") == names[2]
    refused = client.post(f"{API}/migration", json={"action": "open", "path": work.name})
    assert (refused.status_code, refused.json()["reason"]) == (423, "elevation-required")
    assert client.elevate().status_code == 200
    begin(client, "open", work.name)
    assert ended(client)["files_done"] == 3
    assert not any(is_sealed(path.read_bytes()) for path in paths)
    # What we opened on purpose is not taken for a file that somebody planted.
    assert source_of(client, f"{work.name}/a.ipynb") == names[2]
    assert client.get(f"{API}/catalogue/{work.name}").json()["findings"] == []


def test_trust_is_kept(client: Client, work: Path) -> None:
    """A notebook that Jupyter trusted in plain text is trusted after it was sealed as it lies."""
    output = {"output_type": "display_data", "data": {"text/html": "<b>x</b>"}, "metadata": {}}
    model = notebook("1")
    model["cells"][0]["outputs"] = [output]
    for name in ("trusted.ipynb", "other.ipynb"):
        model["metadata"]["name"] = name
        put(work, name, json.dumps(model).encode())
    sign = "from nbformat.sign import TrustNotebookApp as App; App.launch_instance()"
    subprocess.run(
        [sys.executable, "-c", sign, str(work / "trusted.ipynb")],
        env=client.server.home.variables,
        check=True,
    )

    def trusted(name: str) -> bool:
        content = client.get(f"/api/contents/{work.name}/{name}").json()["content"]
        return bool(content["cells"][0]["metadata"].get("trusted"))

    for _ in range(2):
        assert trusted("trusted.ipynb")
        assert not trusted("other.ipynb")
        begin(client, "seal", work.name)
        assert ended(client)["failed"] == 0


def test_locked_ones_stay(client: Client, work: Path) -> None:
    """What is locked is named, with what to do, by its path below the root."""
    for name in ("a", "b"):
        assert client.save(f"{work.name}/{name}.ipynb", notebook(name)).status_code == 201
    path = f"{work.name}/a.ipynb"
    assert client.put(f"{API}/locks/{path}", json={"mode": "read-only"}).status_code == 200
    assert client.elevate().status_code == 200
    begin(client, "open", work.name)
    done = ended(client)
    assert (done["files_done"], done["failed"]) == (2, 2)
    checkpoint = f"{work.name}/.ipynb_checkpoints/a-checkpoint.ipynb"
    assert {failure["path"] for failure in done["failures"]} == {path, checkpoint}
    for failure in done["failures"]:
        assert str(work) not in failure["message"]
        assert "Take the lock off" in failure["message"]
    assert is_sealed((work / "a.ipynb").read_bytes())
    assert client.delete(f"{API}/locks/{path}").status_code == 204


def test_a_planted_file_is_not_sealed_as_if_it_were_ours(client: Client, work: Path) -> None:
    """A plain file that lies where a sealed one was is reported, and stays to be looked at."""
    path = f"{work.name}/a.ipynb"
    assert client.save(path, notebook("mine")).status_code == 201
    put(work, "a.ipynb", plain("planted"))
    begin(client, "seal", work.name)
    done = ended(client)
    assert (done["files_done"], done["failed"]) == (0, 1)
    assert "plain file" in done["failures"][0]["message"]
    assert not is_sealed((work / "a.ipynb").read_bytes())


def test_one_at_a_time_and_stopped(client: Client, work: Path) -> None:
    """A second one is refused while one runs; stopped, it leaves whole files and goes on later."""
    for number in range(300):
        put(work, f"{number:03}.ipynb", plain(str(number)))
    begin(client, "seal", work.name)
    second = client.post(f"{API}/migration", json={"action": "seal", "path": work.name})
    assert (second.status_code, second.json()["reason"]) == (409, "conflict")
    assert client.delete(f"{API}/migration").status_code == 204
    done = ended(client)
    assert done["stopped"] is True
    assert done["files_done"] < 300
    assert list(work.glob(".~jsec-*")) == []
    sealed = [path for path in work.iterdir() if is_sealed(path.read_bytes())]
    assert len(sealed) == done["files_done"]
    begin(client, "seal", work.name)
    done = ended(client)
    assert done["files_done"] == 300 - len(sealed)
    assert done["skipped"] == len(sealed)


def test_saves_meanwhile_are_not_lost(client: Client, work: Path) -> None:
    """Whatever is saved while a folder is sealed and opened again and again is there afterwards."""
    names = [f"{number}.ipynb" for number in range(20)]
    for name in names:
        put(work, name, plain("before"))
    assert client.elevate().status_code == 200
    saved = dict.fromkeys(names, "before")
    for round_ in range(6):
        begin(client, ("seal", "open")[round_ % 2], work.name)
        for name in names[round_::3]:
            text = f"{name} in round {round_}"
            answer = client.save(f"{work.name}/{name}", notebook(text))
            assert answer.status_code == 200, answer.text
            saved[name] = text
        done = ended(client)
        for failure in done["failures"]:
            assert "changed by another program" in failure["message"]
    for name, text in saved.items():
        assert source_of(client, f"{work.name}/{name}") == text


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"action": "melt", "path": ""}, 400, "invalid-input"),
        ({"action": "seal"}, 400, "invalid-input"),
        ({"action": "seal", "path": "", "dry_run": "yes"}, 400, "invalid-input"),
        ({"action": "seal", "path": "missing"}, 404, "not-found"),
        ({"action": "seal", "path": ".hidden"}, 404, "not-found"),
        ({"action": "seal", "path": "../.."}, 404, None),
        ({"action": "seal", "path": "bad_requests/a.csv"}, 400, "invalid-input"),
        ([], 400, "invalid-input"),
    ],
)
def test_bad_requests(
    client: Client, work: Path, body: object, status: int, reason: str | None
) -> None:
    """What makes no sense, or does not lie below the root, is refused in words."""
    folder = work.with_name("bad_requests")
    put(folder, "a.csv", b"1")
    put(work.parent / ".hidden", "a.ipynb", b"{}")
    answer = client.post(f"{API}/migration", json=body)
    assert answer.status_code == status, answer.text
    if reason:
        assert answer.json()["reason"] == reason


def test_server_ends_meanwhile(server: LiveServer, work: Path) -> None:
    """A server that is ended in the middle ends at once; every file is whole, and none is lost."""
    other = start(server.home)
    try:
        client = other.logged_in()
        for number in range(400):
            put(work, f"{number:03}.ipynb", plain(str(number)))
        begin(client, "seal", work.name)
        while client.get(f"{API}/migration").json()["files_done"] < 10:
            time.sleep(0.01)
    finally:
        began = time.monotonic()
        other.stop()
    assert time.monotonic() - began < 15
    assert "Traceback" not in other.log
    sealed = [path for path in work.iterdir() if is_sealed(path.read_bytes())]
    assert 10 <= len(sealed) < 400
    assert list(work.glob(".~jsec-*")) == []
    assert len(list(work.iterdir())) == 400


def test_vault_is_sealed_meanwhile(tmp_path: Path) -> None:
    """When the last session ends the keys go: it stops, says so to the next one, loses nothing."""
    with running(set_up(tmp_path)) as server:
        client = server.logged_in()
        for number in range(400):
            put(server.home.work, f"{number:03}.ipynb", plain(str(number)))
        begin(client, "seal", "")
        while client.get(f"{API}/migration").json()["files_done"] < 10:
            time.sleep(0.01)
        assert client.post("/logout", data={"_xsrf": client.xsrf}).status_code == 302
        time.sleep(0.5)
        client = server.logged_in()
        done = ended(client)
        assert done["stopped"] is True
        assert 10 <= done["files_done"] < 400
        assert "The vault is sealed" in done["failures"][0]["message"]
        begin(client, "seal", "")
        # The files in hand may have been in place already, when what they are was to be noted.
        assert 0 <= 400 - done["files_done"] - ended(client)["files_done"] <= 2
        assert all(is_sealed(path.read_bytes()) for path in server.home.work.glob("*.ipynb"))


# ── marked folders ──────────────────────────────────────────────────────────────────────────────


def upload(client: Client, path: str, data: bytes) -> None:
    """Send a file in two parts."""
    half = len(data) // 2
    for part, piece in ((1, data[:half]), (-1, data[half:])):
        body = {
            "type": "file",
            "format": "base64",
            "chunk": part,
            "content": base64.b64encode(piece).decode(),
        }
        answer = client.put(f"/api/contents/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text


def save_text(client: Client, path: str, text: str) -> None:
    body = {"type": "file", "format": "text", "content": text}
    assert client.put(f"/api/contents/{path}", json=body).status_code in (200, 201)


def test_everything_in_a_marked_folder_is_sealed(client: Client, work: Path) -> None:
    """Saved, uploaded, copied, renamed, with its folder too: whatever comes in is sealed."""
    base = work.name
    for folder in ("in/deep", "out/sub"):
        (work / folder).mkdir(parents=True)
    put(work, "in/before.csv", b"before")
    put(work, "out/copied.csv", b"copied")
    put(work, "out/moved.csv", b"moved")
    put(work, "out/sub/inner.csv", b"inner")
    assert client.put(f"{API}/sealed-folders/{base}/in").status_code == 204
    assert f"{base}/in" in client.get(f"{API}/sealed-folders").json()["folders"]
    save_text(client, f"{base}/in/saved.csv", "saved")
    upload(client, f"{base}/in/deep/uploaded.bin", b"uploaded" * 1000)
    copied = client.post(f"/api/contents/{base}/in", json={"copy_from": f"{base}/out/copied.csv"})
    assert copied.status_code == 201
    for old, new in (("out/moved.csv", "in/moved.csv"), ("out/sub", "in/sub")):
        moved = client.patch(f"/api/contents/{base}/{old}", json={"path": f"{base}/{new}"})
        assert moved.status_code == 200, moved.text
    names = {"saved.csv", "deep/uploaded.bin", "copied.csv", "moved.csv", "sub/inner.csv"}
    for name in names:
        assert is_sealed((work / "in" / name).read_bytes()), name
    assert client.get(f"/files/{base}/in/sub/inner.csv").content == b"inner"
    assert not is_sealed((work / "in/before.csv").read_bytes())
    begin(client, "seal", f"{base}/in")
    assert ended(client)["files_done"] == 1
    assert is_sealed((work / "in/before.csv").read_bytes())
    protection = client.get(f"{API}/protection/{base}/in/before.csv").json()
    assert (protection["sealed"], protection["folder_sealed"]) == (True, True)
    save_text(client, f"{base}/out/plain.csv", "plain")
    protection = client.get(f"{API}/protection/{base}/out/plain.csv").json()
    assert (protection["sealed"], protection["folder_sealed"]) == (False, False)


def test_marks_go_with_their_folders(client: Client, work: Path) -> None:
    """A mark follows its folder, inner ones too, to a copy as well; and goes when it is deleted."""
    base = work.name
    (work / "outer/inner").mkdir(parents=True)

    def marked() -> list[str]:
        folders = client.get(f"{API}/sealed-folders").json()["folders"]
        return [one.removeprefix(f"{base}/") for one in folders if one.startswith(f"{base}/")]

    for folder in ("outer", "outer/inner"):
        assert client.put(f"{API}/sealed-folders/{base}/{folder}").status_code == 204
    moved = client.patch(f"/api/contents/{base}/outer", json={"path": f"{base}/other"})
    assert moved.status_code == 200
    assert marked() == ["other", "other/inner"]
    save_text(client, f"{base}/other/x.csv", "x")
    assert is_sealed((work / "other/x.csv").read_bytes())
    copied = client.post(f"/api/contents/{base}", json={"copy_from": f"{base}/other"})
    assert copied.status_code == 201, copied.text
    copy = copied.json()["name"]
    assert marked() == sorted(["other", "other/inner", copy, f"{copy}/inner"])
    save_text(client, f"{base}/{copy}/y.csv", "y")
    assert is_sealed((work / copy / "y.csv").read_bytes())
    assert client.delete(f"/api/contents/{base}/other").status_code == 204
    assert marked() == sorted([copy, f"{copy}/inner"])


def test_taking_a_mark_off(server: LiveServer, work: Path) -> None:
    """Taking a mark off takes a code, and is exact; what is sealed stays so."""
    client, base = server.logged_in(), work.name
    (work / "in/deep").mkdir(parents=True)
    url = f"{API}/sealed-folders/{base}/in"
    assert client.put(url).status_code == 204
    assert client.put(url).status_code == 204
    save_text(client, f"{base}/in/x.csv", "x")
    refused = client.delete(url)
    assert (refused.status_code, refused.json()["reason"]) == (423, "elevation-required")
    assert client.elevate().status_code == 200
    inner = client.delete(f"{url}/deep")
    assert (inner.status_code, inner.json()["reason"]) == (404, "not-found")
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404
    save_text(client, f"{base}/in/x.csv", "still sealed")
    save_text(client, f"{base}/in/y.csv", "plain")
    assert is_sealed((work / "in/x.csv").read_bytes())
    assert not is_sealed((work / "in/y.csv").read_bytes())


@pytest.mark.parametrize(
    ("path", "status"), [("missing", 404), (".hidden", 404), ("%2e%2e", 404), ("x.csv", 400)]
)
def test_what_cannot_be_marked(client: Client, work: Path, path: str, status: int) -> None:
    """Only a folder that is shown can be marked."""
    (work.parent / ".hidden").mkdir(exist_ok=True)
    put(work.parent, "x.csv", b"x")
    answer = client.put(f"{API}/sealed-folders/{path}")
    assert answer.status_code == status, answer.text


def test_the_whole_root(client: Client, work: Path) -> None:
    """The root itself can be marked; then everything counts, and is sealed."""
    assert client.put(f"{API}/sealed-folders/").status_code == 204
    try:
        save_text(client, f"{work.name}/x.txt", "x")
        assert is_sealed((work / "x.txt").read_bytes())
        put(work, "y.txt", b"y")
        status = client.get(f"{API}/status").json()
        assert status["vault"]["matching"] > status["vault"]["sealed"]
    finally:
        assert client.elevate().status_code == 200
        assert client.delete(f"{API}/sealed-folders/").status_code == 204


def test_a_plain_file_takes_the_name_of_a_sealed_one(client: Client, work: Path) -> None:
    """Where a sealed file was removed from outside, another one can be given its name."""
    assert client.save(f"{work.name}/a.ipynb", notebook("gone")).status_code == 201
    (work / "a.ipynb").unlink()
    put(work, "b.txt", plain("other"))
    moved = client.patch(f"/api/contents/{work.name}/b.txt", json={"path": f"{work.name}/a.ipynb"})
    assert moved.status_code == 200, moved.text
    assert is_sealed((work / "a.ipynb").read_bytes())
    assert source_of(client, f"{work.name}/a.ipynb") == "other"
