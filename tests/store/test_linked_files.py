from __future__ import annotations

import os
import stat
from pathlib import Path
from unittest import mock

import pytest

from jupyter_secure.errors import StorageFailed
from jupyter_secure.store import linked_files
from jupyter_secure.store.linked_files import replace_together

NAMES = ("key.pem", "cert.pem")


def pair(number: int) -> dict[str, bytes]:
    return {name: f"{name} {number}".encode() for name in NAMES}


def held(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in pair(0).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_replaced(folder: Path) -> None:
    """All files hold the new content, closed to others, and nothing of the old one is left."""
    for number in (1, 2, 3):
        replace_together(folder, pair(number))
        assert held(folder) == pair(number)
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) == len(NAMES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert b"0" not in b"".join(path.read_bytes() for path in files)


class Killed(BaseException):
    """Ends the work as a kill would: nothing that handles errors of ours sees it."""


def killed_at(step: int, folder: Path) -> bool:
    """Replace the pair and be killed before the given change to the folder; False if it ended."""
    left = [step]

    def counting(real: object) -> object:
        def call(*args: object, **kwargs: object) -> object:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*args, **kwargs)  # type: ignore[operator]  # a method of Path

        return call

    changes = ("replace", "symlink_to", "mkdir", "unlink")
    with pytest.MonkeyPatch.context() as patch:
        for name in changes:
            patch.setattr(Path, name, counting(getattr(Path, name)))
        patch.setattr(linked_files.shutil, "rmtree", counting(linked_files.shutil.rmtree))
        try:
            replace_together(folder, pair(1))
        except Killed:
            return True
    return False


def test_killed_at_each_change(tmp_path: Path) -> None:
    """Killed before any change to the folder, the files fit each other; run again, it ends."""
    step, ended = 0, False
    while not ended:
        folder = tmp_path / str(step)
        folder.mkdir()
        for name, content in pair(0).items():
            (folder / name).write_bytes(content)
        ended = not killed_at(step, folder)
        assert held(folder) in (pair(0), pair(1))
        replace_together(folder, pair(2))
        assert held(folder) == pair(2)
        step += 1
    assert step > 10


def test_a_plain_file_put_in_place_of_a_link(folder: Path) -> None:
    """A file that somebody put there by hand is replaced like any other."""
    replace_together(folder, pair(1))
    (folder / "cert.pem").unlink()
    (folder / "cert.pem").write_bytes(b"by hand")
    replace_together(folder, pair(2))
    assert held(folder) == pair(2)


@pytest.mark.parametrize("call", ["symlink_to", "replace"])
def test_a_file_system_that_refuses(folder: Path, call: str) -> None:
    """Where it cannot be done the error says so, the files are as before and no debris stays."""
    with (
        mock.patch.object(Path, call, side_effect=OSError(1, "Operation not permitted")),
        pytest.raises(StorageFailed, match="as they were before"),
    ):
        replace_together(folder, pair(1))
    assert held(folder) == pair(0)


def test_what_a_kill_left_is_removed_later(folder: Path) -> None:
    """The set of a run that was killed long ago goes; one that may be under way stays."""
    old, young = folder / "set-old", folder / "set-young"
    old.mkdir()
    young.mkdir()
    os.utime(old, (1, 1))
    replace_together(folder, pair(1))
    assert not old.exists()
    assert young.exists()
