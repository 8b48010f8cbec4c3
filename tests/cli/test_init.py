from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from support import in_process
from support.home import PASSWORD, Home
from support.terminal import Terminal

from jupyter_secure.crypto.x509 import inspect, make_self_signed

Run = Callable[..., "subprocess.CompletedProcess[str]"]
FilesIn = Callable[[], "set[str]"]

SCRIPTED = ["init", "--non-interactive", "--username", "alice", "--password-stdin"]
SECRET = r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}"


class Person:
    """Someone who runs ``jupyter secure init`` and answers."""

    def __init__(self, variables: dict[str, str], cwd: Path, *arguments: str) -> None:
        self.terminal = Terminal("init", *arguments, variables=variables, cwd=cwd)

    def __enter__(self) -> Person:
        self.terminal.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.terminal.__exit__(None, None, None)

    def answer(self, question: str, text: str) -> None:
        self.terminal.wait_for(question)
        self.terminal.type(text)

    def give_password(self, password: str, again: str | None = None) -> None:
        self.answer("Password: ", password)
        if again is not None:
            self.answer("The same again: ", again)

    def to_the_code(self) -> pyotp.TOTP:
        """Answer everything up to the confirming code; return the authenticator."""
        self.answer("User name", "Alice")
        self.give_password(PASSWORD, PASSWORD)
        self.answer("Turn that off", "")
        self.answer("Start no language servers", "")
        self.answer("Turn the debugger off", "")
        return pyotp.TOTP(self.terminal.wait_for(SECRET).group().replace(" ", ""))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ── with questions ──────────────────────────────────────────────────────────────────────────────


def test_interactive(variables: dict[str, str], tmp_path: Path, run: Run) -> None:
    """It asks, confirms a code, shows each secret once, and everything is on afterwards."""
    with Person(variables, tmp_path / "work") as person:
        authenticator = person.to_the_code()
        person.answer("Code from the app", authenticator.now())
        assert person.terminal.exit_code() == 0
        shown = person.terminal.shown
    assert PASSWORD not in shown
    assert shown.count("-", shown.index("Recovery codes")) >= 10 * 3 + 13
    assert "▀" in shown
    assert "1. Restart Jupyter" in shown
    assert "3. See what is on" in shown
    done = run("status")
    assert done.returncode == 0, done.stdout
    assert "Alice: confirmed, 10 recovery codes left" in done.stdout


@pytest.mark.integration
def test_second_thoughts(variables: dict[str, str], tmp_path: Path) -> None:
    """A weak password, a mismatched repeat and a wrong code are each asked for again."""
    with Person(variables, tmp_path / "work") as person:
        person.answer("User name", "a/b")
        person.terminal.wait_for("cannot be used")
        person.answer("User name", "Alice")
        person.give_password("short")
        person.terminal.wait_for("too short")
        person.give_password("password12345")
        person.terminal.wait_for("would be guessed")
        person.give_password(PASSWORD, PASSWORD + "!")
        person.terminal.wait_for("differ")
        person.give_password(PASSWORD, PASSWORD)
        person.answer("Turn that off", "perhaps")
        person.answer("Turn that off", "n")
        person.answer("Start no language servers", "n")
        person.answer("Turn the debugger off", "n")
        secret = person.terminal.wait_for(SECRET).group().replace(" ", "")
        now = pyotp.TOTP(secret).now()
        person.answer("Code from the app", "12345")
        person.terminal.wait_for("not the current code")
        person.answer("Code from the app", f"{now[:3]} {now[3:]}")
        assert person.terminal.exit_code() == 0
    # "n" kept what they asked about as it was.
    settings = (tmp_path / "config/jupyter_server_config.json").read_text()
    assert "LanguageServerManager" not in settings
    assert not list((tmp_path / "ipython").rglob("*"))
    assert not (tmp_path / "config/labconfig").exists()


@pytest.mark.integration
def test_enrolling_code_does_not_log_in(variables: dict[str, str], tmp_path: Path) -> None:
    """The code that confirmed the enrolment has been used, and is on record as such."""
    import sqlite3

    with Person(variables, tmp_path / "work") as person:
        authenticator = person.to_the_code()
        before = int(time.time()) // 30
        person.answer("Code from the app", authenticator.now())
        assert person.terminal.exit_code() == 0
    with sqlite3.connect(tmp_path / "data/secure/state.db") as database:
        row = database.execute("SELECT totp_last_step, confirmed FROM accounts").fetchone()
    database.close()
    assert row[0] - before in (0, 1)
    assert row[1] == 1


@pytest.mark.integration
def test_wrong_code_for_good(variables: dict[str, str], tmp_path: Path, files_in: FilesIn) -> None:
    """Five wrong codes end it with exit code 1, a hint at the clock, and nothing on the disk."""
    with Person(variables, tmp_path / "work") as person:
        person.to_the_code()
        for _ in range(5):
            person.answer("Code from the app", "abcdef")
        assert person.terminal.exit_code() == 1
        assert "clocks" in person.terminal.shown
    assert files_in() == set()
    assert not (tmp_path / "data/secure").exists()


