from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def note(run: Run, home: Home) -> Path:
    """A sealed notebook."""
    path = home.work / "a.ipynb"
    path.write_text("{}")
    assert run("vault", "seal", path.name, "--password-stdin", given=PASSWORD).returncode == 0
    return path


def test_rotated(run: Run, home: Home, note: Path) -> None:
    """It says what was done, and password and recovery key open the file as before."""
    before = note.read_bytes()
    done = run("vault", "rotate", ".", "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "Key epoch 2 has begun.\nSealed files brought to it: 1; there already: 0.\n"
    )
    assert note.read_bytes() != before
    assert "Key epoch  2" in run("vault", "status").stdout
    for option, given in (
        ("--password-stdin", PASSWORD),
        ("--recovery-key-stdin", home.facts["recovery_key"]),
    ):
        assert run("vault", "open", note.name, option, given=given).stdout == "{}"


def test_what_remains(run: Run, note: Path) -> None:
    """What could not be done is told with what to do; exit code 1."""
    note.with_name("b.ipynb").hardlink_to(note)
    done = run("vault", "rotate", ".", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "hard links" in done.stderr
    assert "Left as they were: 2" in done.stdout


def test_wrong_password(run: Run, home: Home, note: Path) -> None:  # noqa: ARG001  # a fixture for what it does
    """A wrong password begins no epoch."""
    before = (home.state / "vault.json").read_bytes()
    done = run("vault", "rotate", ".", "--password-stdin", given="not the password")
    assert done.returncode == 1
    assert (home.state / "vault.json").read_bytes() == before
