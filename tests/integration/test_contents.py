"""What a client sees through the contents API, and what lies on the disk."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from support.live_server import Client, LiveServer, notebook

from jupyter_secure.errors import shown

pytestmark = pytest.mark.integration

CANARY = "canary-6b1f0e"
MAGIC = b"\x89JSEC"


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture(autouse=True)
def _nothing_leaks(server: LiveServer) -> Iterator[None]:
    """After every test here the canary is nowhere: not in a file, not in the log."""
    yield
    assert server.home.files_holding(CANARY.encode()) == []


def put(client: Client, path: str, source: str = CANARY) -> requests.Response:
    answer = client.save(path, notebook(f"'{source}'"))
    assert answer.status_code in (200, 201), answer.text
    return answer


def source_of(client: Client, path: str) -> str:
    model = client.get(f"/api/contents/{quote(path)}").json()
    return str(model["content"]["cells"][0]["source"]).strip("'")


def sealed(server: LiveServer, path: str) -> bool:
    return (server.home.work / path).read_bytes().startswith(MAGIC)


def upload(client: Client, path: str, data: bytes, *numbers: int) -> list[requests.Response]:
    """Send ``data`` in equal parts under the given numbers; return the answers."""
    size = -(-len(data) // len(numbers))
    return [
        client.put(
            f"/api/contents/{path}",
            json={
                "type": "file",
                "format": "base64",
                "content": base64.b64encode(data[at * size : (at + 1) * size]).decode(),
                "chunk": number,
            },
        )
        for at, number in enumerate(numbers)
    ]


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def test_saved(server: LiveServer, client: Client) -> None:
    """A notebook comes back as it was saved, and its text is nowhere on the disk."""
    put(client, "saved.ipynb")
    assert source_of(client, "saved.ipynb") == CANARY
    assert sealed(server, "saved.ipynb")


def test_the_size_is_that_of_the_content(client: Client) -> None:
    """The size in a listing is what a download will have."""
    put(client, "size.ipynb")
    size = client.get("/api/contents/size.ipynb", params={"content": 0}).json()["size"]
    assert size == len(client.get("/files/size.ipynb").content)


def test_new_and_untitled(server: LiveServer, client: Client) -> None:
    """A new notebook is sealed from the start."""
    name = client.post("/api/contents", json={"type": "notebook"}).json()["name"]
    assert sealed(server, name)


def test_copied(server: LiveServer, client: Client) -> None:
    """A copy is sealed, by itself: changing one leaves the other."""
    put(client, "copied.ipynb")
    copy = client.post("/api/contents", json={"copy_from": "copied.ipynb"}).json()["name"]
    assert source_of(client, copy) == CANARY
    assert sealed(server, copy)
    put(client, copy, "else")
    assert source_of(client, "copied.ipynb") == CANARY


@pytest.mark.parametrize("target", ["sealed.txt", "sealed"])
def test_a_copy_of_what_is_sealed_is_sealed(
    server: LiveServer, client: Client, target: str
) -> None:
    """What is sealed stays so in a copy, though no pattern asks for the name it has by now."""
    put(client, "once.ipynb")
    assert client.patch("/api/contents/once.ipynb", json={"path": target}).status_code == 200
    answer = client.post("/api/contents", json={"copy_from": target})
    assert answer.status_code == 201
    assert sealed(server, answer.json()["name"])
    assert client.delete(f"/api/contents/{target}").status_code == 204


def test_a_folder_is_copied_sealed(server: LiveServer, client: Client) -> None:
    """The notebooks in a copied folder are sealed as well."""
    client.put("/api/contents/folder", json={"type": "directory"})
    put(client, "folder/a.ipynb")
    copy = client.post("/api/contents", json={"copy_from": "folder"}).json()["path"]
    assert source_of(client, f"{copy}/a.ipynb") == CANARY
    assert sealed(server, f"{copy}/a.ipynb")


@pytest.mark.parametrize("into", ["whole", "whole/part", "whole/part/deep"])
def test_a_folder_is_not_copied_into_itself(server: LiveServer, client: Client, into: str) -> None:
    """A copy that would hold itself is refused, and nothing is left of the attempt."""
    (server.home.work / "whole/part/deep").mkdir(parents=True, exist_ok=True)
    before = sorted(server.home.work.rglob("*"))
    answer = client.post(f"/api/contents/{into}", json={"copy_from": "whole"})
    assert answer.status_code == 400, answer.text
    assert "into itself" in answer.json()["message"]
    assert sorted(server.home.work.rglob("*")) == before


def test_renamed(server: LiveServer, client: Client) -> None:
    """A renamed notebook opens under its new name and is still sealed, whatever the name."""
    put(client, "before.ipynb")
    for old, new in (("before.ipynb", "after.ipynb"), ("after.ipynb", "after.txt")):
        assert client.patch(f"/api/contents/{old}", json={"path": new}).status_code == 200
        assert sealed(server, new)
    assert CANARY in client.get("/api/contents/after.txt").json()["content"]


def test_what_gets_a_notebooks_name_is_sealed(server: LiveServer, client: Client) -> None:
    """A plain file that is renamed to what the patterns ask for is sealed by that."""
    body = {"type": "file", "format": "text", "content": json.dumps(notebook("plain"))}
    assert client.put("/api/contents/plain.json", json=body).status_code == 201
    assert not sealed(server, "plain.json")
    assert client.patch("/api/contents/plain.json", json={"path": "p.ipynb"}).status_code == 200
    assert sealed(server, "p.ipynb")
    assert source_of(client, "p.ipynb") == "plain"


def test_deleted_into_the_trash(server: LiveServer, client: Client) -> None:
    """What lies in the trash is sealed."""
    put(client, "trash.ipynb")
    assert client.delete("/api/contents/trash.ipynb").status_code == 204
    trashed = [path for path in server.home.path.rglob("trash*.ipynb") if path.is_file()]
    assert all(path.read_bytes().startswith(MAGIC) for path in trashed)


def test_checkpoints(server: LiveServer, client: Client) -> None:
    """A checkpoint is kept, put back and deleted, sealed all the while."""
    put(client, "point.ipynb")
    at = "/api/contents/point.ipynb/checkpoints"
    assert client.post(at).status_code == 201
    kept = server.home.work / ".ipynb_checkpoints" / "point-checkpoint.ipynb"
    assert kept.read_bytes().startswith(MAGIC)
    put(client, "point.ipynb", "later")
    assert client.post(f"{at}/checkpoint").status_code == 204
    assert source_of(client, "point.ipynb") == CANARY
    assert client.delete(f"{at}/checkpoint").status_code == 204
    assert client.get(at).json() == []


def test_a_checkpoint_of_a_plain_notebook_is_sealed(server: LiveServer, client: Client) -> None:
    """Also what was there before is written sealed when a checkpoint is made of it."""
    path = server.home.work / "old.ipynb"
    path.write_text(json.dumps(notebook(CANARY)))
    assert client.post("/api/contents/old.ipynb/checkpoints").status_code == 201
    kept = server.home.work / ".ipynb_checkpoints" / "old-checkpoint.ipynb"
    assert kept.read_bytes().startswith(MAGIC)
    put(client, "old.ipynb", "later")
    restored = client.post("/api/contents/old.ipynb/checkpoints/checkpoint")
    assert restored.status_code == 204
    assert source_of(client, "old.ipynb") == CANARY
    assert sealed(server, "old.ipynb")


def test_plain_until_the_next_save(server: LiveServer, client: Client) -> None:
    """A plain notebook that was there opens as it is, and its next save seals it."""
    path = server.home.work / "plain.ipynb"
    path.write_text(json.dumps(notebook("plain")))
    assert source_of(client, "plain.ipynb") == "plain"
    assert not sealed(server, "plain.ipynb")
    put(client, "plain.ipynb")
    assert sealed(server, "plain.ipynb")


def test_other_files_stay_plain(server: LiveServer, client: Client) -> None:
    """What no pattern names is written as it is."""
    body = {"type": "file", "format": "text", "content": "text"}
    assert client.put("/api/contents/a.txt", json=body).status_code == 201
    assert (server.home.work / "a.txt").read_text() == "text"


def test_trust(client: Client) -> None:
    """Trusting a notebook is remembered with it."""

    def trusted() -> bool:
        model = client.get("/api/contents/trust.ipynb").json()
        return bool(model["content"]["cells"][0]["metadata"].get("trusted"))

    page = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>"}}
    untrusted = notebook("1")
    untrusted["cells"][0]["outputs"] = [page]
    assert client.save("trust.ipynb", untrusted).status_code == 201
    assert not trusted()
    assert client.post("/api/contents/trust.ipynb/trust").status_code == 201
    assert trusted()


# ── uploads ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("GET", "?type=notebook"),
        ("GET", "?type=file"),
        ("GET", "?type=notebook&content=0&hash=1"),
        ("POST", "/checkpoints"),
        ("PUT", ""),
    ],
)
def test_a_pipe_is_not_waited_for(
    server: LiveServer, client: Client, method: str, rest: str
) -> None:
    """A pipe that has a notebook's name is refused at once, and the server goes on."""
    pipe = server.home.work / "pipe.ipynb"
    os.mkfifo(pipe)
    body = {"type": "notebook", "format": "json", "content": notebook("1")}
    sent = body if method == "PUT" else None
    try:
        answer = client.request(method, f"/api/contents/pipe.ipynb{rest}", json=sent, timeout=10)
        assert answer.status_code == 400
        assert client.get("/api/status", timeout=10).ok
        assert pipe.is_fifo()
    finally:
        pipe.unlink()