@pytest.mark.integration
@pytest.mark.parametrize("question", ["User name", "Password: ", "Turn that off", "Code from"])
def test_ctrl_c(
    variables: dict[str, str], tmp_path: Path, files_in: FilesIn, question: str
) -> None:
    """Ctrl-C at any question ends it with exit code 1 and leaves nothing."""
    answers = {
        "User name": "Alice",
        "Password: ": PASSWORD,
        "The same again": PASSWORD,
        "Turn that off": "",
        "Start no language servers": "",
        "Turn the debugger off": "",
        "Code from": "",
    }
    with Person(variables, tmp_path / "work") as person:
        for asked, text in answers.items():
            person.terminal.wait_for(asked)
            if asked == question:
                break
            person.terminal.type(text)
        person.terminal.press_ctrl_c()
        assert person.terminal.exit_code() == 1
        assert "Stopped." in person.terminal.shown
        assert "Traceback" not in person.terminal.shown
    assert files_in() == set()


# ── from a script ───────────────────────────────────────────────────────────────────────────────


def test_scripted(run: Run, tmp_path: Path) -> None:
    """--json prints exactly what the contract names, and nothing else."""
    done = run(*SCRIPTED, "--json", given=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts.keys() == {
        "username",
        "totp_uri",
        "recovery_codes",
        "recovery_key",
        "audit_key",
        "certificate",
        "config_file",
    }
    assert facts["username"] == "alice"
    assert len(set(facts["recovery_codes"])) == 10
    config = json.loads(Path(facts["config_file"]).read_text())
    assert config["ServerApp"]["certfile"] == facts["certificate"]
    state = tmp_path / "data/secure"
    assert mode(state) == 0o700
    assert {path.name for path in state.iterdir()} == {
        "vault.json",
        "state.db",
        "tls",
        "settings-before.json",
        "audit",
    }
    assert all(not mode(path) & 0o077 for path in state.rglob("*"))
    assert "not confirmed yet" in run("status").stdout


def test_scripted_for_reading(run: Run) -> None:
    """Without --json the same is printed for people, without colours for the QR code."""
    done = run(*SCRIPTED, given=PASSWORD)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "Recovery key" in done.stdout


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "no password"),
        ("short\n", "too short"),
        ("qwertyuiop123\n", "guessed"),
        ("alicealicealice\n", "guessed"),
        ("x" * 2000 + "\n", "too long"),
    ],
)
def test_scripted_with_a_bad_password(run: Run, files_in: FilesIn, given: str, words: str) -> None:
    """A password that will not do ends it with exit code 1, and nothing is written."""
    done = run(*SCRIPTED, "--json", given=given)
    assert done.returncode == 1
    assert words in done.stderr
    assert len(given) < 10 or given.strip() not in done.stderr
    assert done.stdout == ""
    assert files_in() == set()


