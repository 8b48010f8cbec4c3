"""``jupyter secure git``: finds the sub-command. Each is in a module ``git_*``.

Such a module has ``TEXTS`` (description and examples by sub-command), ``add_arguments(parser,
action)`` and ``run(args) -> exit code``.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Any

from jupyter_secure.cli.exit_code import USAGE

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
_ACTIONS = {
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
    parser.set_defaults(action=None, parser=parser)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action")
    for action, (name, summary) in _ACTIONS.items():
        module = import_module(f"jupyter_secure.cli.{name}")
        description, example = module.TEXTS[action]
        # Without a help text the list of commands leaves it out.
        shown: dict[str, Any] = {"help": summary} if summary else {}
        sub = actions.add_parser(
            action,
            description=description,
            epilog=example,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **shown,
        )
        module.add_arguments(sub, action)
        sub.set_defaults(run_action=module.run)


def run(args: argparse.Namespace) -> int:
    """Run one of the sub-commands."""
    if args.action is None:
        args.parser.print_help(sys.stderr)
        return USAGE
    code: int = args.run_action(args)
    return code
