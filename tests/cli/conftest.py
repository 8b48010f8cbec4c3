from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import Home, bare_variables, set_up
from support.terminal import COMMAND

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """The environment of a home in which nothing is set up."""
    return bare_variables(tmp_path)


@pytest.fixture
def run(variables: dict[str, str], tmp_path: Path) -> Run:
    """Run ``jupyter secure`` in that home, without a terminal."""

    def run_command(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=given,
            env=variables,
            cwd=tmp_path / "work",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr
        return done

    return run_command


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """That home, set up."""
    return set_up(tmp_path)


@pytest.fixture
def files_in(tmp_path: Path) -> Callable[[], set[str]]:
    """Every file and link of the home, to see what came and went."""

    def find() -> set[str]:
        return {
            str(path.relative_to(tmp_path))
            for path in tmp_path.rglob("*")
            if path.is_file() or path.is_symlink()
        }

    return find
