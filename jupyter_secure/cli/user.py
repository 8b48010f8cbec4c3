"""``jupyter secure user``: its sub-commands, each in a module ``user_*``."""

from __future__ import annotations

import argparse

from jupyter_secure.cli import subcommands

DESCRIPTION = """\
Look after the accounts of this server: who may log in, and as what. It works with and
without a running server; sessions that it ends are closed within a second."""

EXAMPLE = """\
examples:
  jupyter secure user add bob --role editor
  jupyter secure user list
  jupyter secure user reset-password bob

`jupyter secure user COMMAND --help` explains a command."""

# Sub-command → (module, what it does in a line).
_ACTIONS: subcommands.Actions = {
    "add": ("user_add", "invite somebody by a one-time link, or add an account at once"),
    "list": ("user_list", "list accounts, and links that wait to be used"),
    "remove": ("user_change", "remove an account and all that is its own"),
    "role": ("user_change", "make it an owner, editor, viewer or auditor"),
    "reset-password": ("user_reset", "let somebody set a new password"),
    "reset-2fa": ("user_reset", "let somebody set up a new second factor"),
    "unlock": ("user_change", "forget wrong tries, so that nobody has to wait"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands of ``user``."""
    subcommands.add_all(parser, _ACTIONS)


def run(args: argparse.Namespace) -> int:
    """Run one of the sub-commands."""
    return subcommands.run(args)
