from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from support.home import PASSWORD, Home

Run = Callable[..., "subprocess.CompletedProcess[str]"]
GIVEN = ("--password-stdin",)


def test_create_list_revoke(run: Run, home: Home) -> None:
    """A token is printed alone and once, listed without its text, and gone when revoked."""
    done = run("token", "create", "nightly", "--folder", "a/b", *GIVEN, given=PASSWORD)
    assert done.returncode == 0, done.stderr
    text = done.stdout.strip()
    assert text.startswith("jst_")
    assert "read in “a/b”" in done.stderr
    assert home.files_holding(text.encode()) == []
    listed = run("token", "list")
    assert "“nightly”" in listed.stdout
    assert "never used" in listed.stdout
    assert text not in listed.stdout
    (facts,) = json.loads(run("token", "list", "--json", "--user", "ALICE").stdout)["tokens"]
    assert (facts["rights"], facts["folder"], facts["expired"]) == (["read"], "a/b", False)
    assert run("token", "list", "--user", "bob").stdout == "There are no access tokens.\n"
    assert run("token", "revoke", facts["id"]).stdout == "Access tokens revoked: 1.\n"
    assert run("token", "revoke", facts["id"]).returncode == 1
    assert run("token", "list").stdout == "There are no access tokens.\n"


def test_as_json(run: Run, home: Home) -> None:  # noqa: ARG001  # set up
    """For scripts: the text and what is kept of it."""
    rights = ("--right", "read", "--right", "execute")
    done = run("token", "create", "n", *rights, "--days", "1", "--json", *GIVEN, given=PASSWORD)
    facts = json.loads(done.stdout)
    assert facts["token"].startswith("jst_")
    assert facts["rights"] == ["execute", "read"]
    assert json.loads(run("token", "revoke", facts["id"], "--json").stdout) == {
        "revoked": [facts["id"]]
    }


@pytest.mark.parametrize(
    ("options", "password", "code", "said"),
    [
        ((), "wrong password of somebody", 1, "password"),
        (("--days", "0"), PASSWORD, 1, "366"),
        (("--days", "1000"), PASSWORD, 1, "366"),
        (("--folder", "../x"), PASSWORD, 1, "folder"),
        (("--username", "bob"), PASSWORD, 1, ""),
        (("--right", "manage"), PASSWORD, 2, "manage"),
        (("--days", "many"), PASSWORD, 2, "many"),
    ],
)
def test_what_cannot_be_made(
    run: Run,
    home: Home,  # noqa: ARG001  # set up
    options: tuple[str, ...],
    password: str,
    code: int,
    said: str,
) -> None:
    """A wrong password or wish makes no token, and is explained."""
    done = run("token", "create", "n", *options, *GIVEN, given=password)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
    assert run("token", "list").stdout == "There are no access tokens.\n"


def test_a_person_gives_a_code_too(run: Run, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --password-stdin a right password does not do: a code is used up with it."""
    spare = home.spare_code()
    for code, expected in (("000000", 1), (spare, 0), (spare, 1)):
        answers = iter([PASSWORD, code])
        monkeypatch.setattr("getpass.getpass", lambda _prompt, answers=answers: next(answers))
        assert run("token", "create", "n").returncode == expected


def test_without_a_set_up(run: Run) -> None:
    """It says what to run."""
    for command in (("list",), ("revoke", "x"), ("create", "n", *GIVEN)):
        done = run("token", *command, given=PASSWORD)
        assert done.returncode == 1
        assert "jupyter secure init" in done.stderr


def test_help(run: Run) -> None:
    """Without a sub-command it explains itself."""
    assert run("token").returncode == 2
    assert "revoke" in run("token", "--help").stdout
