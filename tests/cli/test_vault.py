from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import in_process
from support.home import PASSWORD, Home
from support.terminal import COMMAND, Terminal

from jupyter_secure.vault.envelope import MAGIC

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CONTENT = '{"cells": "a canary sings"}\n'


@pytest.fixture
def note(home: Home) -> Path:
    """A plain notebook in the folder of a home that is set up."""
    path = home.work / "note.ipynb"
    path.write_text(CONTENT)
    path.chmod(0o640)
    return path


@pytest.fixture
def sealed(note: Path, run: Run) -> Path:
    """The same, sealed."""
    assert run("vault", "seal", note.name, "--password-stdin", given=PASSWORD).returncode == 0
    return note


@pytest.fixture
def piped(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, bytes]]:
    """Run it with bytes on standard input, the password typed at a terminal of its own."""
    monkeypatch.setattr("getpass.getpass", lambda _: PASSWORD)

    def run_command(*arguments: str, given: bytes) -> tuple[int, bytes]:
        done = in_process.run(arguments, variables=home.variables, cwd=home.work, given=given)
        return done.returncode, done.stdout

    return run_command


def test_seal_and_open(run: Run, note: Path) -> None:
    """A file is sealed where it is, with its mode, and opened to standard output."""
    done = run("vault", "seal", note.name, "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stdout) == (0, "note.ipynb: sealed\n")
    assert note.read_bytes().startswith(MAGIC)
    assert b"canary" not in note.read_bytes()
    assert stat.S_IMODE(note.stat().st_mode) == 0o640
    assert os.listdir(note.parent) == ["note.ipynb"]
    done = run("vault", "open", note.name, "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stdout) == (0, CONTENT)


def test_sealing_twice(run: Run, sealed: Path) -> None:
    """A sealed file is not sealed again."""
    before = sealed.read_bytes()
    done = run("vault", "seal", sealed.name, "--password-stdin", given=PASSWORD)
    assert (done.returncode, done.stdout) == (0, "note.ipynb: sealed already\n")
    assert sealed.read_bytes() == before


def test_open_to_a_file(run: Run, sealed: Path) -> None:
    """-o makes a file for its owner only, and replaces none without --force."""
    out = sealed.with_name("plain.ipynb")
    command = ["vault", "open", sealed.name, "-o", out.name, "--password-stdin"]
    assert run(*command, given=PASSWORD).returncode == 0
    assert out.read_text() == CONTENT
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    out.write_text("mine")
    done = run(*command, given=PASSWORD)
    assert done.returncode == 1
    assert "--force" in done.stderr
    assert out.read_text() == "mine"
    assert run(*command, "--force", given=PASSWORD).returncode == 0
    assert out.read_text() == CONTENT


def test_open_in_place(run: Run, sealed: Path) -> None:
    """--in-place turns the file back into the plain one that it was."""
    command = ["vault", "open", "--in-place", sealed.name, "--password-stdin"]
    assert run(*command, given=PASSWORD).returncode == 0
    assert sealed.read_text() == CONTENT
    assert run(*command, given=PASSWORD).stdout == "note.ipynb: opened already\n"


def test_pipes(piped: Callable[..., tuple[int, bytes]]) -> None:
    """With - both work as filters, on any bytes."""
    content = os.urandom(300_000)
    code, sealed = piped("vault", "seal", "-", given=content)
    assert code == 0
    assert sealed.startswith(MAGIC)
    assert content[:32] not in sealed
    assert piped("vault", "open", "-", given=sealed) == (0, content)
    assert piped("vault", "open", "-", given=content) == (1, b"")
    assert piped("vault", "seal", "-", given=sealed) == (1, b"")


@pytest.mark.integration
def test_password_at_a_prompt(home: Home, sealed: Path) -> None:
    """The password is asked for by the name of the only account, and not shown."""
    with Terminal("vault", "open", sealed.name, variables=home.variables, cwd=home.work) as one:
        one.wait_for("Password of alice: ")
        one.type(PASSWORD)
        assert one.exit_code() == 0
        assert "canary" in one.shown
        assert PASSWORD not in one.shown


@pytest.mark.parametrize("command", ["seal", "open"])
@pytest.mark.parametrize("options", [[], ["--username", "bob"]])
def test_wrong_password(run: Run, home: Home, note: Path, command: str, options: list[str]) -> None:
    """A wrong password or name changes nothing and is told alike."""
    given = PASSWORD if options else "not the password"
    done = run("vault", command, note.name, *options, "--password-stdin", given=given)
    assert done.returncode == 1
    assert given not in done.stderr
    assert note.read_text() == CONTENT
    assert os.listdir(home.work) == ["note.ipynb"]


def test_recovery_key_without_anything_else(run: Run, home: Home, sealed: Path) -> None:
    """The recovery key and the file suffice: no vault.json, no database, no account."""
    shutil.rmtree(home.state)
    command = ["vault", "open", sealed.name, "--recovery-key-stdin"]
    key = home.facts["recovery_key"]
    assert run(*command, given=key.lower().replace("-", " ")).stdout == CONTENT
    mistyped = run(*command, given=key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert mistyped.returncode == 1
    assert "mistyped" in mistyped.stderr


def test_recovery_key_of_another_vault(run: Run, sealed: Path) -> None:
    """Another vault's recovery key is told from a damaged file."""
    from jupyter_secure.vault.keys import RootKey
    from jupyter_secure.vault.recovery_key import encode_recovery_key

    other = encode_recovery_key(RootKey.generate())
    before = sealed.read_bytes()
    done = run("vault", "open", "--in-place", sealed.name, "--recovery-key-stdin", given=other)
    assert done.returncode == 1
    assert "does not belong to the vault" in done.stderr
    assert sealed.read_bytes() == before


@pytest.mark.parametrize("damage", ["flip", "cut", "header"])
def test_damaged(run: Run, sealed: Path, damage: str) -> None:
    """A damaged file says so; nothing is written, and it stays as it is."""
    blob = bytearray(sealed.read_bytes())
    if damage == "cut":
        del blob[-1]
    else:
        blob[-1 if damage == "flip" else 40] ^= 1
    sealed.write_bytes(blob)
    for options in (["-o", "out"], ["--in-place"]):
        done = run("vault", "open", sealed.name, *options, "--password-stdin", given=PASSWORD)
        assert done.returncode == 1
        assert "damaged" in done.stderr
    assert os.listdir(sealed.parent) == ["note.ipynb"]
    assert sealed.read_bytes() == blob
    done = run("vault", "open", sealed.name, "--password-stdin", given=PASSWORD)
    assert done.returncode == 1


def test_several(run: Run, home: Home, note: Path) -> None:
    """Of several files the good ones are sealed, and the exit code says that one was not."""
    (home.work / "b.ipynb").write_text("{}")
    names = [note.name, "missing.ipynb", "b.ipynb"]
    done = run("vault", "seal", *names, "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "missing.ipynb" in done.stderr
    assert done.stdout == "note.ipynb: sealed\nb.ipynb: sealed\n"


def test_hard_links(run: Run, note: Path) -> None:
    """A file with another name is not sealed: its content would stay under that one."""
    note.with_name("other.ipynb").hardlink_to(note)
    done = run("vault", "seal", note.name, "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "hard links" in done.stderr
    assert note.read_text() == CONTENT


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file(run: Run, home: Home, kind: str) -> None:
    """A folder or a pipe is refused by name, at once."""
    path = home.work / "thing"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    done = run("vault", "seal", "thing", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "thing" in done.stderr


def test_status(run: Run, home: Home) -> None:
    """`vault status` says which vault it is, where, and who opens it."""
    done = run("vault", "status")
    assert done.returncode == 0
    assert str(home.state / "vault.json") in done.stdout
    assert "alice" in done.stdout


def test_not_set_up(run: Run) -> None:
    """Without a set-up there is nothing to seal with."""
    done = run("vault", "seal", "x", "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert "jupyter secure init" in done.stderr


@pytest.mark.integration
def test_memory(home: Home) -> None:
    """A file of 300 MB is sealed and opened in much less memory than its size."""
    path = home.work / "big.ipynb"
    with path.open("wb") as file:
        file.truncate(300_000_000)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (250_000_000, 250_000_000))

    for command in (["seal", path.name], ["open", "--in-place", path.name]):
        done = subprocess.run(
            [*COMMAND, "vault", *command, "--password-stdin"],
            input=PASSWORD,
            env=home.variables,
            cwd=home.work,
            preexec_fn=limit,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert path.stat().st_size == 300_000_000