def test_a_notebook_by_another_name_is_a_file(client: Client) -> None:
    """What is saved as a notebook under a name that is none is told of as it will be listed."""
    saved = client.save("saved.txt", notebook("1")).json()
    listed = client.get("/api/contents/saved.txt", params={"content": "0"}).json()
    assert saved == listed
    assert (saved["type"], saved["mimetype"]) == ("file", "text/plain")


def test_a_folder_in_no_folder(client: Client) -> None:
    """What the system refuses is told in Jupyter's own words, not as an unhandled error."""
    answer = client.put("/api/contents/nowhere/new", json={"type": "directory"})
    assert answer.status_code == 500
    assert answer.json()["message"].startswith("Unexpected error while saving file: nowhere/new")


@pytest.mark.parametrize("body", [b"1", b'"x"', b"[]", b"NaN", b"{", b"\xff", b"[" * 100_000])
def test_a_save_that_is_none(server: LiveServer, client: Client, body: bytes) -> None:
    """What is no JSON object is refused in words, is not quoted, and changes nothing."""
    put(client, "none.ipynb", "before")
    before = Path(server.home.work, "none.ipynb").read_bytes()
    answer = client.put("/api/contents/none.ipynb", data=body)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["message"]
    assert "traceback" not in answer.json()
    assert Path(server.home.work, "none.ipynb").read_bytes() == before


