from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from support.home import Home
from support.terminal import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_yes(run: Run, home: Home) -> None:
    """--yes takes the settings out and says how to open sealed files."""
    config = home.path / "config/jupyter_server_config.json"
    assert config.exists()
    done = run("disable", "--yes")
    assert done.returncode == 0
    assert not config.exists()
    assert "jupyter secure vault open" in done.stdout
    assert (home.state / "vault.json").exists()
    assert run("disable", "--yes").returncode == 1


@pytest.mark.parametrize(("answer", "code", "stays"), [("no", 1, True), ("yes", 0, False)])
def test_asks(home: Home, answer: str, code: int, stays: bool) -> None:
    """Without --yes it says what it is about to do, and does it only after `yes`."""
    config = home.path / "config/jupyter_server_config.json"
    with Terminal("disable", variables=home.variables, cwd=home.work) as terminal:
        terminal.wait_for("Type yes")
        assert str(config) in terminal.shown
        terminal.type(answer)
        assert terminal.exit_code() == code
    assert config.exists() is stays


@pytest.mark.usefixtures("home")
def test_nobody_to_ask(run: Run) -> None:
    """Without a terminal and without --yes it is wrong usage."""
    assert run("disable").returncode == 2


def test_never_set_up(run: Run) -> None:
    """Where nothing is set up it says so."""
    done = run("disable", "--yes")
    assert done.returncode == 1
    assert "nothing to take back" in done.stderr
