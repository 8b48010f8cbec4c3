"""``jupyter secure user``: finds the sub-command. Each is in a module ``user_*``.

Such a module has ``TEXTS`` (description and examples by sub-command), ``add_arguments(parser,
action)`` and ``run(args) -> exit code``.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from jupyter_secure.cli.exit_code import USAGE

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
_ACTIONS = {
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
    parser.set_defaults(action=None, parser=parser)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action")
    for action, (name, summary) in _ACTIONS.items():
        module = import_module(f"jupyter_secure.cli.{name}")
        description, example = module.TEXTS[action]
        sub = actions.add_parser(
            action,
            help=summary,
            description=description,
            epilog=example,
            formatter_class=argparse.RawDescriptionHelpFormatter,
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
