"""``jupyter secure settings``: what an administrator can set, with its help."""

from __future__ import annotations

import argparse
import subprocess
import sys

from jupyter_secure.cli.exit_code import DONE

DESCRIPTION = "Show every setting of SecureConfig, what it means and what it is by default."
EXAMPLE = """\
examples:
  jupyter secure settings
  jupyter lab --SecureConfig.idle_minutes=30      set one for this start
  c.SecureConfig.idle_minutes = 30                in jupyter_server_config.py"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(args: argparse.Namespace) -> int:  # noqa: ARG001  # every command is called with them
    """Print the settings."""
    # In a program of its own: they are Jupyter's kind of settings, and this one does not know it.
    command = [sys.executable, "-P", "-m", "jupyter_secure.server.config"]
    if sys.version_info < (3, 11):
        command.remove("-P")  # which keeps the current folder out of where modules are looked for
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stdout, end="")
    return DONE
