"""Commands that are made of sub-commands, each in a module of its own.

Such a module has ``TEXTS`` (description and examples by sub-command), ``add_arguments(parser,
action)`` and ``run(args) -> exit code``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from jupyter_secure.cli.exit_code import USAGE

#: Sub-command → (module, what it does in a line; None for what only programs call).
Actions = Mapping[str, tuple[str, str | None]]


def add_all(parser: argparse.ArgumentParser, actions: Actions) -> Iterable[argparse.ArgumentParser]:
    """Add the sub-commands to the parser of their command; return theirs."""
    parser.set_defaults(action=None, parser=parser)
    group = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action")
    for action, (name, summary) in actions.items():
        module = import_module(f"jupyter_secure.cli.{name}")
        description, example = module.TEXTS[action]
        # Without a help text the list of commands leaves it out.
        shown: dict[str, Any] = {"help": summary} if summary else {}
        sub = group.add_parser(
            action,
            description=description,
            epilog=example,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **shown,
        )
        module.add_arguments(sub, action)
        sub.set_defaults(run_action=module.run)
    return group.choices.values()


def run(args: argparse.Namespace) -> int:
    """Run the sub-command that was given, or show which there are."""
    if args.action is None:
        args.parser.print_help(sys.stderr)
        return USAGE
    code: int = args.run_action(args)
    return code
