"""``jupyter secure vault accept``."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.errors import InvalidInput, NotSetUp, shown

if TYPE_CHECKING:
    from jupyter_secure.app.content.review import Accepted, Found

_DESCRIPTION = """\
Find sealed files below a folder that are not as they were left: an older version, another
file, or a plain one in place of the one that was saved there. A restored backup or a
`git checkout` does that, and so does an intruder. Lists them, asks, and takes them as they
are; from then on they open again. Nothing in the files is changed."""
_EXAMPLE = """\
examples:
  jupyter secure vault accept --dry-run
  jupyter secure vault accept ~/notebooks/restored
  jupyter secure vault accept --yes --json report.ipynb"""

TEXTS = {"accept": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``accept``."""
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="PATH",
        help="file or folder to look at (default: where you are)",
    )
    parser.add_argument("--dry-run", action="store_true", help="list what is found, and stop")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    vault_key.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Find them, ask, and accept them."""
    from jupyter_secure.app.at_work import is_between_keys
    from jupyter_secure.app.content import files
    from jupyter_secure.app.content.review import Accepted, accept, review
    from jupyter_secure.app.keys import new_root
    from jupyter_secure.app.trees.local_place import local_place
    from jupyter_secure.store import places

    if args.json and not (args.yes or args.dry_run):
        raise InvalidInput("--json cannot ask.", remedy="Add --yes or --dry-run.")
    root = vault_key.root_key(args)
    vault = files.vault_here(root)
    new_root.settle(root)
    root.wipe()
    done = Accepted()
    with local_place() as place:
        provenance = place.provenance(vault)
        if provenance is None:
            raise NotSetUp(
                "There is no catalogue of what was saved.",
                why="The state database is missing.",
                remedy="Put it back from a backup; without it every file is taken as it is.",
            )
        is_whole = provenance.is_whole()
        found = review(args.path, provenance, vault, closed=(places.state_dir(),)).found
        if not args.json:
            _list(found, is_whole)
        wanted = (found or not is_whole) and not args.dry_run
        if wanted and (args.yes or terminal.ask_yes("Accept that?")):
            by_file = partial(files.vault_of, vault.root()) if is_between_keys() else None
            done = accept([one.path for one in found], provenance, vault, by_file)
        elif wanted:
            print("Nothing was accepted.")
            return FAILED
    vault.seal()
    if args.json:
        print(json.dumps(_facts(found, is_whole, done), indent=2))
    elif wanted:
        for _, error in done.failures:
            print(error, file=sys.stderr)
        print(f"{_count(done.accepted)} accepted.")
    return FAILED if done.failures or (args.dry_run and (found or not is_whole)) else DONE


def _list(found: tuple[Found, ...], is_whole: bool) -> None:
    if not is_whole:
        print(
            "The catalogue of what was saved was changed from outside: which files are as they\n"
            "were left cannot be told. Accepting begins it anew with the files as they are now."
        )
    for one in found:
        print(f"{shown(str(one.path))}\n  {one.error.what}")
    print(f"{_count(len(found))} not as left." if found else "All files are as they were left.")


def _facts(found: tuple[Found, ...], is_whole: bool, done: Accepted) -> dict[str, object]:
    return {
        "catalogue_whole": is_whole,
        "findings": [{"path": str(one.path), "finding": one.finding.value} for one in found],
        "accepted": done.accepted,
        "failed": [{"path": str(path), "message": str(error)} for path, error in done.failures],
    }


def _count(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
