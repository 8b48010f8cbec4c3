from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from jupyter_secure.cli.main import COMMANDS, main

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_help(run: Run) -> None:
    """`jupyter secure --help` names every command."""
    done = run("--help")
    assert done.returncode == 0
    assert all(f"  {command}  " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The help of each command shows how it is used."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert f"  jupyter secure {command}" in shown


@pytest.mark.parametrize("action", ["status", "seal", "open"])
def test_vault_commands_have_help_with_an_example(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So does the help of each part of `vault`."""
    with pytest.raises(SystemExit):
        main(["vault", action, "--help"])
    assert f"  jupyter secure vault {action}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["init", "--frobnicate"],
        ["init"],
        ["init", "--key", "k.pem"],
        ["init", "--non-interactive"],
        ["init", "--non-interactive", "--username", "alice"],
        ["init", "--json"],
        ["vault"],
        ["vault", "seal"],
        ["vault", "seal", "-", "a.ipynb"],
        ["vault", "seal", "a", "b", "-o", "c"],
        ["vault", "open", "a", "b"],
        ["vault", "open", "-", "--in-place"],
        ["vault", "open", "-", "--password-stdin"],
        ["vault", "open", "a", "--password-stdin", "--recovery-key-stdin"],
    ],
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    """Wrong usage says so on standard error and ends with exit code 2."""
    done = run(*arguments)
    assert done.returncode == 2
    assert "jupyter secure" in done.stderr
    assert done.stdout == ""


def test_version(run: Run) -> None:
    """`--version` says the version of the package."""
    from jupyter_secure import __version__

    assert run("--version").stdout == f"jupyter-secure {__version__}\n"


def test_unexpected_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug of ours shows no traceback and none of its text, unless --debug asks for it."""
    from jupyter_secure.cli import status

    def broken(_args: object) -> int:
        raise ValueError("the content of a notebook")

    monkeypatch.setattr(status, "run", broken)
    assert main(["status"]) == 1
    shown = capsys.readouterr().err
    assert "ValueError" in shown
    assert "the content" not in shown
    assert main(["status", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_reader_that_goes_away(variables: dict[str, str]) -> None:
    """Output into a pipe that is closed early ends without a complaint."""
    from support.terminal import COMMAND

    done = subprocess.run(
        ["sh", "-c", '"$@" | head -c 0', "sh", *COMMAND, "status", "--json"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
