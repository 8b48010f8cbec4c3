from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_secure.app.content.coverage import Coverage, count, must_seal
from jupyter_secure.vault.envelope import MAGIC


@pytest.mark.parametrize(
    ("path", "patterns", "expected"),
    [
        ("a.ipynb", ["*.ipynb"], True),
        ("deep/er/a.ipynb", ["*.ipynb"], True),
        ("A.IPYNB", ["*.ipynb"], True),
        ("a.ipynb.txt", ["*.ipynb"], False),
        ("patients/x.csv", ["patients/*"], True),
        ("patients/deep/x.csv", ["patients/*"], True),
        ("other/x.csv", ["patients/*"], False),
        ("x.csv", ["*.ipynb", "*.CSV"], True),
    ],
)
def test_patterns(path: str, patterns: list[str], expected: bool) -> None:
    """A pattern without a slash is for names anywhere, one with a slash for paths."""
    assert must_seal(path, patterns) is expected


@pytest.mark.parametrize(
    ("path", "marked", "expected"),
    [
        ("data/x.csv", ["data"], True),
        ("data/deep/x.csv", ["data"], True),
        ("DATA/x.csv", ["data"], True),
        ("data2/x.csv", ["data"], False),
        ("x.csv", ["data"], False),
        ("x.csv", [""], True),
        ("data/x.csv", ["other", "data/deep"], False),
    ],
)
def test_marked_folders(path: str, marked: list[str], expected: bool) -> None:
    """In a marked folder, and below it, every file is wanted; "" is the root."""
    assert must_seal(path, ["*.ipynb"], marked) is expected


def test_what_is_counted(tmp_path: Path) -> None:
    """Files in marked folders count too; what is hidden does not, but for checkpoints."""
    names = ["a.ipynb", "data/x.csv", "other/x.csv", ".a.ipynb", ".trash/a.ipynb"]
    names += [".ipynb_checkpoints/a-checkpoint.ipynb", "data/.ipynb_checkpoints/x-checkpoint.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(b"")
    expected = Coverage(sealed=0, matching=2, plain_checkpoints=2)
    assert count(tmp_path, ["*.ipynb"], ["data"]) == expected


def test_pipe_does_not_hang(tmp_path: Path) -> None:
    """A pipe whose name matches is counted as plain at once, not waited for."""
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "a.ipynb").write_bytes(MAGIC)
    assert count(tmp_path, ["*.ipynb"]) == Coverage(sealed=1, matching=2)


def test_time_limit(tmp_path: Path) -> None:
    """A count that runs out of time says that it is not complete."""
    (tmp_path / "a.ipynb").write_bytes(MAGIC)
    assert not count(tmp_path, ["*.ipynb"], seconds=-1).counted_all
