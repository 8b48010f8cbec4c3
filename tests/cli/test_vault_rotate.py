from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home
from support.terminal import Terminal

from jupyter_secure.store.in_use import alone
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


@pytest.mark.parametrize(
    "command",
    [
        ("seal", "plain.csv"),
        ("seal", "-"),
        ("seal", "--all"),
        ("open", "--in-place", "a.ipynb"),
        ("open", "--all", "--yes"),
        ("accept", "--yes"),
        ("rotate", "."),
        ("backup", "-o", "backup.tar"),
    ],
)
def test_full_beside_other_commands(
    run: Run, home: Home, note: Path, command: tuple[str, ...]
) -> None:
    """What changes files, or copies the state, waits for a change of the root key; reading goes."""
    (home.work / "plain.csv").write_text("1,2")
    before = {path: path.read_bytes() for path in home.work.iterdir()}
    key = () if command[0] == "backup" else ("--password-stdin",)
    with alone(home.state):
        refused = run("vault", *command, *key, given=PASSWORD)
        opened = run("vault", "open", note.name, "--password-stdin", given=PASSWORD)
    assert refused.returncode == 1, refused.stdout
    assert "being changed just now" in refused.stderr
    assert {path: path.read_bytes() for path in home.work.iterdir()} == before
    assert opened.stdout == "{}"


def test_full_waits_for_other_commands(run: Run, home: Home, note: Path) -> None:
    """The root key is not changed under a command that goes on sealing with the old one."""
    before = note.read_bytes()
    arguments = ("vault", "open", "--all", ".")
    with Terminal(*arguments, variables=home.variables, cwd=home.work) as terminal:
        terminal.wait_for("Password of alice: ")
        terminal.type(PASSWORD)
        terminal.wait_for(r"Go on\?")
        done = run("vault", "rotate", "--full", ".", "--password-stdin", given=PASSWORD)
        assert done.returncode == 1
        assert "command that changes files" in done.stderr
        terminal.type("n")
        terminal.exit_code()
    assert note.read_bytes() == before


def test_full_over_a_file_that_was_put_back(run: Run, note: Path) -> None:
    """A file that is not as it was left waits for a person, who accepts it in the middle."""
    old = note.read_bytes()
    for command in (["open", "--in-place"], ["seal"]):
        run("vault", *command, note.name, "--password-stdin", given=PASSWORD)
    assert note.read_bytes() != old
    note.write_bytes(old)
    done = run("vault", "rotate", "--full", ".", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "not the" in done.stderr
    refused = run("vault", "seal", note.name, "--password-stdin", given=PASSWORD)
    assert "cut short" in refused.stderr
    accepted = run("vault", "accept", "--yes", "--password-stdin", given=PASSWORD)
    assert accepted.returncode == 0, accepted.stderr + accepted.stdout
    done = run("vault", "rotate", "--full", ".", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0, done.stderr + done.stdout
    assert run("vault", "open", note.name, "--password-stdin", given=PASSWORD).stdout == "{}"


def test_full_left_behind(run: Run, home: Home, note: Path) -> None:
    """A file that was left behind is not called damaged, and the old recovery key opens it."""
    link = note.with_name("b.ipynb")
    link.hardlink_to(note)
    command = ("vault", "rotate", "--full", "--leave-behind", ".", "--password-stdin")
    assert run(*command, given=PASSWORD).returncode == 0
    link.unlink()
    verified = run("vault", "verify", "--password-stdin", given=PASSWORD)
    assert "root key from before this one" in verified.stderr
    assert "recovery key that was replaced" in verified.stderr
    old = home.facts["recovery_key"]
    opened = run("vault", "open", note.name, "--recovery-key-stdin", given=old)
    assert opened.stdout == "{}"
