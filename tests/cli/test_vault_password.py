from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from support.home import PASSWORD, Home
from support.terminal import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]

NEW = "an otter under Hay bridge"


def test_changed(run: Run, home: Home) -> None:
    """The new password opens what was sealed before; what an old copy does is said."""
    note = home.work / "a.ipynb"
    note.write_text("{}")
    run("vault", "seal", note.name, "--password-stdin", given=PASSWORD)
    done = run("vault", "password", "--password-stdin", given=f"{PASSWORD}\n{NEW}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "older copy of vault.json" in done.stdout
    assert NEW not in done.stdout
    opened = run("vault", "open", note.name, "--password-stdin", given=NEW)
    assert (opened.returncode, opened.stdout) == (0, "{}")
    assert run("vault", "open", note.name, "--password-stdin", given=PASSWORD).returncode == 1
    key = home.facts["recovery_key"]
    assert run("vault", "open", note.name, "--recovery-key-stdin", given=key).stdout == "{}"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (f"not the password\n{NEW}\n", "does not open the vault"),
        (f"{PASSWORD}\npassword12\n", "password"),
        (f"{PASSWORD}\n", "no password on standard input"),
    ],
)
def test_refused(run: Run, home: Home, given: str, says: str) -> None:
    """A wrong old password, a weak new one or a missing one changes nothing."""
    before = (home.state / "vault.json").read_bytes()
    done = run("vault", "password", "--password-stdin", given=given)
    assert done.returncode == 1
    assert says in done.stderr
    assert (home.state / "vault.json").read_bytes() == before


@pytest.mark.integration
def test_at_a_prompt(run: Run, home: Home) -> None:
    """It asks for the old one, then twice for a new one that will do, and shows none of them."""
    with Terminal("vault", "password", variables=home.variables, cwd=home.work) as one:
        one.wait_for("Old password of alice: ")
        one.type(PASSWORD)
        for answer in ("short", NEW):
            one.wait_for("New password: ")
            one.type(answer)
        one.wait_for("The same again: ")
        one.type(NEW + "x")
        one.wait_for("The two passwords differ")
        for question in ("New password: ", "The same again: "):
            one.wait_for(question)
            one.type(NEW)
        assert one.exit_code() == 0
        assert NEW not in one.shown
    note = home.work / "a.ipynb"
    note.write_text("{}")
    assert run("vault", "seal", note.name, "--password-stdin", given=NEW).returncode == 0
