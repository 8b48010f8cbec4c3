"""What a command brings with it before it can begin, each in an interpreter of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support import in_process
from support.home import PASSWORD, Home, set_up

from jupyter_secure.cli.audit import _ACTIONS as OF_AUDIT
from jupyter_secure.cli.git import _ACTIONS as OF_GIT
from jupyter_secure.cli.history import _ACTIONS as OF_HISTORY
from jupyter_secure.cli.main import COMMANDS
from jupyter_secure.cli.user import _ACTIONS as OF_USER
from jupyter_secure.cli.vault import _ACTIONS as OF_VAULT

# What takes long to import. A command may bring of it what its row below names, and nothing else:
# whoever adds to a row makes every start of that command slower.
CRYPTOGRAPHY = {"cryptography"}
CERTIFICATES = CRYPTOGRAPHY | {"cryptography.x509"}
# SQLAlchemy imports the others itself: its dialect for SQLite comes with one for `asyncio`.
DATABASE = {"asyncio", "email", "importlib.metadata", "sqlalchemy", "sqlite3"}
OTHERS = {
    *("fido2", "jinja2", "jupyter_client", "jupyter_core", "jupyter_server", "jupyterlab"),
    *("msgspec", "nbdime", "nbformat", "pygit2", "pyotp", "segno", "tornado", "traitlets"),
    *("zxcvbn",),
}
HEAVY = CERTIFICATES | DATABASE | OTHERS
NOTHING: set[str] = set()

_PROGRAM = """
import json, sys
from jupyter_secure.cli.main import main
found = {}
for words in json.loads(sys.argv[1]):
    before = set(sys.modules)
    try:
        code = main(words)
    except SystemExit as ended:  # help, and wrong usage
        code = ended.code
    found[" ".join(words)] = code, sorted(set(sys.modules) - before)
print("\\n" + json.dumps(found), file=sys.stderr)
"""

ACCOUNT = "--username alice --password-stdin"
RUNS = [
    # The command, its exit code, and what it may bring.
    (f"vault seal plain.txt -o new.sealed {ACCOUNT}", 0, CRYPTOGRAPHY),
    (f"vault open sealed.txt -o new.txt {ACCOUNT}", 0, CRYPTOGRAPHY),
    (f"vault open sealed.txt {ACCOUNT}", 0, CRYPTOGRAPHY),
    ("vault seal - -o piped.sealed --key-file key", 0, CRYPTOGRAPHY),
    (f"vault verify sealed.txt {ACCOUNT}", 0, CRYPTOGRAPHY),
    ("vault status", 0, CRYPTOGRAPHY),
    ("vault slots", 0, CRYPTOGRAPHY),
    ("git status", 1, NOTHING),
    ("git check --staged", 0, NOTHING),
    ("git textconv sealed.txt", 0, NOTHING),
    ("git lock", 0, NOTHING),
    ("audit show", 0, CRYPTOGRAPHY),
    ("certificate show", 0, CERTIFICATES | {"email"}),
    ("settings", 0, NOTHING),
    ("ssh-command", 0, NOTHING),
    # These ask the database, or tell it.
    (f"vault seal other.txt {ACCOUNT}", 0, CRYPTOGRAPHY | DATABASE),
    (f"history list sealed.ipynb {ACCOUNT}", 0, CRYPTOGRAPHY | DATABASE),
    ("session list", 0, DATABASE),
    ("status", 0, CERTIFICATES | DATABASE),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a repository in which files lie, plain and sealed."""
    home = set_up(tmp_path_factory.mktemp("home"))
    for name in ("plain.txt", "other.txt", "sealed.txt", "sealed.ipynb"):
        (home.work / name).write_text("{}")
    for command in ("vault seal sealed.txt sealed.ipynb", "vault slots add --key-file key"):
        done = in_process.run(
            [*command.split(), *ACCOUNT.split()],
            variables=home.variables,
            cwd=home.work,
            given=PASSWORD.encode(),
        )
        assert done.returncode == 0, done.stderr
    subprocess.run(["git", "init", "-q", home.work], env=home.variables, check=True)
    return home


def brought_by(commands: list[list[str]], home: Home) -> dict[str, tuple[int, list[str]]]:
    """Run commands one after the other; return the exit code and the new modules of each."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(commands)],
        env=home.variables,
        cwd=home.work,
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, tuple[int, list[str]]] = json.loads(done.stderr.splitlines()[-1])
    return found


@pytest.mark.parametrize(("command", "code", "may_bring"), RUNS, ids=[row[0] for row in RUNS])
def test_a_command_brings_only_what_it_needs(
    home: Home, command: str, code: int, may_bring: set[str]
) -> None:
    """It imports nothing that takes long and is for other commands."""
    ended, modules = brought_by([command.split()], home)[command]
    assert ended == code
    too_much = sorted(HEAVY.intersection(modules) - may_bring)
    assert not too_much, f"`{command}` imports {too_much}. Who does: `python -X importtime`."


def test_help_brings_nothing(home: Home) -> None:
    """The help of no command, and of no sub-command, imports anything that takes long."""
    groups = {
        "audit": OF_AUDIT,
        "certificate": ("show", "renew"),
        "git": OF_GIT,
        "history": OF_HISTORY,
        "session": ("list", "end"),
        "token": ("list", "create", "revoke"),
        "user": OF_USER,
        "vault": OF_VAULT,
    }
    commands = [[], *([name] for name in COMMANDS)]
    commands += [[name, action] for name, actions in groups.items() for action in actions]
    found = brought_by([[*words, "--help"] for words in commands], home)
    assert len(found) == len(commands)
    for command, (code, modules) in found.items():
        assert code == 0, command
        too_much = sorted(HEAVY.intersection(modules))
        assert not too_much, f"`{command}` imports {too_much}. Who does: `python -X importtime`."


def test_other_commands_are_not_imported(home: Home) -> None:
    """Of the commands only the module of the one that is asked for is imported."""
    help_of_one = ["user", "list", "--help"]
    _, modules = brought_by([help_of_one], home)[" ".join(help_of_one)]
    others = {*(module for module, _ in COMMANDS.values()), "user_add", "user_change", "user_reset"}
    others -= {"user"}
    assert "jupyter_secure.cli.user_list" in modules
    assert not {f"jupyter_secure.cli.{name}" for name in others}.intersection(modules)
