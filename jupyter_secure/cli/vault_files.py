"""``jupyter secure vault seal | open``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from jupyter_secure.app.content import files
from jupyter_secure.app.content.ahead import ahead
from jupyter_secure.app.content.in_place import open_in_place, seal_in_place
from jupyter_secure.app.content.tree import unreadable
from jupyter_secure.cli import passphrase, vault_all, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED, USAGE
from jupyter_secure.cli.recorded import note
from jupyter_secure.errors import Conflict, InvalidInput, SecureError, shown
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

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
    root = vault_key.root_key(args)
    try:
        if args.action == "seal":
            return _seal(args, files.vault_here(root))
        return _open(args, root)
    finally:
        root.wipe()


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


def _seal(args: argparse.Namespace, vault: Vault) -> int:
    if args.files == ["-"]:
        begin = files.head(sys.stdin.buffer, "Standard input")
        if begin.header is not None:
            raise Conflict("Standard input is sealed already.")
        _write(args, files.sealed_pieces(vault, begin.first, sys.stdin.buffer))
        return DONE
    if args.output is not None:
        with files.open_file(Path(args.files[0])) as file:
            begin = files.head(file, args.files[0])
            if begin.header is not None:
                raise Conflict(f"{args.files[0]} is sealed already.")
            _write(args, files.sealed_pieces(vault, begin.first, file))
        return DONE
    from jupyter_secure.app.trees.local_place import local_place

    with local_place() as place, place.telling(vault.root()) as hooks:
        return _each(
            args.files, lambda path: bool(seal_in_place(vault, path, hooks=hooks)), "sealed"
        )


def _open(args: argparse.Namespace, root: RootKey) -> int:
    if args.in_place:
        from jupyter_secure.app.trees.local_place import local_place

        with local_place() as place, place.telling(root) as hooks:
            open_one = partial(
                open_in_place,
                partial(files.vault_of, root),
                hooks=hooks,
                passphrase_for=passphrase.Given(args).key,
            )
            return _each(args.files, open_one, "opened")
    if args.files == ["-"]:
        _open_one(args, root, sys.stdin.buffer, "Standard input")
        return DONE
    with files.open_file(Path(args.files[0])) as file:
        _open_one(args, root, file, args.files[0])
    return DONE


def _open_one(args: argparse.Namespace, root: RootKey, file: IO[bytes], name: str) -> None:
    header = files.require_sealed(files.head(file, name), name)
    vault = files.vault_of(root, header)
    key = passphrase.Given(args).key(vault, header, name)
    _write(args, files.opened_pieces(vault, header, file, name, key))


def _write(args: argparse.Namespace, pieces: Iterator[bytes]) -> None:
    if args.files != ["-"]:  # a pipe may stay silent for ever, and Ctrl-C would wait for it
        pieces = ahead(pieces)
    if args.output is not None:
        files.replace_file(args.output, pieces)
        return
    if args.action == "seal" and sys.stdout.isatty():
        raise InvalidInput(
            "A sealed file is not text for a terminal.", remedy="Add -o OUT, or use a pipe."
        )
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _each(names: list[str], change: Callable[[Path], bool], done: str) -> int:
    """Change each file; what fails is explained, and the others are done all the same."""
    code = DONE
    for name in names:
        try:
            changed = change(Path(name))
            note()
            print(f"{shown(name)}: {done}{'' if changed else ' already'}")
        except (SecureError, OSError) as error:
            said = unreadable(Path(name), error) if isinstance(error, OSError) else error
            note(said)
            print(said, file=sys.stderr)
            code = FAILED
    return code
