"""The history on a disk of its own that is really full, or read-only: saves go on, and it is told.

Only versions cannot be kept then. Where the whole state directory has no room, a save fails whole
(``test_disk_trouble``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.kept_versions import FILE, KEY, keep
from support.live_server import Client, LiveServer, notebook

from jupyter_secure.errors import StateUnusable
from jupyter_secure.store.history import DIRECTORY, GitHistory

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="tmpfs"),
]

API = "/jupyter-secure/api"
NAME = "disk.ipynb"


def mount(folder: Path, *options: str) -> None:
    """Mount a small file system, or skip where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(command, check=False).returncode:
        if os.geteuid() == 0 and os.environ.get("CI") == "true":
            pytest.fail("root cannot mount a small disk, and in CI it is meant to")
        pytest.skip("only root can mount a small disk")


class SmallDisk:
    """The file system of a history: full, read-only, or well."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Use up the room to the last byte."""
        with (self.folder / "filler").open("wb", buffering=0) as file:
            for size in (1 << 16, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def refuse(self) -> None:
        """Take no writes, as a disk does on which the system found errors."""
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)

    def mend(self) -> None:
        """Be well again."""
        subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)
        (self.folder / "filler").unlink(missing_ok=True)


TROUBLES = [(SmallDisk.fill, "disk is full"), (SmallDisk.refuse, "read-only")]
IDS = ["full", "read-only"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A history with one version, on a disk of 2 MiB."""
    keep(GitHistory(tmp_path), b"the first")
    folder, aside = tmp_path / DIRECTORY, tmp_path / "aside"
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    mount(folder, "size=2M", "mode=700")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("trouble", "said"), TROUBLES, ids=IDS)
def test_repository(small_disk: SmallDisk, trouble: Callable[[SmallDisk], None], said: str) -> None:
    """Nothing is kept in part, what was kept is read, and with room again all goes on."""
    history = GitHistory(small_disk.folder.parent)
    for number in range(30):
        keep(history, os.urandom(20_000) + b"%d" % number)
    trouble(small_disk)
    before = files(small_disk.folder)
    for work in (
        lambda: keep(history, os.urandom(30_000)),
        lambda: history.set_sealed_key(FILE, b"a key" * 1000),
        lambda: history.retain(FILE, [1, 31]),
        lambda: history.tidy(everything=True),
        history.tidy,
    ):
        with pytest.raises(StateUnusable, match=f"{said}|No space left") as caught:
            work()
        assert caught.value.remedy
    assert files(small_disk.folder) == before
    assert len(list(history.versions(FILE, KEY))) == 31
    assert history.read(KEY, FILE, 1)[1] == b"the first"
    small_disk.mend()
    assert keep(history, b"more").number == 32
    history.tidy(everything=True)
    assert all(error is None for _, error in history.check(KEY, FILE))
    checked = subprocess.run(
        ["git", "-C", small_disk.folder, "fsck", "--strict", "--no-dangling"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture(scope="module")
def disk(server: LiveServer, owner: Client) -> Iterator[SmallDisk]:
    """The history of a server that runs, moved to a disk of its own."""
    assert owner.save(NAME, notebook("first")).status_code == 201
    assert len(versions(owner)) == 1
    folder, aside = server.home.state / DIRECTORY, server.home.state / "aside"
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    mount(folder, "size=3M", "mode=700")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def versions(client: Client) -> list[dict[str, Any]]:
    answer = client.get(f"{API}/history/{NAME}")
    assert answer.status_code == 200, answer.text
    return answer.json()["versions"]  # type: ignore[no-any-return]


def row(client: Client, level: str) -> dict[str, str]:
    """Return the panel's row about the history, once it is of that level."""
    for _ in range(100):
        rows = client.get(f"{API}/status").json()["protections"]
        found: dict[str, str] = next(one for one in rows if one["name"] == "history")
        if found["level"] == level:
            break
        time.sleep(0.1)
    assert found["level"] == level, found
    return found


@pytest.mark.parametrize(("trouble", "said"), TROUBLES, ids=IDS)
def test_server(
    server: LiveServer,
    owner: Client,
    disk: SmallDisk,
    trouble: Callable[[SmallDisk], None],
    said: str,
) -> None:
    """A save is a save; the panel, the log and the metrics tell, and a checkpoint says so."""
    count, unkept = len(versions(owner)), not_kept(owner)
    trouble(disk)
    assert owner.save(NAME, notebook(f"saved, {said}")).status_code == 200
    held = owner.get(f"/api/contents/{NAME}").json()["content"]["cells"][0]["source"]
    assert held == f"saved, {said}"
    assert "without a version of the last save" in row(owner, "warn")["summary"]
    answer = owner.post(f"/api/contents/{NAME}/checkpoints")
    assert answer.status_code >= 500
    assert said in answer.json()["message"]
    assert f"No version was kept of this save of “{NAME}”" in server.log
    assert not_kept(owner) >= unkept + 2
    assert len(versions(owner)) == count
    assert owner.get(f"{API}/history/{NAME}?version=1").status_code == 200
    disk.mend()
    assert owner.post(f"/api/contents/{NAME}/checkpoints").status_code == 201
    assert row(owner, "ok")
    assert [one["number"] for one in versions(owner)] == list(range(count + 1, 0, -1))
    assert "Traceback" not in server.log


def not_kept(client: Client) -> float:
    """Return the metric."""
    text = client.get("/metrics").text
    name = "jupyter_secure_versions_not_kept_total "
    (line,) = (line for line in text.splitlines() if line.startswith(name))
    return float(line.removeprefix(name))
