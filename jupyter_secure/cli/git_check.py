"""``jupyter secure git check``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.errors import shown

TEXTS = {
    "check": (
        """\
List notebooks, and what else is to be sealed, that Git has in plain text: staged, in the last
commit and, with --history, anywhere. What was pushed once is with others; sealing it now does not
take it back. Exit code 1 if there is any.""",
        """\
examples:
  jupyter secure git check
  jupyter secure git check --history
  jupyter secure git check --staged          as the hook does that `setup --hook` installs""",
    )
}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``check``."""
    parser.add_argument(
        "repository",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="REPO",
        help="a folder in the repository (default: where you are)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--staged", action="store_true", help="only what is about to be committed")
    which.add_argument("--history", action="store_true", help="every commit of every branch too")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Look, and list."""
    from jupyter_secure.app.git.plaintext import find_plain
    from jupyter_secure.app.git.repository import Repository

    repository = Repository.at(args.repository)
    plain = find_plain(repository, committed=not args.staged, history=args.history)
    if args.json:
        print(json.dumps([{"path": one.path, "where": one.where} for one in plain], indent=2))
    elif not plain:
        print("Nothing in plain text.") if not args.staged else None
    else:
        output = sys.stderr if args.staged else sys.stdout
        for one in plain:
            print(f"{shown(one.path)}: {one.where} in plain text", file=output)
        print("Seal them (`jupyter secure vault seal FILE`) and `git add` them again.", file=output)
    return FAILED if plain else DONE
