"""``jupyter secure vault seal | open``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jupyter_secure.cli import passphrase, vault_all, vault_key
from jupyter_secure.cli.exit_code import USAGE
from jupyter_secure.errors import Conflict

_SEAL = """\
Seal files where they are, each all at once or not at all; with -, standard input. With
--all, every file below a folder that a server would seal, checkpoints too: what matches
SecureConfig.encrypt or lies in a marked folder. Times and permissions stay; each file is
read back before the original goes. Stopped half-way, it is continued by running it again."""
_SEAL_EXAMPLE = """\
examples:
  jupyter secure vault seal *.ipynb
  jupyter secure vault seal --all ~/notebooks --dry-run
  jupyter secure vault seal --all ~/notebooks
  tar c data | jupyter secure vault seal - -o data.tar.sealed"""
_OPEN = """\
Open a sealed file to standard output or, with -o, to another file; with -, from standard
input. The password is that of an account. The recovery key opens files without anything
else, on any machine. When opening to standard output fails half-way, the exit code is 1
and what has been written so far is not the whole file. A file that is locked with a
passphrase needs that as well.

With --all, every file below a folder that the vault sealed becomes a plain one again. What
is locked stays: take the lock off first."""
_OPEN_EXAMPLE = """\
examples:
  jupyter secure vault open analysis.ipynb -o plain.ipynb
  jupyter secure vault open --in-place analysis.ipynb
  jupyter secure vault open --all ~/notebooks
  jupyter secure vault open --recovery-key-stdin analysis.ipynb -o plain.ipynb < key.txt"""

#: What the parser shows: description and examples of each of the two.
TEXTS = {"seal": (_SEAL, _SEAL_EXAMPLE), "open": (_OPEN, _OPEN_EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options of ``seal`` or ``open``."""
    if action == "seal":
        parser.add_argument("files", nargs="*", metavar="FILE", help="file to seal, or -")
    else:
        parser.add_argument("files", nargs="*", metavar="FILE", help="sealed file, or -")
        parser.add_argument(
            "--in-place", action="store_true", help="turn the files themselves back into plain ones"
        )
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="write there instead")
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    vault_key.add_arguments(parser)
    if action == "open":
        passphrase.add_argument(parser)
    vault_all.add_arguments(parser, action)


def run(args: argparse.Namespace) -> int:
    """Seal or open."""
    if problem := vault_all.usage_problem(args) or _usage_problem(args):
        print(f"jupyter secure vault {args.action}: {problem}", file=sys.stderr)
        return USAGE
    if args.all:
        return vault_all.run(args)
    if args.output is not None and args.output.exists() and not args.force:
        raise Conflict(f"{args.output} exists already.", remedy="Add --force to replace it.")
    from jupyter_secure.cli import vault_named

    return vault_named.run(args)


def _usage_problem(args: argparse.Namespace) -> str:
    if not (args.files or args.all):
        return "which file? Name one, or - for standard input, or add --all for a folder."
    several, pipe = len(args.files) > 1, "-" in args.files
    in_place = getattr(args, "in_place", False)
    if several and (pipe or args.output):
        return "- and -o go with one FILE only."
    if args.action == "open" and several and not in_place:
        return "several files need --in-place."
    if in_place and (pipe or args.output):
        return "--in-place goes with neither - nor -o."
    from_input = args.password_stdin or args.recovery_key_stdin
    if pipe and (from_input or getattr(args, "passphrase_stdin", False)):
        return "standard input cannot be both the file and the secret."
    return ""
