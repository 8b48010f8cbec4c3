from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.home import PASSWORD, Home

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def swapped(run: Run, home: Home) -> list[Path]:
    """Two sealed notebooks that have changed places."""
    paths = [home.work / name for name in ("a.ipynb", "b.ipynb")]
    for path in paths:
        path.write_text(f'{{"name": "{path.name}"}}')
    names = [path.name for path in paths]
    assert run("vault", "seal", *names, "--password-stdin", given=PASSWORD).returncode == 0
    shutil.copy(paths[0], home.work / "between")
    shutil.copy(paths[1], paths[0])
    (home.work / "between").rename(paths[1])
    return paths


def test_nothing_to_accept(run: Run, home: Home) -> None:  # noqa: ARG001  # set up
    """Where everything is as it was left it says so, and asks nothing."""
    done = run("vault", "accept", "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stdout) == (0, "All files are as they were left.\n")


def test_dry_run(run: Run, swapped: list[Path]) -> None:
    """--dry-run names each file with what was found, changes nothing, and exits with 1."""
    for _ in range(2):
        done = run("vault", "accept", "--dry-run", "--password-stdin", given=PASSWORD)
        assert done.returncode == 1
        for path in swapped:
            assert str(path) in done.stdout
        assert "“a.ipynb” is not the file that was saved there." in done.stdout
        assert done.stdout.endswith("2 files not as left.\n")


@pytest.mark.usefixtures("swapped")
def test_accept(run: Run) -> None:
    """--yes accepts them all; afterwards there is nothing left to accept."""
    done = run("vault", "accept", "--yes", "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("2 files accepted.\n")
    done = run("vault", "accept", "--json", "--dry-run", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "catalogue_whole": True,
        "findings": [],
        "accepted": 0,
        "failed": [],
    }


def test_one_path(run: Run, swapped: list[Path]) -> None:
    """Only what is named is accepted."""
    arguments = ("vault", "accept", str(swapped[0]), "--yes", "--json", "--password-stdin")
    facts = json.loads(run(*arguments, given=PASSWORD).stdout)
    assert facts["findings"] == [{"path": str(swapped[0]), "finding": "swapped"}]
    assert facts["accepted"] == 1


def test_what_does_not_open(run: Run, swapped: list[Path]) -> None:
    """A damaged file is not accepted; it is named with the reason, and the exit code is 1."""
    swapped[0].write_bytes(swapped[0].read_bytes()[:-1])
    done = run("vault", "accept", "--yes", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "“a.ipynb” is damaged" in done.stderr
    assert done.stdout.endswith("1 file accepted.\n")


@pytest.mark.usefixtures("swapped")
def test_an_altered_catalogue(run: Run, home: Home) -> None:
    """A catalogue that was changed from outside is told of, and begun anew."""
    with closing(sqlite3.connect(home.state / "state.db")) as connection:
        connection.execute("DELETE FROM catalogue")
        connection.commit()
    done = run("vault", "accept", "--yes", "--password-stdin", given=PASSWORD)
    assert "The catalogue of what was saved was changed from outside" in done.stdout
    done = run("vault", "accept", "--dry-run", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--json",), "--json cannot ask"), (("nowhere",), "There is no")],
)
def test_bad_input(run: Run, home: Home, arguments: tuple[str, ...], said: str) -> None:  # noqa: ARG001  # set up
    """What cannot be done is explained."""
    done = run("vault", "accept", *arguments, "--password-stdin", given=PASSWORD)
    assert done.returncode != 0
    assert said in done.stderr
