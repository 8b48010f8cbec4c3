from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest
from support.slow_notebooks import SLOW, notebook

from jupyter_secure.app.history import compare
from jupyter_secure.cli import git_drivers

pytest.importorskip("nbdime")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no timer of POSIX")


@pytest.fixture
def slow(tmp_path: Path) -> list[str]:
    paths = [tmp_path / "before.ipynb", tmp_path / "after.ipynb"]
    for path, data in zip(paths, SLOW, strict=True):
        path.write_bytes(data)
    return [str(path) for path in paths]


# What ends the work may strike in a callback of the garbage collector, which drops it; once more
# then does.
in_a_callback = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def arguments(*given: str, action: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    git_drivers.add_arguments(parser, action)
    args = parser.parse_args(given)
    args.action = action
    return args


@in_a_callback
def test_slow_to_compare(
    slow: list[str], monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What takes too long cell by cell is said, and listed line by line; Git goes on."""
    monkeypatch.setattr(compare, "SECONDS", 0.2)
    old, new = slow
    args = arguments("x.ipynb", old, "0" * 40, "100644", new, "1" * 40, "100644", action="compare")
    assert git_drivers.run(args) == 0
    said = capsysbinary.readouterr().out
    assert b"Not compared cell by cell. Comparing these two takes longer than" in said
    assert b"\n-" in said
    assert b"\n+" in said


@in_a_callback
def test_slow_to_merge(
    slow: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A merge that takes too long is not made: ours stays, Git is told, and it says what to do."""
    monkeypatch.setattr(git_drivers, "_MERGE_SECONDS", 0.2)
    base = tmp_path / "base.ipynb"
    base.write_bytes(notebook("a\nc\n" * 12_000))
    before = Path(slow[0]).read_bytes()
    args = arguments(str(base), *slow, "7", "x.ipynb", action="merge")
    assert git_drivers.run(args) == 1
    said = capsys.readouterr().err
    assert "x.ipynb was not merged, and is as it was on our side. Merging takes longer" in said
    assert Path(slow[0]).read_bytes() == before