def test_uploaded_in_parts(server: LiveServer, client: Client) -> None:
    """An upload in parts is sealed from the first part."""
    data = (CANARY * 1000).encode()
    for answer in upload(client, "big.ipynb", data, 1, 2, 3, -1):
        assert answer.status_code in (200, 201)
        assert server.home.files_holding(CANARY.encode()) == []
    assert client.get("/files/big.ipynb").content == data


@pytest.mark.parametrize("numbers", [(2,), (1, 3), (1, 3, -1), (1, 2, -2), (-1,), (0,), (1, 0)])
def test_parts_out_of_order_change_nothing(
    server: LiveServer, client: Client, numbers: tuple[int, ...]
) -> None:
    """A part that does not follow is refused, what was there stays, and nothing is left over."""
    put(client, "parts.ipynb", "before")
    *_, last = upload(client, "parts.ipynb", CANARY.encode() * 100, *numbers)
    assert last.status_code == 400
    assert "Upload the file again" in last.json()["message"]
    assert source_of(client, "parts.ipynb") == "before"
    assert list(server.home.work.glob(".~jsec*")) == []


def test_an_abandoned_upload_is_no_file(server: LiveServer, client: Client) -> None:
    """Until the last part has come there is no such file, and what came is sealed."""
    upload(client, "half.ipynb", CANARY.encode() * 10_000, 1, 2)
    assert client.get("/api/contents/half.ipynb").status_code == 404
    names = [entry["name"] for entry in client.get("/api/contents").json()["content"]]
    assert "half.ipynb" not in names
    assert not any(name.startswith(".~jsec") for name in names)
    # Beginning again throws the first attempt away.
    *_, last = upload(client, "half.ipynb", b"{}", 1, -1)
    assert last.status_code in (200, 201)
    assert list(server.home.work.glob(".~jsec*")) == []


