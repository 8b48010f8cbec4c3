from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home
from support.terminal import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def notes(run: Run, home: Home) -> list[Path]:
    """Two sealed notebooks and a plain one."""
    paths = [home.work / name for name in ("a.ipynb", "b.ipynb", "plain.ipynb")]
    for path in paths:
        path.write_text("{}")
    names = [path.name for path in paths[:2]]
    assert run("vault", "seal", *names, "--password-stdin", given=PASSWORD).returncode == 0
    return paths


@pytest.mark.usefixtures("notes")
def test_all_is_well(run: Run, home: Home) -> None:
    """It says how many were read and how many are plain; exit code 0."""
    done = run("vault", "verify", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == (
        f"2 sealed files read in {home.work}.\nAll of them open.\n"
        "1 file to be encrypted: not sealed yet.\n"
    )


def test_damage(run: Run, notes: list[Path]) -> None:
    """A damaged file is named with the reason and what to do; exit code 1, in JSON too."""
    notes[0].write_bytes(notes[0].read_bytes()[:-1])
    done = run("vault", "verify", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "a.ipynb is damaged" in done.stderr
    assert "1 failed" in done.stdout
    done = run("vault", "verify", "--json", "--password-stdin", given=PASSWORD)
    facts = json.loads(done.stdout)
    assert done.returncode == 1
    assert (facts["read"], facts["plain"]) == (2, 1)
    assert [(one["path"], one["reason"]) for one in facts["failed"]] == [("a.ipynb", "corrupt")]


@pytest.mark.usefixtures("notes")
def test_with_the_recovery_key_alone(run: Run, home: Home) -> None:
    """The recovery key and the files suffice, also where nothing is set up."""
    shutil.rmtree(home.state)
    key = home.facts["recovery_key"]
    done = run("vault", "verify", str(home.work), "--recovery-key-stdin", given=key)
    assert (done.returncode, done.stderr) == (0, "")


def test_wrong_password(run: Run, notes: list[Path]) -> None:
    """A wrong password is told once, not once for each file."""
    done = run("vault", "verify", "--password-stdin", given="not the password")
    assert done.returncode == 1
    assert "That password does not open the vault." in done.stderr
    assert notes[0].name not in done.stderr


@pytest.mark.integration
@pytest.mark.usefixtures("notes")
def test_progress_on_a_terminal(home: Home) -> None:
    """On a terminal a line says how far it is, and is gone at the end."""
    with Terminal("vault", "verify", variables=home.variables, cwd=home.work) as one:
        one.wait_for("Password of alice: ")
        one.type(PASSWORD)
        one.wait_for("1 sealed files, 0 MiB read")
        one.wait_for("All of them open")
        assert one.exit_code() == 0
