"""``jupyter secure vault seal-folder``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import vault_key
from jupyter_secure.cli.exit_code import DONE, USAGE
from jupyter_secure.errors import InvalidInput, NotFound, NotSetUp, shown

if TYPE_CHECKING:
    from jupyter_secure.app.trees.local_place import LocalPlace

_DESCRIPTION = """\
Mark a folder: everything that is saved, uploaded, copied or moved into it, or below it, is
sealed from then on, whatever its name. A running server heeds it at once. Files that lie
there stay as they are: `vault seal --all FOLDER` seals them. What a kernel writes by itself
does not pass the server.

With --undo the mark is taken off, which takes the password of an account; what is sealed
stays so. Without FOLDER the marked folders are listed."""
_EXAMPLE = """\
examples:
  jupyter secure vault seal-folder data
  jupyter secure vault seal --all data
  jupyter secure vault seal-folder --undo data
  jupyter secure vault seal-folder"""

TEXTS = {"seal-folder": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``seal-folder``."""
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="folder to mark")
    parser.add_argument("--undo", action="store_true", help="take the mark off again")
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="the folder that the server serves (default: the configured one, or where you are)",
    )
    parser.add_argument("--json", action="store_true", help="print the marked folders as JSON")
    vault_key.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Mark, take a mark off, or list."""
    from jupyter_secure.app.trees.local_place import local_place

    if args.undo and args.folder is None:
        print("jupyter secure vault seal-folder: --undo needs a FOLDER.", file=sys.stderr)
        return USAGE
    with local_place() as place:
        if place.locks is None:
            raise NotSetUp("Nothing is set up here.", remedy="Run `jupyter secure init`.")
        if args.folder is not None:
            _change(args, place)
        if args.json:
            print(json.dumps({"folders": place.marks.list()}, indent=2))
        elif args.folder is None:
            _show(place.marks.list())
    return DONE


def _change(args: argparse.Namespace, place: LocalPlace) -> None:
    from jupyter_secure.app.content import files
    from jupyter_secure.app.content.sealed_folders import key_below
    from jupyter_secure.app.trees.local_place import tree_of

    tree = tree_of(args.folder, args.root)
    key = key_below(tree.root, args.folder)
    said = f"“{key}” in {tree.root}" if key else str(tree.root)
    if args.undo:
        if key not in place.marks.list():
            raise NotFound(f"{said} is not marked.", remedy="Without FOLDER it lists what is.")
        # What is saved there would be plain from then on: that takes more than the shell.
        root = vault_key.root_key(args)
        try:
            files.vault_here(root).seal()
        finally:
            root.wipe()
        place.marks.remove(key)
        _say(args, f"What is saved in {said} is not sealed for its folder any more.")
        return
    if not args.folder.is_dir():
        raise InvalidInput(f"{args.folder} is not a folder.", remedy="Check the path.")
    place.marks.add(key)
    _say(args, f"Whatever a server saves in {said} is sealed from now on.")
    _say(args, "What lies there already: jupyter secure vault seal --all FOLDER")


def _say(args: argparse.Namespace, text: str) -> None:
    if not args.json:
        print(shown(text))


def _show(folders: tuple[str, ...]) -> None:
    for folder in folders:
        print(shown(folder) or "(everything)")
    if not folders:
        print("No folder is marked.")
