"""A folder's listing says of each file what asking for the file does."""

from __future__ import annotations

import os

import pytest
from support.live_server import LiveServer, notebook

pytestmark = pytest.mark.integration


def test_like_each_file(server: LiveServer) -> None:
    """Sealed, plain, locked, linked, damaged and oddly named files are listed as they are."""
    client, work = server.logged_in(), server.home.work
    folder = work / "folder"
    folder.mkdir()
    for name in ("sealed", "private", "read-only", "damaged", "ünï 100%"):
        assert client.save(f"folder/{name}.ipynb", notebook("1")).status_code == 201
    for name in ("private", "read-only"):
        path = f"/jupyter-secure/api/locks/folder/{name}.ipynb"
        assert client.put(path, json={"mode": name}).status_code == 200
    damaged = folder / "damaged.ipynb"
    damaged.write_bytes(damaged.read_bytes()[:200])
    (folder / "plain.ipynb").write_text("{}")
    (folder / "data.csv").write_text("a,b\n")
    (folder / ".hidden").write_text("hidden")
    (folder / "below").mkdir()
    (folder / "link.ipynb").symlink_to("sealed.ipynb")
    (folder / "broken").symlink_to("nothing")
    (folder / "outside").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe")
    listed = {
        model["name"]: model for model in client.get("/api/contents/folder").json()["content"]
    }
    assert set(listed) == {
        *(f"{name}.ipynb" for name in ("sealed", "private", "read-only", "damaged", "ünï 100%")),
        *("plain.ipynb", "data.csv", "below", "link.ipynb", "broken", "outside"),
    }
    for name, model in listed.items():
        alone = client.get(f"/api/contents/folder/{name.replace('%', '%25')}?content=0").json()
        assert model == alone, name
    assert listed["sealed.ipynb"]["writable"]
    assert not listed["private.ipynb"]["writable"]
    assert not listed["read-only.ipynb"]["writable"]