@pytest.mark.parametrize(
    "model",
    [
        {"type": "file", "format": "text", "content": "x", "chunk": "one"},
        {"type": "file", "format": "text", "content": "x", "chunk": 1.5},
        {"type": "notebook", "format": "json", "content": {}, "chunk": 1},
        {"type": "file", "format": "rot13", "content": "x", "chunk": 1},
        {"type": "file", "format": "base64", "content": "é", "chunk": 1},
        {"type": "file", "format": "text", "content": None, "chunk": 1},
        {"type": "file", "format": "text", "content": 5},
        {"type": "file", "format": "text", "content": "\ud800"},
        {"type": "directory", "chunk": 1},
        {"type": "notebook", "content": "not a notebook"},
        {"type": "notebook", "content": {"nbformat": 99}},
    ],
)
def test_nonsense_is_refused_in_words(
    server: LiveServer, client: Client, model: dict[str, object]
) -> None:
    """A model that makes no sense is a bad request, and nothing is written."""
    answer = client.put("/api/contents/nonsense.ipynb", json=model)
    assert answer.status_code == 400, answer.text
    assert "Traceback" not in server.log
    assert not (server.home.work / "nonsense.ipynb").exists()


def test_an_invalid_notebook_is_kept_and_not_quoted(server: LiveServer, client: Client) -> None:
    """What breaks the notebook format is saved with a message that does not quote it."""
    broken = notebook("1")
    stream = {"output_type": "stream", "name": "stdout", "text": "1"}
    broken["cells"][0]["outputs"] = [{**stream, CANARY: CANARY}]
    broken["cells"][0]["wrong"] = CANARY
    answer = client.save("invalid.ipynb", broken)
    assert answer.status_code == 201
    assert "cells/0 breaks the format" in answer.json()["message"]
    assert CANARY not in answer.text
    again = client.get("/api/contents/invalid.ipynb").json()
    assert "breaks the format" in again["message"]
    assert CANARY not in again["message"]
    assert CANARY not in server.log


@pytest.mark.parametrize("text", [CANARY, f'{{"{CANARY}": ', f"[1, '{CANARY}']", '"\ufeff'])
def test_an_unreadable_notebook_is_not_quoted(
    server: LiveServer, client: Client, text: str
) -> None:
    """What cannot be parsed is named and not shown, in the answer or the log."""
    upload(client, "unreadable.ipynb", text.encode(), 1, -1)
    for path in (
        "/api/contents/unreadable.ipynb?type=notebook",
        "/nbconvert/html/unreadable.ipynb",
    ):
        answer = client.get(path)
        assert answer.status_code == 400
        assert "unreadable.ipynb" in answer.text
        assert CANARY not in answer.text
    assert CANARY not in server.log


# ── downloads ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def large(client: Client) -> bytes:
    """A sealed file of many chunks, under the name large.ipynb."""
    data = b"".join(b"%015d\n" % number for number in range(200_000))
    *_, last = upload(client, "large.ipynb", data, 1, 2, -1)
    assert last.status_code in (200, 201)
    return data


def test_downloaded(client: Client, large: bytes) -> None:
    """A download is the content, and HEAD describes it."""
    assert client.get("/files/large.ipynb").content == large
    head = client.head("/files/large.ipynb")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(large)))
    assert head.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("0-0", 0, 1),
        ("0-", 0, None),
        ("5-9", 5, 10),
        ("16383-16384", 16383, 16385),
        ("16384-", 16384, None),
        ("262143-262145", 262143, 262146),
        ("100000-3000000", 100_000, 3_000_001),
        ("3199999-", 3_199_999, None),
        ("-1", -1, None),
        ("-16385", -16385, None),
        ("3199990-9999999", 3_199_990, None),
    ],
)
def test_ranges(client: Client, large: bytes, asked: str, start: int, end: int | None) -> None:
    """A range of a sealed file is that range of its content."""
    answer = client.get("/files/large.ipynb", headers={"Range": f"bytes={asked}"})
    expected = large[start:end]
    assert answer.content == expected
    if len(expected) < len(large):
        assert answer.status_code == 206
        first = start % len(large)
        span = f"bytes {first}-{first + len(expected) - 1}/{len(large)}"
        assert answer.headers["Content-Range"] == span


@pytest.mark.parametrize("asked", ["3200000-", "9999999-", "5-2"])
def test_ranges_past_the_end(client: Client, large: bytes, asked: str) -> None:
    """A range that the content does not have is refused as one."""
    del large
    answer = client.get("/files/large.ipynb", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */3200000"


def test_parallel_downloads(client: Client, large: bytes) -> None:
    """Sixteen readers at once each get their own part, whole."""

    def read(number: int) -> bool:
        start = number * 200_000
        headers = {"Range": f"bytes={start}-{start + 199_999}", "Cookie": client.cookie_header}
        one = client.server.client()
        return one.get("/files/large.ipynb", headers=headers).content == large[start:][:200_000]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(read, range(16)))


