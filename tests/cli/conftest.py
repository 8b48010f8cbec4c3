from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import in_process
from support.home import PASSWORD, Authenticator, Home, bare_variables

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SCRIPTED = ["init", "--non-interactive", "--username", "alice", "--password-stdin"]


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """The environment of a home in which nothing is set up."""
    return bare_variables(tmp_path)


@pytest.fixture
def run(variables: dict[str, str], tmp_path: Path, cheap_passwords: None) -> Run:  # noqa: ARG001  # a fixture for what it does
    """Run ``jupyter secure`` in that home, without a terminal."""

    def run_command(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        done = in_process.run(
            arguments, variables=variables, cwd=tmp_path / "work", given=given.encode()
        )
        said = done.stderr.decode()
        assert "Traceback" not in said
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), said)

    return run_command


@pytest.fixture
def home(run: Run, variables: dict[str, str], tmp_path: Path) -> Home:
    """That home, set up."""
    done = run(*SCRIPTED, "--json", given=PASSWORD)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    return Home(tmp_path, variables, facts, Authenticator(facts["totp_uri"]))


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
