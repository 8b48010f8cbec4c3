"""``jupyter secure history``: finds the sub-command. What they do is in ``history_*``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from jupyter_secure.cli import history_all, history_files, passphrase, vault_key
from jupyter_secure.cli.exit_code import USAGE

DESCRIPTION = """\
Look at earlier versions of encrypted files, and get them back. A server keeps one at each
save; this works on the same versions, whether or not a server runs. With the password of an
account, or the recovery key, no code is asked for: whoever has that and the files can open
them anyway. What is locked with a passphrase needs that as well."""

EXAMPLE = """\
examples:
  jupyter secure history list analysis.ipynb
  jupyter secure history show analysis.ipynb 12 -o old.ipynb
  jupyter secure history diff analysis.ipynb 12
  jupyter secure history restore analysis.ipynb 12
  jupyter secure history deleted
  jupyter secure history undelete analysis.ipynb"""

# Sub-command → (what runs it, what it does in a line, its arguments, whether there is --json).
_FILE = [("file", "FILE", "the file")]
_NUMBER = ("number", "VERSION", "the number of a version")
_ACTIONS: dict[str, tuple[Any, str, list[tuple[str, str, str]], bool]] = {
    "list": (history_files.list_versions, "list the versions of a file", _FILE, True),
    "show": (history_files.show, "print one, or write it to a file", [*_FILE, _NUMBER], False),
    "diff": (
        history_files.diff,
        "compare one with another, or with the file as it is now",
        [*_FILE, ("first", "VERSION", "the number of a version")],
        True,
    ),
    "restore": (history_files.restore, "put one back", [*_FILE, _NUMBER], True),
    "deleted": (history_all.deleted, "list what was deleted and can be got back", [], True),
    "undelete": (
        history_all.undelete,
        "bring back what was deleted",
        [("which", "PATH|ID", "its path, or the id that `deleted` shows")],
        True,
    ),
    "verify": (history_all.verify, "read every version, and report what is damaged", [], True),
    "tidy": (history_all.tidy, "thin out what has aged, and free space", [], True),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands of ``history``."""
    parser.set_defaults(action=None, parser=parser)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action")
    for action, (run_it, summary, arguments, has_json) in _ACTIONS.items():
        sub = actions.add_parser(
            action, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
        )
        for name, metavar, text in arguments:
            kind = {"file": Path, "number": int, "first": int}.get(name, str)
            sub.add_argument(name, metavar=metavar, type=kind, help=text)
        if action == "diff":
            sub.add_argument(
                "second",
                metavar="VERSION",
                nargs="?",
                type=int,
                help="the other one (default: the file as it is now)",
            )
        if action == "show":
            sub.add_argument("-o", "--output", type=Path, metavar="OUT", help="write there instead")
            sub.add_argument("--force", action="store_true", help="replace OUT if it exists")
        if action == "undelete":
            sub.add_argument("--to", metavar="PATH", help="where to (default: where it was)")
        if has_json:
            sub.add_argument("--json", action="store_true", help="print the result as JSON")
        sub.add_argument(
            "--root",
            type=Path,
            metavar="DIR",
            help="the folder that the server serves (default: ServerApp.root_dir, if that is set "
            "and you are in it, else where you are)",
        )
        vault_key.add_arguments(sub)
        passphrase.add_argument(sub)
        sub.set_defaults(run_action=run_it)


def run(args: argparse.Namespace) -> int:
    """Run one of the sub-commands."""
    if args.action is None:
        args.parser.print_help(sys.stderr)
        return USAGE
    from jupyter_secure.app.history.local_history import local_history

    by_account = not args.recovery_key_stdin and args.key_file is None
    username = vault_key.account(args) if by_account or args.username else None
    root = vault_key.root_key(args)
    try:
        with local_history(root, username, args.root) as place:
            code: int = args.run_action(args, place)
            return code
    finally:
        root.wipe()
