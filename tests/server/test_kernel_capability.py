"""What a kernel is given at its start, and whom it is good for."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_secure.errors import Refused
from jupyter_secure.kernels.access_file import SOCKET_NAME, VARIABLE
from jupyter_secure.server.kernel_access import KernelAccess, _private_folder

ID = "11111111-2222-3333-4444-555555555555"


class Kernel:
    """As much of a kernel manager as is asked."""

    shutting_down = False
    has_kernel = True
    alive = True

    def __init__(self) -> None:
        self.environments: list[dict[str, str]] = []

    async def is_alive(self) -> bool:
        return self.alive

    async def _async_pre_start_kernel(self, **kwargs: Any) -> None:
        self.environments.append(kwargs["env"])


@pytest.fixture
def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KernelAccess:
    """Return the kernels of a server that was itself started by a kernel, and serves ``root``."""
    root = tmp_path / "root"
    root.mkdir()

    def key(path: str) -> str:
        name = os.path.relpath(path, root)
        if name.startswith(".."):
            raise Refused("Outside.")
        return "" if name == "." else name

    monkeypatch.setenv(VARIABLE, "/of/another/server.json")
    manager = SimpleNamespace(content=SimpleNamespace(key=key))
    app = SimpleNamespace(contents_manager=manager, base_url="/", log=logging.getLogger("test"))
    access = KernelAccess(app)
    access._folder = tmp_path / "r"
    access._folder.mkdir()
    return access


def start(access: KernelAccess, kernel: Kernel, cwd: Path) -> dict[str, str]:
    """Start a kernel, and return the environment that it gets."""
    access._follow(kernel, ID)
    given = {"PATH": "/bin", VARIABLE: "/of/another/server.json"}
    asyncio.run(kernel._async_pre_start_kernel(cwd=str(cwd), env=given))
    assert given[VARIABLE] == "/of/another/server.json", "what Jupyter was given was changed"
    return kernel.environments[-1]


def test_a_kernel_is_given_its_own_and_nobody_elses(access: KernelAccess, tmp_path: Path) -> None:
    """Its environment names a file that only this account reads, and not the one of before."""
    assert VARIABLE not in os.environ
    kernel = Kernel()
    path = Path(start(access, kernel, tmp_path / "root")[VARIABLE])
    assert path.parent == tmp_path / "r"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = access.capabilities.find(json.loads(path.read_text())["token"])
    assert found is not None
    assert (found.kernel_id, found.folder) == (ID, "")


def test_outside_of_the_served_folder(access: KernelAccess, tmp_path: Path) -> None:
    """A kernel that starts elsewhere is given nothing, and what an earlier run had has ended."""
    kernel = Kernel()
    start(access, kernel, tmp_path / "root")
    assert VARIABLE not in start(access, kernel, tmp_path)
    assert access.capabilities.list() == ()


def test_after_the_server_has_closed(access: KernelAccess, tmp_path: Path) -> None:
    """As the server stops, every capability ends with its file, and no new one is given."""
    kernel = Kernel()
    start(access, kernel, tmp_path / "root")
    access.close()
    assert access.capabilities.list() == ()
    assert not (tmp_path / "r").exists()
    assert VARIABLE not in start(access, kernel, tmp_path / "root")


@pytest.mark.parametrize(
    ("what", "value"), [("shutting_down", True), ("has_kernel", False), ("alive", False)]
)
def test_a_kernel_that_is_about_to_end(
    access: KernelAccess, tmp_path: Path, what: str, value: bool
) -> None:
    """It counts as ended as soon as it shuts down, has no process, or its process is dead."""
    kernel = Kernel()
    start(access, kernel, tmp_path / "root")
    (capability,) = access.capabilities.list()
    assert asyncio.run(access.is_alive(capability))
    setattr(kernel, what, value)
    assert not asyncio.run(access.is_alive(capability))
    asyncio.run(access.sweep())
    assert access.capabilities.list() == ()
    assert not list((tmp_path / "r").glob("*.json"))


def test_a_kernel_that_nobody_holds(access: KernelAccess, tmp_path: Path) -> None:
    """A kernel whose manager is gone has ended."""
    start(access, Kernel(), tmp_path / "root")
    gc.collect()
    (capability,) = access.capabilities.list()
    assert not asyncio.run(access.is_alive(capability))


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime directory, named in few letters, as a socket's path must be short."""
    monkeypatch.chdir(tmp_path)
    return Path("r")


def left_behind(folder: Path) -> Path:
    """Make the folder of a server that was killed."""
    folder.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / SOCKET_NAME))
    (folder / "1234.json").write_text("{}")
    return folder


def test_somebodys_own_file_beside_it(runtime: Path) -> None:
    """A folder that holds anything else is left as it is."""
    old = left_behind(runtime / "jupyter-secure-old")
    (old / "notes.txt").write_text("mine")
    _private_folder(str(runtime))
    assert len(list(old.iterdir())) == 3


def test_a_link_to_a_folder(runtime: Path) -> None:
    """What a link leads to is not cleared away."""
    kept = left_behind(Path("k"))
    runtime.mkdir()
    (runtime / "jupyter-secure-old").symlink_to(kept.resolve())
    _private_folder(str(runtime))
    assert len(list(kept.iterdir())) == 2


def test_another_accounts_folder(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may delete in it need not own it."""
    old = left_behind(runtime / "jupyter-secure-old")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    _private_folder(str(runtime))
    assert len(list(old.iterdir())) == 2
    monkeypatch.setattr(os, "geteuid", lambda: mine)
    _private_folder(str(runtime))
    assert not old.exists()
