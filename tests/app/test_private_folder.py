from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_secure.app import private_folder as module
from jupyter_secure.app.private_folder import private_folder
from jupyter_secure.errors import StorageFailed


def in_memory(path: Path) -> bool:
    kind = subprocess.run(
        ["stat", "--file-system", "--format=%T", path], capture_output=True, text=True, check=True
    )
    return kind.stdout.strip() in ("tmpfs", "ramfs")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="this system has no /dev/shm")
def test_in_memory_and_private() -> None:
    """The folder is in memory, closed to everyone else, and gone afterwards with all it holds."""
    with private_folder() as folder:
        assert in_memory(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("text")
    assert not folder.exists()


def test_gone_after_a_failure(tmp_path: Path) -> None:
    """An error in the block does not keep the folder."""
    with pytest.raises(ValueError, match="mine"), private_folder(tmp_path) as folder:
        (folder / "file").touch()
        raise ValueError("mine")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_is_not_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the usual place is no file system in memory, nothing is made, and words say why."""
    monkeypatch.setattr(module, "DEFAULT_PLACE", tmp_path)
    with pytest.raises(StorageFailed, match=r"SecureConfig\.conversion_dir"), private_folder():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    """A configured place that does not exist is named."""
    with pytest.raises(StorageFailed, match="missing"), private_folder(tmp_path / "missing"):
        pass


def test_leftovers(tmp_path: Path) -> None:
    """What ended processes left goes; what runs, and what is not ours by its name, stays."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    stays = [f"jupyter-secure-{os.getpid()}-abc", "jupyter-secure-x-abc", "other"]
    for name in (f"jupyter-secure-{ended.pid}-abc", *stays):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    with private_folder(tmp_path) as folder:
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*stays, folder.name])
