from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from jupyter_secure.app.trees import each_file
from jupyter_secure.app.trees.each_file import change_each
from jupyter_secure.errors import NotFound, SecureError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two folders with thirty files each."""
    for folder in "ab":
        (tmp_path / folder).mkdir()
        for number in range(30):
            (tmp_path / folder / f"{number:02}").write_bytes(b"")
    return tmp_path


def ignore(path: Path, error: SecureError) -> None:
    raise AssertionError(f"{path}: {error}")


def test_results_in_order(tree: Path) -> None:
    """Results come in the order of the files, whichever is done first; several work at once."""
    together = threading.Barrier(4, timeout=10)

    def change(path: Path) -> str:
        if path.parent.name == "a" and int(path.name) < 4:
            together.wait()  # which one alone would wait for in vain
        return path.name

    found = list(change_each([tree], change, ignore))
    paths = [tree / folder / f"{number:02}" for folder in "ab" for number in range(30)]
    assert found == [(path, path.name) for path in paths]


def test_each_folder_is_synced(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is brought onto the disk once, before a file of the next one is given out."""
    synced: list[str] = []
    monkeypatch.setattr(each_file, "sync_folder", lambda folder: synced.append(folder.name))
    for path, _ in change_each([tree], lambda path: path, ignore):
        assert synced == ([] if path.parent.name == "a" else ["a"])
    assert synced == ["a", "b"]


def test_failure_ends_it(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error no further file is begun; what was changed by then is on the disk."""
    synced: list[str] = []
    begun: list[str] = []
    monkeypatch.setattr(each_file, "sync_folder", lambda folder: synced.append(folder.name))

    def change(path: Path) -> None:
        begun.append(path.name)
        if path.name == "03":
            raise KeyboardInterrupt

    outcomes = change_each([tree], change, ignore)
    with pytest.raises(KeyboardInterrupt):
        list(outcomes)
    assert len(begun) < 30
    assert synced == ["a"]


def test_given_up(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stops asking in the middle leaves nothing running and nothing unsynced."""
    synced: list[str] = []
    monkeypatch.setattr(each_file, "sync_folder", lambda folder: synced.append(folder.name))
    outcomes = change_each([tree], lambda path: path.name, ignore)
    next(outcomes)
    outcomes.close()
    assert synced == ["a"]
    assert not [one for one in threading.enumerate() if "jupyter-secure-files" in one.name]


def test_no_folder(tmp_path: Path) -> None:
    """A folder that does not exist is told of, and leaves no thread behind."""
    with pytest.raises(NotFound):
        list(change_each([tmp_path / "missing"], os.stat, ignore))
    assert not [one for one in threading.enumerate() if "jupyter-secure-files" in one.name]
