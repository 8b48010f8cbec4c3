from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pyotp
import pytest
from support.home import PASSWORD, Home
from support.terminal import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]

NEW = "an otter under Hay bridge"
SECRET = r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}"


@pytest.fixture
def lost(run: Run, home: Home) -> Path:
    """A sealed notebook, and nothing else: state and settings are gone."""
    note = home.work / "a.ipynb"
    note.write_text("{}")
    assert run("vault", "seal", note.name, "--password-stdin", given=PASSWORD).returncode == 0
    shutil.rmtree(home.state)
    shutil.rmtree(home.path / "config")
    (home.path / "config").mkdir()
    return note


def recover(run: Run, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    return run(
        *("vault", "recover", ".", "--recovery-key-stdin", "--password-stdin", *options),
        given=f"{key}\n{NEW}\n",
    )


def test_set_up_again(run: Run, home: Home, lost: Path) -> None:
    """The same vault is there again: a new password and second factor, the same recovery key."""
    sealed = lost.read_bytes()
    done = recover(run, home.facts["recovery_key"], "--username", "Alice", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["username"] == "alice"
    assert facts["recovery_key"] == home.facts["recovery_key"]
    assert facts["totp_uri"] != home.facts["totp_uri"]
    assert "fits 1 sealed file." in done.stderr
    assert lost.read_bytes() == sealed
    opened = run("vault", "open", lost.name, "--password-stdin", given=NEW)
    assert (opened.returncode, opened.stdout) == (0, "{}")
    status = run("status", "--json")
    assert json.loads(status.stdout)["all_on"], status.stdout


def test_logging_in_again(run: Run, home: Home, lost: Path) -> None:
    """The server's own login takes the new password and code, and opens what was sealed before."""
    from jupyter_secure.app.state import State
    from jupyter_secure.identity.sessions import SessionPolicy
    from jupyter_secure.vault.envelope import FileClass

    done = recover(run, home.facts["recovery_key"], "--username", "alice", "--json")
    code = pyotp.parse_uri(json.loads(done.stdout)["totp_uri"]).at(datetime.now(timezone.utc))
    state = State.open(home.state, SessionPolicy())
    try:
        pending = state.log_in.first_step("alice", NEW, "192.0.2.1")
        state.log_in.second_step(pending, code, "192.0.2.1", "Browser/1")
        opened = state.vault.open_bytes(lost.read_bytes(), expect=FileClass.CONTENT)
        assert opened.data == b"{}"
    finally:
        state.close()


def test_another_vaults_key(run: Run, home: Home, lost: Path) -> None:
    """With another vault's recovery key nothing is set up."""
    from jupyter_secure.vault.keys import RootKey
    from jupyter_secure.vault.recovery_key import encode_recovery_key

    done = recover(run, encode_recovery_key(RootKey.generate()), "--username", "alice")
    assert done.returncode == 1
    assert "opens none of the 1 sealed files" in done.stderr
    assert not home.state.exists()
    assert lost.exists()


def test_where_something_is_set_up(run: Run, home: Home) -> None:
    """What is set up already is not replaced."""
    before = (home.state / "vault.json").read_bytes()
    done = recover(run, home.facts["recovery_key"], "--username", "alice")
    assert done.returncode == 1
    assert "set up already" in done.stderr
    assert (home.state / "vault.json").read_bytes() == before


@pytest.mark.usefixtures("lost")
def test_a_weak_password(run: Run, home: Home) -> None:
    """A weak new password is refused before anything is written."""
    done = run(
        *("vault", "recover", ".", "--recovery-key-stdin", "--password-stdin"),
        *("--username", "alice"),
        given=f"{home.facts['recovery_key']}\npassword12\n",
    )
    assert done.returncode == 1
    assert not home.state.exists()


@pytest.mark.parametrize("options", [[], ["--password-stdin"], ["--json"]])
def test_wrong_usage(run: Run, options: list[str]) -> None:
    """Without a terminal, and without the recovery key on standard input, it says what to give."""
    done = run("vault", "recover", ".", *options)
    assert done.returncode == 2
    assert "--recovery-key-stdin" in done.stderr


@pytest.mark.integration
def test_interactive(run: Run, home: Home, lost: Path) -> None:
    """It asks for the recovery key, and then goes on as `init` does."""
    with Terminal("vault", "recover", ".", variables=home.variables, cwd=home.work) as one:
        for question, answer in (
            ("Recovery key: ", home.facts["recovery_key"]),
            ("User name", "alice"),
            ("Password: ", NEW),
            ("The same again: ", NEW),
            ("Turn that off", ""),
            ("Start no language servers", ""),
            ("Turn the debugger off", ""),
        ):
            one.wait_for(question)
            one.type(answer)
        secret = one.wait_for(SECRET).group().replace(" ", "")
        one.wait_for("Code from the app")
        one.type(pyotp.TOTP(secret).now())
        assert one.exit_code() == 0
    opened = run("vault", "open", lost.name, "--password-stdin", given=NEW)
    assert opened.stdout == "{}"
