from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from jupyter_secure.kernels.access_file import SOCKET_NAME
from jupyter_secure.server.kernel_access import _private_folder


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime directory, named in few letters, as a socket's path must be short."""
    monkeypatch.chdir(tmp_path)
    return Path("r")


@pytest.fixture
def left(runtime: Path) -> Path:
    """The folder of a server that was killed."""
    folder = runtime / "jupyter-secure-abcd1234"
    folder.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / SOCKET_NAME))
    (folder / "1234.json").write_text("{}")
    (folder / ".~jsec-0123456789abcdef").write_text("{")
    return folder


def made(runtime: Path) -> Path:
    folder = _private_folder(str(runtime))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    return folder


def test_what_a_killed_server_left(runtime: Path, left: Path) -> None:
    """It goes, half-written files too; a new folder comes, for this account only."""
    folder = made(runtime)
    assert list(runtime.iterdir()) == [folder]
    assert not left.exists()


def test_the_folder_of_a_server_that_is_starting(runtime: Path, left: Path) -> None:
    """One that has no socket yet stays: two servers that start at once do not harm each other."""
    (left / SOCKET_NAME).unlink()
    made(runtime)
    assert (left / "1234.json").exists()


def test_a_folder_that_is_not_ours(runtime: Path, left: Path) -> None:
    """Whoever keeps something else under such a name in the runtime directory does not lose it."""
    (left / "thesis").mkdir()
    (left / "thesis" / "a.ipynb").write_text("{}")
    elsewhere = runtime.parent / "elsewhere"
    left.rename(elsewhere)
    left.symlink_to(elsewhere.absolute())
    made(runtime)
    assert (left / "thesis" / "a.ipynb").read_text() == "{}"
    left.unlink()
    elsewhere.rename(left)
    made(runtime)
    assert (left / "1234.json").exists()


def test_a_socket_that_takes_no_more(runtime: Path, left: Path) -> None:
    """A server whose queue is full, or somebody's trap, does not keep this one from starting."""
    (left / SOCKET_NAME).unlink()
    with socket.socket(socket.AF_UNIX) as full:
        full.bind(str(left / SOCKET_NAME))
        full.listen(0)
        waiting = []
        while True:
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].settimeout(0.05)
            try:
                waiting[-1].connect(str(left / SOCKET_NAME))
            except OSError:
                break
        made(runtime)
        for one in waiting:
            one.close()
    assert left.exists()
