"""Commands and their sub-commands, each in a module that is imported when it is asked for.

A module of a sub-command has ``TEXTS`` (description and examples by sub-command),
``add_arguments(parser, action)`` and ``run(args) -> exit code``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from jupyter_secure.cli.exit_code import USAGE

#: Sub-command → (module, what it does in a line; None for what only programs call).
Actions = Mapping[str, tuple[str, str | None]]
Fill = Callable[[argparse.ArgumentParser], object]


class Command(argparse.ArgumentParser):
    """The parser of one of several commands, filled in when that command is the one given.

    Listing the commands takes their names only, and none of what their modules import.
    """

    fill: Fill | None = None

    def parse_known_args(  # type: ignore[override]  # its overloads say the same at length
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse, as argparse asks of the parser whose command is given; fill it in first."""
        fill, self.fill = self.fill, None
        if fill is not None:
            fill(self)
        return super().parse_known_args(args, namespace)


def add_all(parser: argparse.ArgumentParser, actions: Actions, also: Fill | None = None) -> None:
    """Add the sub-commands to the parser of their command; ``also`` adds what all of them have."""
    parser.set_defaults(action=None, parser=parser)
    group = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="action", parser_class=Command
    )
    for action, (module, summary) in actions.items():
        # Without a help text the list of commands leaves it out.
        shown: dict[str, Any] = {"help": summary} if summary else {}
        sub = group.add_parser(
            action, formatter_class=argparse.RawDescriptionHelpFormatter, **shown
        )
        sub.fill = partial(_fill, action, module, also)


def _fill(action: str, module: str, also: Fill | None, parser: argparse.ArgumentParser) -> None:
    implementation = import_module(f"jupyter_secure.cli.{module}")
    parser.description, parser.epilog = implementation.TEXTS[action]
    implementation.add_arguments(parser, action)
    parser.set_defaults(run_action=implementation.run)
    if also is not None:
        also(parser)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command that was given, or show which there are."""
    if args.action is None:
        args.parser.print_help(sys.stderr)
        return USAGE
    code: int = args.run_action(args)
    return code
