from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home
from support.terminal import Terminal

from jupyter_secure.vault.envelope import Header

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CONTENT = '{"cells": "a canary sings"}\n'
WORDS = "violet harbour ninety ducks"
BOTH = f"{PASSWORD}\n{WORDS}\n"
STDIN = ["--password-stdin", "--passphrase-stdin"]


@pytest.fixture
def note(home: Home) -> Path:
    """A plain notebook with a checkpoint, in the folder of a home that is set up."""
    path = home.work / "note.ipynb"
    path.write_text(CONTENT)
    checkpoint(path).parent.mkdir()
    checkpoint(path).write_text(CONTENT)
    return path


@pytest.fixture
def sealed(note: Path, run: Run) -> Path:
    """The same, under a passphrase."""
    done = run("lock", "--mode", "sealed", note.name, *STDIN, "--yes", given=BOTH)
    assert (done.returncode, done.stdout) == (0, "note.ipynb: locked (sealed)\n"), done.stderr
    return note


def checkpoint(path: Path) -> Path:
    return path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"


def needs_passphrase(path: Path) -> bool:
    return Header.parse(path.read_bytes()).needs_passphrase


@pytest.mark.parametrize("mode", ["private", "read-only"])
def test_lock_and_unlock(run: Run, note: Path, mode: str) -> None:
    """A lock seals the file; it comes off again, and the file stays sealed."""
    done = run("lock", "--mode", mode, note.name, "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stdout) == (0, f"note.ipynb: locked ({mode})\n")
    assert not needs_passphrase(note)
    done = run("unlock", note.name, "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stdout) == (0, "note.ipynb: unlocked\n")
    done = run("unlock", note.name, "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stderr) == (1, "“note.ipynb” is not locked.\n")


def test_a_sealed_lock(run: Run, home: Home, sealed: Path) -> None:
    """File and checkpoint lie under the passphrase, and a lost one was explained."""
    assert needs_passphrase(sealed)
    assert needs_passphrase(checkpoint(sealed))
    assert home.files_holding(b"canary") == home.files_holding(WORDS.encode()) == []
    done = run("vault", "open", sealed.name, *STDIN, given=BOTH)
    assert (done.returncode, done.stdout) == (0, CONTENT)
    for wrong in (f"{PASSWORD}\nwrong\n", f"{PASSWORD}\n{WORDS.upper()}\n"):
        done = run("vault", "open", sealed.name, *STDIN, given=wrong)
        assert (done.returncode, done.stdout) == (1, "")
        assert "That passphrase does not open note.ipynb." in done.stderr
    done = run("unlock", sealed.name, *STDIN, given=f"{PASSWORD}\nwrong\n")
    assert done.returncode == 1
    assert needs_passphrase(sealed)
    done = run("unlock", sealed.name, *STDIN, given=BOTH)
    assert (done.returncode, done.stdout) == (0, "note.ipynb: unlocked\n")
    assert not needs_passphrase(sealed)
    assert not needs_passphrase(checkpoint(sealed))


def test_the_recovery_key_is_not_enough(run: Run, home: Home, sealed: Path) -> None:
    """It stands for the vault's key, and not for the passphrase."""
    key = home.facts["recovery_key"]
    options = ["vault", "open", sealed.name, "--recovery-key-stdin", "--passphrase-stdin"]
    assert run(*options, given=f"{key}\nwrong\n").returncode == 1
    assert run(*options, given=f"{key}\n{WORDS}\n").stdout == CONTENT


def test_it_is_explained_first(run: Run, note: Path) -> None:
    """What a lost passphrase means is said before one is taken, and has to be confirmed."""
    before = note.read_bytes()
    done = run("lock", "--mode", "sealed", note.name, *STDIN, given=BOTH)
    assert done.returncode == 1
    assert done.stderr.index("Without the passphrase nobody opens") < done.stderr.index("--yes")
    assert note.read_bytes() == before


def test_a_weak_passphrase(run: Run, note: Path) -> None:
    """One that would be guessed is refused, and nothing is changed."""
    before = note.read_bytes()
    options = ["lock", "--mode", "sealed", note.name, *STDIN, "--yes"]
    done = run(*options, given=f"{PASSWORD}\npassword1234\n")
    assert done.returncode == 1
    assert "The passphrase would be guessed." in done.stderr
    done = run(*options, given=PASSWORD)
    assert "There is no passphrase on standard input." in done.stderr
    assert note.read_bytes() == before


def test_what_cannot_be_locked(run: Run, home: Home, sealed: Path, tmp_path: Path) -> None:
    """Each is explained, and the others are locked all the same."""
    (home.work / "fine.ipynb").write_text(CONTENT)
    (tmp_path / "outside.ipynb").write_text(CONTENT)
    names = [sealed.name, "none.ipynb", ".", "../outside.ipynb", "fine.ipynb"]
    done = run("lock", *names, "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stdout) == (1, "fine.ipynb: locked (private)\n")
    for says in (
        "note.ipynb is locked with a passphrase. Unlock it first",
        "There is no file none.ipynb.",
        "There is no file .",
        "../outside.ipynb does not lie below",
    ):
        assert says in done.stderr
    assert (tmp_path / "outside.ipynb").read_text() == CONTENT


def test_the_folder_that_is_served(run: Run, home: Home) -> None:
    """Locks go by the path below it, wherever the command is run."""
    (home.work / "sub").mkdir()
    (home.work / "sub" / "a.ipynb").write_text(CONTENT)
    (home.work / "link.ipynb").symlink_to("sub/a.ipynb")
    done = run("lock", "link.ipynb", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0
    unlock = ["unlock", "sub/a.ipynb", "--password-stdin"]
    assert run(*unlock, "--root", "sub", given=PASSWORD).returncode == 1
    assert run(*unlock, "--root", str(home.work), given=PASSWORD).returncode == 0
    done = run(*unlock, "--root", "nowhere", given=PASSWORD)
    assert "There is no folder nowhere." in done.stderr


def test_wrong_password(run: Run, note: Path) -> None:
    """Nothing is locked or unlocked."""
    for command in ("lock", "unlock"):
        done = run(command, note.name, "--password-stdin", given="wrong")
        assert done.returncode == 1
        assert "That password does not open the vault." in done.stderr


def test_verify(run: Run, sealed: Path) -> None:
    """What needs its passphrase is counted apart; with it, it is read and damage is found."""
    done = run("vault", "verify", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0
    assert "0 sealed files read" in done.stdout
    assert "2 files under a passphrase" in done.stdout
    options = ["vault", "verify", "--json", *STDIN]
    found = json.loads(run(*options, given=BOTH).stdout)
    assert (found["read"], found["need_passphrase"], found["failed"]) == (2, 0, [])
    found = json.loads(run(*options, given=f"{PASSWORD}\nwrong\n").stdout)
    assert (found["read"], found["need_passphrase"], found["failed"]) == (0, 2, [])
    blob = sealed.read_bytes()
    sealed.write_bytes(blob[:-1])
    done = run(*options, given=BOTH)
    assert (done.returncode, len(json.loads(done.stdout)["failed"])) == (1, 1)
    sealed.write_bytes(blob[:80] + bytes([blob[80] ^ 1]) + blob[81:])  # its salt
    done = run("vault", "verify", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "note.ipynb is damaged" in done.stderr


def test_open_in_place_and_seal(run: Run, home: Home, sealed: Path) -> None:
    """The file turns plain with its passphrase only, and its lock can still be taken off."""
    options = ["vault", "open", "--in-place", sealed.name, *STDIN]
    before = sealed.read_bytes()
    assert run(*options, given=f"{PASSWORD}\nwrong\n").returncode == 1
    assert sealed.read_bytes() == before
    assert run(*options, given=BOTH).returncode == 0
    assert sealed.read_text() == CONTENT
    assert run("unlock", sealed.name, "--password-stdin", given=PASSWORD).returncode == 0
    assert home.files_holding(WORDS.encode()) == []


def test_rotation(run: Run, sealed: Path) -> None:
    """A new key epoch needs no passphrase, and the same one opens the file afterwards."""
    before = Header.parse(sealed.read_bytes())
    done = run("vault", "rotate", ".", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0, done.stderr
    after = Header.parse(sealed.read_bytes())
    assert after.stanza.epoch > before.stanza.epoch
    assert after.stanza.derivation == before.stanza.derivation
    assert run("vault", "open", sealed.name, *STDIN, given=BOTH).stdout == CONTENT


@pytest.mark.integration
def test_on_a_terminal(home: Home, note: Path) -> None:
    """A person is told what a lost passphrase means, confirms it, and types it twice."""
    arguments = ("lock", "--mode", "sealed", note.name)
    with Terminal(*arguments, variables=home.variables, cwd=home.work) as one:
        one.wait_for("Password of alice: ")
        one.type(PASSWORD)
        one.wait_for("Without the passphrase nobody opens the file again")
        one.wait_for("to go on: ")
        one.type("y")
        one.wait_for("It was not confirmed")
        assert one.exit_code() == 1
    with Terminal(*arguments, variables=home.variables, cwd=home.work) as one:
        one.wait_for("Password of alice: ")
        one.type(PASSWORD)
        one.wait_for("to go on: ")
        one.type("yes")
        one.wait_for("New passphrase: ")
        one.type("short")
        one.wait_for("too short")
        one.wait_for("New passphrase: ")
        one.type(WORDS)
        one.wait_for("The same again: ")
        one.type(WORDS + "!")
        one.wait_for("The two passphrases differ")
        one.wait_for("New passphrase: ")
        one.type(WORDS)
        one.wait_for("The same again: ")
        one.type(WORDS)
        one.wait_for("locked \\(sealed\\)")
        assert one.exit_code() == 0
        assert WORDS not in one.shown
    with Terminal("unlock", note.name, variables=home.variables, cwd=home.work) as one:
        one.wait_for("Password of alice: ")
        one.type(PASSWORD)
        one.wait_for("Passphrase of note.ipynb: ")
        one.type(WORDS)
        one.wait_for("note.ipynb: unlocked")
        assert one.exit_code() == 0
