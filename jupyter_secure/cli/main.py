"""The entry point: finds the command, runs it, and explains what went wrong.

Each command is a module with ``DESCRIPTION``, ``EXAMPLE``, ``add_arguments(parser)`` and
``run(args) -> exit code``. Only the one that is asked for is imported, so that help is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from importlib import import_module

from jupyter_secure.cli.exit_code import DONE, FAILED, USAGE
from jupyter_secure.cli.subcommands import Command
from jupyter_secure.errors import SecureError

# Command → (module, what it does in a line). The order is that of a first acquaintance.
COMMANDS = {
    "init": ("init", "set up HTTPS, two-factor login and encrypted notebooks"),
    "status": ("status", "show what is on and what is not"),
    "disable": ("disable", "take the settings out again; keys and sealed files stay"),
    "settings": ("settings", "show what an administrator can set"),
    "lock": ("lock", "lock files: private, read-only, or sealed with a passphrase"),
    "unlock": ("unlock", "take locks off"),
    "user": ("user", "add, list and remove accounts, reset what was forgotten"),
    "session": ("session", "list who is logged in, and end sessions"),
    "token": ("token", "access tokens for scripts and editors"),
    "certificate": ("certificate", "show and renew the server's certificate"),
    "ssh-command": ("ssh_command", "print the SSH tunnel that reaches this server"),
    "vault": ("vault", "seal and open files on the command line"),
    "git": ("git", "show, compare and merge sealed notebooks in Git repositories"),
    "history": ("history", "look at earlier versions, and get them back"),
    "audit": ("audit", "read the record of who did what, and verify it"),
    "demo": ("demo", "try it all in a throw-away home"),
}

_EXAMPLE = """\
examples:
  jupyter secure init               set this account up, step by step
  jupyter secure status             see what is on
  jupyter secure vault open a.ipynb -o plain.ipynb

`jupyter secure COMMAND --help` explains a command."""


class _Columns(argparse.RawDescriptionHelpFormatter):
    """Leaves room for the indentation of commands, which argparse forgets for the longest one."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        self._action_max_length = max(self._action_max_length, max(map(len, COMMANDS)) + 4)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``jupyter secure`` and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.version:
        from jupyter_secure import __version__

        print(f"jupyter-secure {__version__}")
        return DONE
    if args.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    return _run(args.command, args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jupyter secure",
        description="Security for JupyterLab: HTTPS, two-factor login, encrypted notebooks.",
        epilog=_EXAMPLE,
        formatter_class=_Columns,
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", parser_class=Command
    )
    for command, (module, summary) in COMMANDS.items():
        sub = commands.add_parser(
            command, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        sub.fill = partial(_fill, module)
    return parser


def _fill(module: str, parser: argparse.ArgumentParser) -> None:
    implementation = import_module(f"jupyter_secure.cli.{module}")
    parser.description, parser.epilog = implementation.DESCRIPTION, implementation.EXAMPLE
    implementation.add_arguments(parser)
    parser.set_defaults(run=implementation.run)
    parser.add_argument(
        "--debug", action="store_true", help="show where in the program an error arose"
    )


def _run(name: str, args: argparse.Namespace) -> int:
    try:
        # Not for help, which would take half as long again.
        from jupyter_secure.cli.recorded import recorded

        with recorded(name, args) as codes:
            code: int = args.run(args)
            codes.append(code)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # Whoever read our output has had enough; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except SecureError as error:
        _explain(error)
        _trace(args)
        return FAILED
    except Exception as error:  # noqa: BLE001  # the last line of defence: no traceback for a user
        print(f"Something went wrong: {type(error).__name__}.", file=sys.stderr)
        print("Run it again with --debug to see where, and please report it.", file=sys.stderr)
        _trace(args)
        return FAILED
    return code


def _trace(args: argparse.Namespace) -> None:
    if args.debug:
        traceback.print_exc()


def _explain(error: SecureError) -> None:
    for part in (error.what, error.why, error.remedy):
        if part:
            print(part, file=sys.stderr)
