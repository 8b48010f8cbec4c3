from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from support.home import Home

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_not_set_up(run: Run) -> None:
    """Before the set-up: one sentence, the command to run, exit code 1."""
    done = run("status")
    assert done.returncode == 1
    assert done.stdout.startswith("Not set up.")
    assert "jupyter secure init" in done.stdout


def test_a_screenful(run: Run, home: Home) -> None:
    """Set up: at most 24 lines of at most 80 characters where no path is longer, exit code 0."""
    done = run("status")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "Protected; there is something to do."
    assert len(lines) <= 24
    assert all(len(line) <= 80 or str(home.path) in line for line in lines)


def test_json(run: Run, home: Home) -> None:
    """--json says the same for scripts."""
    done = run("status", "--json")
    found = json.loads(done.stdout)
    assert found["all_on"] is True
    assert found["configured"] is True
    assert found["state_dir"] == str(home.state)
    assert {"name", "label", "level", "summary", "remedy"} == found["protections"][0].keys()


def test_something_off(run: Run, home: Home) -> None:
    """With a protection off: the sentence says so, and the exit code is 1."""
    home.state.chmod(0o777)
    done = run("status")
    assert done.returncode == 1
    assert done.stdout.startswith("Not protected")
    assert f"chmod -R go= {home.state}" in done.stdout.replace("\n                ", " ")


def test_root(run: Run, home: Home) -> None:
    """--root names another folder to look through."""
    (home.path / "other").mkdir()
    (home.path / "other/a.ipynb").write_text("{}")
    assert "0 of 1 sealed" in run("status", "--root", str(home.path / "other")).stdout
    assert "0 of 0 sealed" in run("status").stdout
