from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home
from support.terminal import COMMAND, Terminal

from jupyter_secure.cli.vault_all import size_of
from jupyter_secure.vault.envelope import is_sealed

Run = Callable[..., "subprocess.CompletedProcess[str]"]

NAMES = ("a.ipynb", "sub/b.ipynb", ".ipynb_checkpoints/a-checkpoint.ipynb")
LONG_AGO = 1_000_000_000  # seconds since the epoch


@pytest.fixture
def tree(home: Home) -> Path:
    """Some files in the folder of a home that is set up."""
    for name in (*NAMES, "data/x.csv"):
        path = home.work / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{{{name}}}")
        path.chmod(0o640)
        os.utime(path, (LONG_AGO, LONG_AGO))
    return home.work


@pytest.fixture
def seal_all(run: Run) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``vault seal --all`` with the password."""

    def seal(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run("vault", "seal", "--all", *arguments, "--password-stdin", given=PASSWORD)

    return seal


@pytest.fixture
def open_all(run: Run) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``vault open --all --yes`` with the password."""

    def opened(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["vault", "open", "--all", "--yes", *arguments, "--password-stdin"]
        return run(*command, given=PASSWORD)

    return opened


def sealed(tree: Path) -> set[str]:
    return {
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*")
        if path.is_file() and is_sealed(path.read_bytes())
    }


def test_there_and_back(tree: Path, seal_all: Run, open_all: Run) -> None:
    """Everything below the folder is sealed and opened again, as old and as closed as it was."""
    done = seal_all()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Sealed 3 of 3 files (")
    assert sealed(tree) == set(NAMES)
    again = seal_all("--jobs", "1")
    assert "Sealed 0 of 0 files" in again.stdout
    assert "3 files were sealed already." in again.stdout
    done = open_all()
    assert done.stdout.startswith("Opened 3 of 3 files (")
    for name in NAMES:
        path = tree / name
        assert path.read_text() == f"{{{name}}}"
        assert path.stat().st_mtime == LONG_AGO
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_dry_run(run: Run, tree: Path, seal_all: Run) -> None:
    """A dry run names the files, asks for no password, and changes nothing."""
    before = {path: path.stat().st_ctime_ns for path in tree.rglob("*")}
    done = run("vault", "seal", "--all", "--dry-run")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[:-1] == [str(tree / name) for name in NAMES]
    assert lines[-1].startswith("3 files would be sealed (")
    assert {path: path.stat().st_ctime_ns for path in tree.rglob("*")} == before
    seal_all()
    done = run("vault", "open", "--all", "--dry-run", "--json")
    facts = json.loads(done.stdout)
    assert (facts["dry_run"], facts["files_total"], facts["files_done"]) == (True, 3, 0)
    assert set(facts["files"]) == {str(tree / name) for name in NAMES}
    assert len(sealed(tree)) == 3


def test_json(tree: Path, seal_all: Run) -> None:
    """--json says the same for scripts, failures too, and the exit code is 1 if there are any."""
    (tree / "hard.ipynb").hardlink_to(tree / "a.ipynb")
    done = seal_all("--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 1
    assert (facts["action"], facts["folder"]) == ("seal", str(tree))
    assert (facts["files_done"], facts["files_total"], facts["stopped"]) == (2, 4, False)
    assert {failure["path"] for failure in facts["failures"]} == {
        str(tree / "a.ipynb"),
        str(tree / "hard.ipynb"),
    }
    assert all(failure["reason"] == "conflict" for failure in facts["failures"])
    assert all("hard links" in failure["message"] for failure in facts["failures"])


def test_what_is_left_is_named(tree: Path, seal_all: Run) -> None:
    """Read aloud it says how many are left; why is said before, on standard error."""
    (tree / "hard.ipynb").hardlink_to(tree / "a.ipynb")
    done = seal_all()
    assert done.returncode == 1
    assert "Sealed 2 of 4 files" in done.stdout
    assert "2 left, and why stands above." in done.stdout
    assert done.stderr.count("hard links") == 2


def test_a_marked_folder(run: Run, tree: Path, seal_all: Run) -> None:
    """What lies in a marked folder is sealed whatever its name, from wherever the command runs."""
    done = run("vault", "seal-folder", "data")
    assert done.returncode == 0
    assert "Whatever a server saves in “data”" in done.stdout
    assert run("vault", "seal-folder").stdout == "data\n"
    assert json.loads(run("vault", "seal-folder", "--json").stdout) == {"folders": ["data"]}
    assert seal_all(str(tree / "data")).returncode == 0
    assert sealed(tree) == {"data/x.csv"}
    status = json.loads(run("status", "--json", "--root", str(tree)).stdout)
    (finding,) = (one for one in status["protections"] if one["name"] == "encryption")
    assert finding["summary"].startswith("1 of 3 sealed")


def test_a_mark_is_taken_off(run: Run, tree: Path) -> None:
    """Taking a mark off takes the password; what is not marked cannot be."""
    run("vault", "seal-folder", "data")
    wrong = run("vault", "seal-folder", "--undo", "data", "--password-stdin", given="wrong")
    assert wrong.returncode == 1
    assert run("vault", "seal-folder").stdout == "data\n"
    done = run("vault", "seal-folder", "--undo", "data", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0
    assert run("vault", "seal-folder").stdout == "No folder is marked.\n"
    again = run("vault", "seal-folder", "--undo", "data", "--password-stdin", given=PASSWORD)
    assert again.returncode == 1
    assert "is not marked" in again.stderr
    assert (tree / "data").is_dir()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["seal-folder", "a.ipynb"], 1, "not a folder"),
        (["seal-folder", "--undo"], 2, "needs a FOLDER"),
        (["seal-folder", "data", "--root", "sub"], 1, "--root"),
        (["seal"], 2, "which file"),
        (["open"], 2, "which file"),
        (["seal", "--dry-run", "a.ipynb"], 2, "go with --all only"),
        (["seal", "--all", "sub", "data"], 2, "one FOLDER"),
        (["seal", "--all", "-"], 2, "one FOLDER"),
        (["seal", "--all", "-o", "x"], 2, "leave out -o"),
        (["open", "--all", "--in-place"], 2, "leave out -o and --in-place"),
        (["open", "--all"], 2, "--yes"),
        (["open", "--all", "--json"], 2, "--yes"),
        (["seal", "--all", "--dry-run", "missing"], 1, "There is no"),
        (["seal", "--all", "--dry-run", "a.ipynb"], 1, "not a folder"),
    ],
)
@pytest.mark.usefixtures("tree")
def test_wrong_usage(run: Run, arguments: list[str], code: int, said: str) -> None:
    """What makes no sense is refused with what would, before a password is asked for."""
    done = run("vault", *arguments)
    assert done.returncode == code
    assert said in done.stderr


def test_the_state_is_not_sealed_with_itself(run: Run, home: Home, seal_all: Run) -> None:
    """The state directory and the settings are left out, and refused where they are named."""
    run("vault", "seal-folder", str(home.path), "--root", str(home.path))
    assert seal_all(str(home.path), "--root", str(home.path)).returncode == 0
    config = home.path / "config"
    for folder in (home.state, config):
        assert not sealed(folder)
        done = seal_all(str(folder))
        assert done.returncode == 1
        assert "holds keys, accounts or settings" in done.stderr


def test_recovery_key_alone(run: Run, home: Home, tree: Path, seal_all: Run) -> None:
    """With the recovery key a whole tree is opened where nothing is set up any more."""
    seal_all()
    shutil.rmtree(home.state)
    command = ["vault", "open", "--all", "--yes", "--recovery-key-stdin"]
    done = run(*command, given=home.facts["recovery_key"])
    assert done.returncode == 0, done.stderr
    assert sealed(tree) == set()


def test_single_files_are_remembered(run: Run, home: Home, tree: Path) -> None:
    """A file that is opened by name is taken for plain on purpose: `--all` seals it again."""
    for command in (["seal"], ["open", "--in-place"], ["seal", "--all"]):
        name = "." if "--all" in command else "a.ipynb"
        done = run("vault", *command, name, "--password-stdin", given=PASSWORD)
        assert done.returncode == 0, done.stderr
    assert "a.ipynb" in sealed(tree)
    assert home.state.is_dir()


@pytest.mark.integration
def test_asking_first(home: Home, tree: Path, seal_all: Run) -> None:
    """`open --all` says what will lie there in plain text, and takes anything but yes for no."""
    seal_all()
    for answer, left in (("", 3), ("y", 0)):
        arguments = ("vault", "open", "--all")
        with Terminal(*arguments, variables=home.variables, cwd=tree) as one:
            one.wait_for("Password of alice: ")
            one.type(PASSWORD)
            one.wait_for(r"Go on\? \[y/N\]")
            assert "3 files in" in one.shown
            one.type(answer)
            assert one.exit_code() == (1 if left else 0)
        assert len(sealed(tree)) == left


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (1_200_000_000, "1.2 GB"),
        (5_000_000_000_000, "5.0 TB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    """Sizes are said as file managers do."""
    assert size_of(size) == words


@pytest.mark.integration
def test_interrupted(home: Home, seal_all: Run) -> None:
    """Ctrl-C ends it soon, says what was done, and the next run does the rest."""
    for number in range(600):
        (home.work / f"{number:03}.ipynb").write_bytes(os.urandom(20_000))
    with subprocess.Popen(
        [*COMMAND, "vault", "seal", "--all", "--jobs", "2", "--password-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=home.variables,
        cwd=home.work,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(PASSWORD.encode() + b"\n")
        process.stdin.flush()
        while not is_sealed((home.work / "000.ipynb").read_bytes()):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"It was stopped before the end. Run it again" in out
    assert list(home.work.glob(".~jsec-*")) == []
    some = len(sealed(home.work))
    assert 1 <= some < 600
    assert f"Sealed {600 - some} of {600 - some} files" in seal_all().stdout