def test_an_unchanged_download_is_not_sent_again(client: Client) -> None:
    """The tag of a download stands until the next save."""
    put(client, "tag.ipynb", "one")
    tag = client.get("/files/tag.ipynb").headers["Etag"]
    again = {"If-None-Match": tag}
    assert client.get("/files/tag.ipynb", headers=again).status_code == 304
    put(client, "tag.ipynb", "two")
    assert client.get("/files/tag.ipynb", headers=again).status_code == 200


def test_converted(client: Client) -> None:
    """A sealed notebook is converted from its content."""
    put(client, "convert.ipynb")
    answer = client.get("/nbconvert/html/convert.ipynb")
    assert answer.status_code == 200
    assert CANARY in answer.text


# ── names ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "ü – 数据 🔒.ipynb",
        "a%20b%2Fc.ipynb",
        "100%.ipynb",
        "new\nline.ipynb",
        "tab\tquote\"'.ipynb",
        "-rf.ipynb",
        "semi;colon&amp;.ipynb",
        "UPPER.IPYNB",
        "n" * 200 + ".ipynb",
        "space .ipynb",
        "back\\slash.ipynb",
        "#hash?.ipynb",
    ],
)
def test_odd_names(server: LiveServer, client: Client, name: str) -> None:
    """A notebook under an odd name is saved sealed, opened, locked, downloaded and deleted."""
    path = quote(name, safe="")
    put(client, path)
    assert sealed(server, name)
    assert CANARY in client.get(f"/api/contents/{path}?type=notebook").text
    assert CANARY in client.get(f"/files/{path}").text
    lock = client.put(f"/jupyter-secure/api/locks/{path}", json={"mode": "read-only"})
    assert (lock.status_code, lock.json()["path"]) == (200, name)
    refusal = client.save(path, notebook("2"))
    assert refusal.status_code == 423
    assert shown(name) in refusal.json()["message"]
    assert client.delete(f"/jupyter-secure/api/locks/{path}").status_code == 204
    assert client.delete(f"/api/contents/{path}").status_code == 204


@pytest.mark.parametrize("name", ["n" * 300 + ".ipynb", "no/such/folder.ipynb", "a\0b.ipynb"])
def test_impossible_names(server: LiveServer, client: Client, name: str) -> None:
    """A name that no file can have is refused in words."""
    answer = client.save(quote(name), notebook(CANARY))
    assert 400 <= answer.status_code < 500 or answer.status_code == 507, answer.text
    assert "Traceback" not in answer.text
    assert "Traceback" not in server.log


# ── links ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def outside(server: LiveServer) -> Path:
    """A folder beside the root with a notebook in it; links lead there from the root."""
    folder = server.home.path / "outside"
    folder.mkdir()
    (folder / "o.ipynb").write_text(json.dumps(notebook("outside")))
    (server.home.work / "out").symlink_to(folder)
    (server.home.work / "out.ipynb").symlink_to(folder / "o.ipynb")
    nested = server.home.work / "nested"
    nested.mkdir()
    (nested / "out.ipynb").symlink_to(folder / "o.ipynb")
    return folder


@pytest.mark.parametrize("path", ["out/o.ipynb", "out.ipynb", "nested/out.ipynb"])
def test_a_link_out_of_the_root_is_refused(client: Client, outside: Path, path: str) -> None:
    """What lies outside is neither read nor written nor locked, on any route."""
    before = (outside / "o.ipynb").read_bytes()
    answers = [
        client.get(f"/api/contents/{path}"),
        client.get(f"/files/{path}"),
        client.get(f"/nbconvert/html/{path}"),
        client.save(path, notebook("changed")),
        client.post("/api/contents", json={"copy_from": path}),
        client.put(f"/jupyter-secure/api/locks/{path}", json={"mode": "private"}),
        client.post(f"/api/contents/{path}/checkpoints"),
        *upload(client, path, b"changed", 1),
    ]
    assert {answer.status_code for answer in answers} <= {403, 404}
    assert all("outside" not in answer.text.replace("follow_outside", "") for answer in answers)
    assert (outside / "o.ipynb").read_bytes() == before


def test_a_copied_folder_takes_nothing_from_outside(
    server: LiveServer, client: Client, outside: Path
) -> None:
    """Copying a folder copies a link in it as a link, not what lies behind it."""
    del outside
    answer = client.post("/api/contents", json={"copy_from": "nested"})
    assert answer.status_code == 201
    copy = server.home.work / answer.json()["path"] / "out.ipynb"
    assert copy.is_symlink() or not copy.exists()


