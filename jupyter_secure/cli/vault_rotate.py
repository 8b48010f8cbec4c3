"""``jupyter secure vault rotate``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import vault_full_rotation, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED, USAGE
from jupyter_secure.cli.progress import Progress

if TYPE_CHECKING:
    from jupyter_secure.app.keys.rekey import Rotated

_DESCRIPTION = """\
Begin a new key epoch, and bring every sealed file below the folders to it, checkpoints too.
Times and permissions stay. Only the files' headers are made anew, but each file is replaced
as a whole, so that it is complete at every moment. Stopped half-way, everything still opens;
run it again and it goes on, as it does for files that turn up later.

The root key stays: recovery key and passwords are the same, and whoever had them still has
them. With --full it does not: there is a new recovery key, every file is encrypted again, and
what was known of the old keys opens nothing any more but older copies of files. Stop the
server for that, and name every folder in which sealed files are."""
_EXAMPLE = """\
examples:
  jupyter secure vault rotate ~/notebooks
  jupyter secure vault rotate ~/notebooks /srv/shared --password-stdin < password.txt
  jupyter secure vault rotate --full ~/notebooks"""

TEXTS = {"rotate": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``rotate``."""
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="where the sealed files are"
    )
    parser.add_argument(
        "--new",
        action="store_true",
        help="begin a new epoch even if files of an earlier one are there",
    )
    vault_full_rotation.add_arguments(parser)
    vault_key.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Rotate, and say what was done and what remains."""
    if problem := vault_full_rotation.usage_problem(args):
        print(f"jupyter secure vault rotate: {problem}", file=sys.stderr)
        return USAGE
    if args.full:
        return vault_full_rotation.run(args)
    from jupyter_secure.app.keys.rekey import rotate

    root = vault_key.root_key(args)
    try:
        with Progress() as line:
            done = rotate(
                root,
                args.folders,
                new=args.new,
                progress=lambda now: line.say(f"{now.rewrapped} of {now.behind} files"),
            )
    finally:
        root.wipe()
    _show(done)
    return FAILED if done.failures else DONE


def _show(done: Rotated) -> None:
    for failure in done.failures:
        print(failure, file=sys.stderr)
    if done.began:
        print(f"Key epoch {done.epoch} has begun.")
    else:
        print(f"Went on with key epoch {done.epoch}; --new would have begun another.")
    print(f"Sealed files brought to it: {done.rewrapped}; there already: {done.current}.")
    if done.others:
        print(f"Of another vault, and left alone: {done.others}.")
    if done.failures:
        print(f"Left as they were: {len(done.failures)}; what to do stands above.")
        print("Then run it again: it does what is left.")
    print("A running server seals in the new epoch within seconds.")
