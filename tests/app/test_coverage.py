from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_secure.app.coverage import Coverage, count, must_seal
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


def test_pipe_does_not_hang(tmp_path: Path) -> None:
    """A pipe whose name matches is counted as plain at once, not waited for."""
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "a.ipynb").write_bytes(MAGIC)
    assert count(tmp_path, ["*.ipynb"]) == Coverage(sealed=1, matching=2)


def test_time_limit(tmp_path: Path) -> None:
    """A count that runs out of time says that it is not complete."""
    (tmp_path / "a.ipynb").write_bytes(MAGIC)
    assert not count(tmp_path, ["*.ipynb"], seconds=-1).counted_all
