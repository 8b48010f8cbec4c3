"""Starting the agent, asking how it is, and ending it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.app.git import protocol
from jupyter_secure.app.git.client import AgentRefused, NoAgent, ask
from jupyter_secure.errors import Conflict, InvalidInput, StateUnusable

if TYPE_CHECKING:
    from jupyter_secure.vault.keys import RootKey

_MOST_MINUTES = 24 * 60
_END_SECONDS = 10.0
_START_SECONDS = 60.0


def start(state: Path, root: RootKey, minutes: float) -> list[str]:
    """Start an agent with this key, in place of one that runs.

    Returns what protection of its memory could not be had, in words. Raises ``InvalidInput`` for a
    time that is none, and what the agent could not start for.
    """
    if sys.platform == "win32":
        raise InvalidInput(
            "There is no agent for Git on Windows.", remedy="Use `git setup --key-file` instead."
        )
    check_minutes(minutes)
    end(state)
    command = [sys.executable, "-m", "jupyter_secure.app.git.agent", str(state), str(minutes * 60)]
    # `-m` looks for modules in the current folder first, and that may be anybody's.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(sys.executable).anchor,
    ) as process:
        try:
            said, _ = process.communicate(root.expose(), timeout=_START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    first, *rest = said.decode().split("\n")
    if first == "no":
        what, why, remedy = rest
        raise StateUnusable(what, why=why, remedy=remedy)
    if first != "ready":
        raise StateUnusable("The agent did not start.", remedy="Run it again with --debug.")
    return rest


def check_minutes(minutes: float) -> None:
    """Raise ``InvalidInput`` for a time that is none, or too long to be forgotten about."""
    if not 0 < minutes <= _MOST_MINUTES:
        raise InvalidInput(f"The time must be more than 0 and at most {_MOST_MINUTES} minutes.")


def end(state: Path) -> bool:
    """End the agent, and wait until it is gone; say whether there was one.

    Raises ``Conflict`` for one that stays.
    """
    if seconds_left(state) is None:
        return False
    with contextlib.suppress(NoAgent, AgentRefused):
        ask(str(state), protocol.LOCK)
    until = time.monotonic() + _END_SECONDS
    while (state / protocol.FOLDER / protocol.SOCKET).exists():
        if time.monotonic() > until:
            raise Conflict(
                "The agent does not end.",
                why="It may be in the middle of a large file.",
                remedy="Try again.",
            )
        time.sleep(0.02)
    return True


def seconds_left(state: Path) -> int | None:
    """Return how long an agent goes on without use; None if none answers."""
    try:
        return int(json.loads(ask(str(state), protocol.STATUS))["seconds_left"])
    except (NoAgent, AgentRefused, ValueError, KeyError):
        return None
