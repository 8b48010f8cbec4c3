from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home
from support.terminal import Terminal

from jupyter_secure.store.vault_file import load_keyring

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


def test_full(run: Run, home: Home, note: Path) -> None:
    """--full shows the new recovery key, which opens the file; the old one does not any more."""
    other = home.work / "b.ipynb"
    other.write_bytes(note.read_bytes())
    done = run("vault", "rotate", "--full", ".", "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stderr) == (0, "")
    new = next(line for line in done.stdout.splitlines() if line.count("-") == 13).strip()
    assert done.stdout.index(new) < done.stdout.index("Files encrypted again: 2")
    assert "keep the old recovery key" in done.stdout
    for option, given in (("--password-stdin", PASSWORD), ("--recovery-key-stdin", new)):
        assert run("vault", "open", note.name, option, given=given).stdout == "{}"
    old = home.facts["recovery_key"]
    refused = run("vault", "open", note.name, "--recovery-key-stdin", given=old)
    assert refused.returncode == 1
    assert "does not belong" in refused.stderr


def test_full_with_what_remains(run: Run, note: Path) -> None:
    """Until all is done it says so, everything opens, and the same command goes on."""
    link = note.with_name("b.ipynb")
    link.hardlink_to(note)
    done = run("vault", "rotate", "--full", ".", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "hard links" in done.stderr
    assert "--leave-behind" in done.stdout
    assert "was cut short" in run("vault", "status").stdout
    opened = run("vault", "open", note.name, "--password-stdin", given=PASSWORD)
    assert opened.stdout == "{}"
    assert run("vault", "verify", "--password-stdin", given=PASSWORD).returncode == 0
    plain = run("vault", "rotate", ".", "--password-stdin", given=PASSWORD)
    assert "rotate --full" in plain.stderr
    link.unlink()
    done = run("vault", "rotate", "--full", ".", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0
    assert "once more" in done.stdout
    assert "cut short" not in run("vault", "status").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--full", "--new", "--password-stdin"], 2, "--new"),
        (["--leave-behind", "--password-stdin"], 2, "--full only"),
        (["--drop-other-slots", "--password-stdin"], 2, "--full only"),
        (["--keep-key-file", "k", "--password-stdin"], 2, "--full only"),
        (["--full", "--recovery-key-stdin"], 1, "password of an account"),
        (["--full", "--keep-key-file", "k", "--password-stdin"], 1, "no key file k"),
    ],
)
@pytest.mark.usefixtures("note")
def test_full_refused(run: Run, home: Home, arguments: list[str], code: int, says: str) -> None:
    """What does not go together is refused before anything changes."""
    before = (home.state / "vault.json").read_bytes()
    done = run("vault", "rotate", ".", *arguments, given=PASSWORD)
    assert done.returncode == code
    assert says in done.stderr
    assert (home.state / "vault.json").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_full_at_a_terminal(home: Home, note: Path) -> None:
    """A person has to have read the new recovery key: nothing changes before its end is typed."""
    before = ((home.state / "vault.json").read_bytes(), note.read_bytes())
    arguments = ("vault", "rotate", "--full", ".")
    with Terminal(*arguments, variables=home.variables, cwd=home.work) as terminal:
        terminal.wait_for("Password of alice: ")
        terminal.type(PASSWORD)
        key = terminal.wait_for(r"(?:[0-9A-Z]{4}-){13}([0-9A-Z]{4})")
        terminal.wait_for("Its last group of four")
        terminal.type("no")
        terminal.wait_for("not its last group")
        terminal.wait_for("Its last group of four")
        assert ((home.state / "vault.json").read_bytes(), note.read_bytes()) == before
        terminal.type(key[1].lower())
        terminal.wait_for("Done: the new root key is in effect, from key epoch 2 on.")
        assert terminal.exit_code() == 0
    with Terminal(*arguments, variables=home.variables, cwd=home.work) as terminal:
        terminal.wait_for("Password of alice: ")
        terminal.type(PASSWORD)
        terminal.wait_for("Its last group of four")
        terminal.press_ctrl_c()
        assert terminal.exit_code() != 0
    assert load_keyring(home.state).epoch == 2
