"""Writers of versions, killed hundreds of times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

TESTS = Path(__file__).parents[1]


def test_killed(tmp_path: Path) -> None:
    """Whenever a writer is killed, every version that it had acknowledged is there, and whole."""
    done = subprocess.run(
        [sys.executable, "-m", "support.history_writer", tmp_path, "300"],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 100
    git = ["git", "-C", tmp_path / "history.git", "fsck", "--strict", "--no-dangling"]
    checked = subprocess.run(git, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
