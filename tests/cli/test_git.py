"""``jupyter secure git``, as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gits import CANARY, PASSWORDS, Person, cell, edited, notebook, person, vault_for_two

from jupyter_secure.store.key_file import make_key_file
from jupyter_secure.store.vault_file import load_keyring, save_keyring

FIRST = notebook(cell(CANARY, "a"), cell("b", "b"))


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Person]:
    """Alice, with one sealed notebook committed; nothing is installed, nothing open."""
    alice = person("alice", tmp_path / "alice", *vault_for_two())
    alice.git("init", "-q", "-b", "main")
    alice.commit("a.ipynb", FIRST)
    yield alice
    alice.lock()


def test_help(alice: Person) -> None:
    """The list of commands has those for people, and each explains itself."""
    said = alice.secure("git", "--help").stdout
    for name in ("setup", "status", "check", "unlock", "lock"):
        assert f"    {name} " in said
        assert "example" in alice.secure("git", name, "--help").stdout
    assert "textconv" not in said.split("commands:")[1].split("examples:")[0]
    assert alice.secure("git").returncode == 2


def test_status(alice: Person) -> None:
    """It names what is missing and the command for it, until nothing is."""
    done = alice.secure("git", "status")
    assert done.returncode == 1
    assert "jupyter secure git setup" in done.stdout
    alice.set_up("--hook")
    said = alice.secure("git", "status").stdout
    assert "jupyter secure git unlock" in said
    alice.unlock("--minutes", "5")
    done = alice.secure("git", "status")
    assert done.returncode == 0, done.stdout
    assert "open for Git, 4 min" in done.stdout
    facts = json.loads(alice.secure("git", "status", "--json").stdout)
    assert all(facts[name] for name in ("textconv", "merge", "attributes", "hook"))
    assert not facts["plain"]
    assert 200 < facts["open_seconds"] <= 300


def test_check(alice: Person) -> None:
    """Plain notebooks are listed with where they are; exit code 1."""
    assert alice.secure("git", "check").stdout == "Nothing in plain text.\n"
    (alice.clone / "p.ipynb").write_text(CANARY)
    alice.git("add", "-A")
    done = alice.secure("git", "check", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == [{"path": "p.ipynb", "where": "staged"}]
    alice.git("commit", "-qm", "oh")
    alice.git("rm", "-qf", "p.ipynb")
    alice.git("commit", "-qm", "gone")
    assert alice.secure("git", "check").returncode == 0
    done = alice.secure("git", "check", "--history")
    assert "p.ipynb: history in plain text" in done.stdout
    assert CANARY not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("setup", "--global", "--hook"), "--global is for no repository in particular"),
        (("setup", "/"), "is in no Git repository"),
        (("status", "nowhere"), "There is no folder nowhere"),
        (("unlock", "--minutes", "0", "--password-stdin"), "at most 1440"),
        (("unlock", "--username", "alice", "--password-stdin"), "not"),
        (("setup", "--key-file", "nowhere"), "There is no key file"),
    ],
)
def test_bad_input(alice: Person, arguments: tuple[str, ...], said: str) -> None:
    """What cannot be done is explained, and nothing is changed."""
    done = alice.secure("git", *arguments, given="wrong")
    assert done.returncode == 1
    assert said in done.stderr
    assert "jupyter-secure" not in (alice.clone / ".git" / "config").read_text()
    assert not (alice.state / "git").exists()


def test_lock_when_it_is_not_open(alice: Person) -> None:
    """Closing what is closed is fine."""
    done = alice.secure("git", "lock")
    assert (done.returncode, done.stdout) == (0, "The vault was not open for Git.\n")


def test_a_key_file(alice: Person) -> None:
    """With a key file nothing needs to be unlocked, neither to look nor to merge."""
    key_file = alice.home / "vault.key"
    keyring = load_keyring(alice.state)
    save_keyring(alice.state, keyring.add_key_file(alice.root, "for git", make_key_file(key_file)))
    alice.set_up("--key-file", str(key_file))
    assert CANARY in alice.git("log", "-p")
    alice.git("checkout", "-qb", "theirs")
    alice.commit("a.ipynb", edited(FIRST, 0, "x"))
    alice.git("checkout", "-q", "main")
    alice.commit("a.ipynb", edited(FIRST, 1, "y"))
    alice.git("merge", "-q", "theirs", "-m", "merged")
    assert alice.sources("a.ipynb") == ["x", "y"]
    key_file.unlink()
    assert "There is no key file" in alice.git("log", "-p")
    assert alice.secure("git", "status").stdout.count("not open") == 1


def test_by_cell(alice: Person) -> None:
    """--by-cell has nbdime show `git diff`; closed, one line for each side."""
    alice.set_up("--by-cell")
    alice.save("a.ipynb", edited(FIRST, 0, "new words"))
    alice.git("add", "-N", ".")
    closed = alice.git("diff", "--", "a.ipynb")
    assert "-sealed file, version 1" in closed
    assert "+sealed file, version 2" in closed
    assert CANARY not in closed
    alice.unlock()
    shown = alice.git("diff", "--", "a.ipynb")
    assert "modified /cells/0/source" in shown
    assert f"-  {CANARY}" in shown
    assert "+  new words" in shown
    assert alice.temporary.exists()
    assert not list(alice.temporary.iterdir())
    alice.save("new.ipynb", FIRST)
    alice.git("add", "-A")
    assert CANARY in alice.git("diff", "--cached", "--", "new.ipynb")


def test_locked_ones(alice: Person) -> None:
    """A private notebook has its line in the log, with the reason; the vault being open or not."""
    given = PASSWORDS["alice"]
    done = alice.secure(
        "lock", "a.ipynb", "--mode", "private", "--username", "alice", "--password-stdin",
        given=given,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    alice.set_up()
    alice.unlock()
    shown = alice.git("log", "-p", "--", "a.ipynb")
    assert "is private. alice locked it, and Git cannot ask for a code." in shown
    assert CANARY not in shown