def test_password_that_is_not_text(variables: dict[str, str], tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are refused with a message."""
    given = b"\xff\xfe" * 10
    done = in_process.run(SCRIPTED, variables=variables, cwd=tmp_path, given=given)
    assert done.returncode == 1
    assert b"UTF-8" in done.stderr


def test_again(run: Run, home: Home, files_in: FilesIn) -> None:
    """Run again it changes nothing, says what is there, and gives out no secret."""
    before = {name: (home.path / name).read_bytes() for name in files_in()}
    done = run(*SCRIPTED, "--json", given="another password entirely\n")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"already_set_up": True, "state_dir": str(home.state)}
    done = run(*SCRIPTED, given="another password entirely\n")
    assert done.returncode == 0
    assert "nothing was changed" in done.stdout
    assert "alice: not confirmed yet" in done.stdout
    after = {name: (home.path / name).read_bytes() for name in files_in()}
    assert after == before


def test_again_after_settings_were_lost(run: Run, home: Home) -> None:
    """When the settings are gone while the state is there, running it again puts them back."""
    config = home.path / "config/jupyter_server_config.json"
    written = config.read_bytes()
    config.unlink()
    assert run("status").returncode == 1
    done = run(*SCRIPTED, given=PASSWORD)
    assert done.returncode == 0
    assert "back in effect" in done.stdout
    assert config.read_bytes() == written


def test_hostnames(run: Run) -> None:
    """--hostname adds names to the certificate beside those of the machine."""
    names = ["--hostname", "lab.example.org", "--hostname", "10.1.2.3"]
    done = run(*SCRIPTED, "--json", *names, given=PASSWORD)
    facts = inspect(Path(json.loads(done.stdout)["certificate"]).read_bytes())
    assert {"localhost", "127.0.0.1", "::1", "lab.example.org", "10.1.2.3"} <= set(facts.names)


def test_bad_hostname(run: Run, files_in: FilesIn) -> None:
    """What is no host name is refused, and nothing is written."""
    done = run(*SCRIPTED, "--hostname", "https://lab", given=PASSWORD)
    assert done.returncode == 1
    assert "'https://lab' is not a host name" in done.stderr
    assert files_in() == set()


def test_given_certificate(run: Run, tmp_path: Path) -> None:
    """A given certificate is used where it is, and none is made."""
    cert, key = make_self_signed(["lab.example.org"], 30)
    (tmp_path / "work/lab.pem").write_bytes(cert)
    (tmp_path / "work/lab.key").write_bytes(key)
    done = run(*SCRIPTED, "--json", "--cert", "lab.pem", "--key", "lab.key", given=PASSWORD)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["certificate"] == str(tmp_path / "work/lab.pem")
    assert not (tmp_path / "data/secure/tls").exists()
    assert "lab.example.org" in run("status").stdout


@pytest.mark.parametrize(
    ("days", "key_of_another", "words"), [(30, True, "does not belong"), (-1, False, "expired")]
)
def test_bad_certificate(
    run: Run, tmp_path: Path, days: int, key_of_another: bool, words: str
) -> None:
    """A certificate that no server could start with is refused before anything is written."""
    from datetime import datetime, timedelta, timezone

    made = datetime.now(timezone.utc) - timedelta(days=2)
    cert, key = make_self_signed(["lab"], 1 if days < 0 else days, now=made)
    if key_of_another:
        key = make_self_signed(["lab"], 30)[1]
    (tmp_path / "c.pem").write_bytes(cert)
    (tmp_path / "k.pem").write_bytes(key)
    options = ["--cert", str(tmp_path / "c.pem"), "--key", str(tmp_path / "k.pem")]
    done = run(*SCRIPTED, *options, given=PASSWORD)
    assert done.returncode == 1
    assert words in done.stderr
    assert not (tmp_path / "data/secure").exists()


def test_missing_certificate(run: Run) -> None:
    """A certificate that is not there is named."""
    done = run(*SCRIPTED, "--cert", "nowhere.pem", given=PASSWORD)
    assert done.returncode == 1
    assert "nowhere.pem" in done.stderr


def test_renew_certificate(run: Run, home: Home) -> None:
    """--renew-certificate makes a new one for the same names and changes nothing else."""
    old = inspect(home.certificate.read_bytes())
    database = (home.state / "vault.json").read_bytes()
    done = run("init", "--renew-certificate", "--hostname", "new.example.org")
    assert done.returncode == 0, done.stderr
    new = inspect(home.certificate.read_bytes())
    assert new.fingerprint_sha256 != old.fingerprint_sha256
    assert new.names == (*old.names, "new.example.org")
    assert (home.state / "vault.json").read_bytes() == database
    assert mode(home.certificate.with_name("key.pem")) == 0o600


def test_state_dir_elsewhere(run: Run, variables: dict[str, str], tmp_path: Path) -> None:
    """A state directory named by the environment is written into the settings, too."""
    variables["JUPYTER_SECURE_DIR"] = str(tmp_path / "elsewhere")
    done = run(*SCRIPTED, "--json", given=PASSWORD)
    config = json.loads(Path(json.loads(done.stdout)["config_file"]).read_text())
    assert config["SecureConfig"] == {"state_dir": str(tmp_path / "elsewhere")}
    assert run("status").returncode == 0


def test_state_dir_that_cannot_be_made(run: Run, variables: dict[str, str], tmp_path: Path) -> None:
    """A state directory below something that is no folder is named, with the remedy."""
    (tmp_path / "file").touch()
    variables["JUPYTER_SECURE_DIR"] = str(tmp_path / "file/secure")
    done = run(*SCRIPTED, given=PASSWORD)
    assert done.returncode == 1
    assert str(tmp_path / "file/secure") in done.stderr
    assert "JUPYTER_SECURE_DIR" in done.stderr


def test_unwritable_state_dir(
    run: Run, variables: dict[str, str], tmp_path: Path, files_in: FilesIn
) -> None:
    """A state directory that may not be written is named, and nothing else is left either."""
    (tmp_path / "closed").mkdir(mode=0o500)
    # Root may write everywhere but here.
    closed = "/proc/jupyter-secure" if os.geteuid() == 0 else str(tmp_path / "closed/secure")
    variables["JUPYTER_SECURE_DIR"] = closed
    done = run(*SCRIPTED, given=PASSWORD)
    assert done.returncode == 1
    assert f"The state directory {closed} cannot be written." in done.stderr
    assert files_in() == set()


def test_settings_that_are_not_json(run: Run, tmp_path: Path, files_in: FilesIn) -> None:
    """A settings file that cannot be understood is left alone, and so is everything else."""
    config = tmp_path / "config/jupyter_server_config.json"
    config.write_text('{"ServerApp": {"port": 9999},}')
    done = run(*SCRIPTED, given=PASSWORD)
    assert done.returncode == 1
    assert str(config) in done.stderr
    assert config.read_text() == '{"ServerApp": {"port": 9999},}'
    assert files_in() == {"config/jupyter_server_config.json"}
