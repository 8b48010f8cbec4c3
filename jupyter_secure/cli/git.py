"""``jupyter secure git``: its sub-commands, each in a module ``git_*``."""

from __future__ import annotations

import argparse

from jupyter_secure.cli import subcommands

DESCRIPTION = """\
Work with sealed notebooks in a Git repository: they are committed and pushed as they are, and
`git diff`, `git log -p`, `git show`, `git merge` and `git rebase` show and merge what is in them
while the vault is open for Git."""

EXAMPLE = """\
examples:
  jupyter secure git setup                 in a repository: tell Git how, once
  jupyter secure git unlock --minutes 60   open the vault for Git
  git log -p analysis.ipynb
  jupyter secure git lock

`jupyter secure git COMMAND --help` explains a command."""

# Sub-command → (module, what it does in a line; None for what only Git calls).
_ACTIONS: subcommands.Actions = {
    "setup": ("git_setup", "install the drivers in a repository, or take them out"),
    "status": ("git_setup", "say what is installed, and whether the vault is open for Git"),
    "check": ("git_check", "find notebooks that Git has in plain text"),
    "unlock": ("git_agent", "open the vault for Git, for a time"),
    "lock": ("git_agent", "close it again"),
    "textconv": ("git_drivers", None),
    "merge": ("git_drivers", None),
    "compare": ("git_drivers", None),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands of ``git``."""
    subcommands.add_all(parser, _ACTIONS)


def run(args: argparse.Namespace) -> int:
    """Run one of the sub-commands."""
    return subcommands.run(args)
