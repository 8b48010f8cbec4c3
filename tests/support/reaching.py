"""Every request that reaches the bytes of one file, to read or to change them."""

from __future__ import annotations

import base64
from collections.abc import Callable

import requests
from support.live_server import Client, notebook


def part(number: int) -> dict[str, object]:
    content = base64.b64encode(b"changed").decode()
    return {"type": "file", "format": "base64", "content": content, "chunk": number}


READS: dict[str, Callable[[Client, str], requests.Response]] = {
    "contents": lambda c, p: c.get(f"/api/contents/{p}?type=notebook"),
    "as text": lambda c, p: c.get(f"/api/contents/{p}?type=file&format=text"),
    "as base64": lambda c, p: c.get(f"/api/contents/{p}?type=file&format=base64"),
    "hash": lambda c, p: c.get(f"/api/contents/{p}?content=0&hash=1"),
    "files": lambda c, p: c.get(f"/files/{p}"),
    "files head": lambda c, p: c.head(f"/files/{p}"),
    "files range": lambda c, p: c.get(f"/files/{p}", headers={"Range": "bytes=0-9"}),
    "files cached": lambda c, p: c.get(f"/files/{p}", headers={"If-None-Match": "*"}),
    "download": lambda c, p: c.get(f"/files/{p}?download=1"),
    "html": lambda c, p: c.get(f"/nbconvert/html/{p}"),
    "script": lambda c, p: c.get(f"/nbconvert/script/{p}?download=true"),
    "copy": lambda c, p: c.post("/api/contents", json={"copy_from": p}),
    "copy elsewhere": lambda c, p: c.post("/api/contents/dir", json={"copy_from": p}),
    "checkpoint": lambda c, p: c.post(f"/api/contents/{p}/checkpoints"),
    "trust": lambda c, p: c.post(f"/api/contents/{p}/trust"),
}

CHANGES: dict[str, Callable[[Client, str], requests.Response]] = {
    "save": lambda c, p: c.save(p, notebook("changed")),
    "save as file": lambda c, p: c.put(
        f"/api/contents/{p}", json={"type": "file", "format": "text", "content": "changed"}
    ),
    "upload": lambda c, p: c.put(f"/api/contents/{p}", json=part(1)),
    "rename": lambda c, p: c.patch(f"/api/contents/{p}", json={"path": "moved.ipynb"}),
    "delete": lambda c, p: c.delete(f"/api/contents/{p}"),
    "restore": lambda c, p: c.post(f"/api/contents/{p}/checkpoints/checkpoint"),
    "drop checkpoint": lambda c, p: c.delete(f"/api/contents/{p}/checkpoints/checkpoint"),
}