def test_a_listing_survives_a_link_out(client: Client, outside: Path) -> None:
    """A folder with such a link is still listed."""
    del outside
    assert client.get("/api/contents").status_code == 200
    assert client.get("/api/contents/nested").status_code == 200


def test_a_link_inside_is_another_name(server: LiveServer, client: Client) -> None:
    """Saving through a link inside the root changes the file behind it, and the link stays."""
    put(client, "real.ipynb", "one")
    (server.home.work / "link.ipynb").symlink_to("real.ipynb")
    put(client, "link.ipynb")
    assert (server.home.work / "link.ipynb").is_symlink()
    assert source_of(client, "real.ipynb") == CANARY


def test_a_file_is_not_renamed_over_its_own_target(server: LiveServer, client: Client) -> None:
    """Renaming a link to the name of the file it leads to is refused, and the file is there."""
    put(client, "target.ipynb", "kept")
    (server.home.work / "to-target.ipynb").symlink_to("target.ipynb")
    answer = client.patch("/api/contents/to-target.ipynb", json={"path": "target.ipynb"})
    assert answer.status_code == 409
    assert source_of(client, "target.ipynb") == "kept"


# ── damage ──────────────────────────────────────────────────────────────────────────────────────


def flipped(data: bytes) -> bytes:
    return data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:60], "damaged|cut short|incomplete|truncated"),
        (lambda data: data[:-1], "damaged|cut short|altered|incomplete"),
        (lambda data: data[:8], "damaged|cut short|incomplete|truncated"),
        (flipped, "damaged|altered"),
        (lambda data: data + b"\0", "damaged|altered|cut short"),
        (lambda data: data[:8] + b"\x02" + data[9:], "newer"),
        (lambda data: data[:12] + b"\xff" * 16 + data[28:], "vault"),
    ],
)
def test_damage_is_told_and_nothing_is_shown(
    server: LiveServer, client: Client, damage, says: str
) -> None:
    """A damaged file is named, with what is wrong; its neighbours and the listing are fine."""
    put(client, "damaged.ipynb")
    path = server.home.work / "damaged.ipynb"
    path.write_bytes(damage(path.read_bytes()))
    for url in (
        "/api/contents/damaged.ipynb",
        "/api/contents/damaged.ipynb?type=file&format=base64",
        "/nbconvert/html/damaged.ipynb",
    ):
        answer = client.get(url)
        assert answer.status_code == 422, url
        assert "damaged.ipynb" in answer.text
        assert re.search(says, answer.text), answer.text
    download = download_of(client, "/files/damaged.ipynb")
    assert CANARY not in download
    assert client.get("/api/contents").status_code == 200
    put(client, "damaged.ipynb", "mended")
    assert source_of(client, "damaged.ipynb") == "mended"


def download_of(client: Client, path: str) -> str:
    try:
        return client.get(path).text
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return ""  # the connection was ended in the middle, as it must be


def test_a_checkpoint_is_no_notebook(server: LiveServer, client: Client) -> None:
    """A checkpoint laid over the live file is told apart from it."""
    put(client, "swapped.ipynb")
    client.post("/api/contents/swapped.ipynb/checkpoints")
    kept = server.home.work / ".ipynb_checkpoints" / "swapped-checkpoint.ipynb"
    (server.home.work / "swapped.ipynb").write_bytes(kept.read_bytes())
    answer = client.get("/api/contents/swapped.ipynb")
    assert answer.status_code == 422
    assert "checkpoint" in answer.json()["message"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(server: LiveServer, client: Client) -> None:
    """Where nothing may be written, a save says so and changes nothing."""
    folder = server.home.work / "read-only"
    folder.mkdir()
    folder.chmod(0o555)
    answer = client.save("read-only/a.ipynb", notebook(CANARY))
    assert answer.status_code == 403
    assert "permissions" in answer.json()["message"]


def test_the_planted_intermediate_file_is_not_believed(server: LiveServer, client: Client) -> None:
    """A file that Jupyter would take for a half-finished save does not replace a notebook."""
    put(client, "planted.ipynb", "mine")
    (server.home.work / ".~planted.ipynb").write_text(json.dumps(notebook("planted")))
    path = server.home.work / "planted.ipynb"
    path.write_bytes(path.read_bytes()[:100])
    assert client.get("/api/contents/planted.ipynb").status_code == 422
    assert "planted'" not in client.get("/api/contents/planted.ipynb").text
