"""Sealing and opening the files that ``vault seal`` and ``vault open`` name, or a pipe."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from jupyter_secure.app.content import files
from jupyter_secure.app.content.in_place import open_in_place, seal_in_place
from jupyter_secure.app.content.tree import unreadable
from jupyter_secure.cli import passphrase, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.cli.recorded import note
from jupyter_secure.errors import Conflict, InvalidInput, SecureError, shown

if TYPE_CHECKING:
    from jupyter_secure.vault.keys import RootKey
    from jupyter_secure.vault.vault import Vault


def run(args: argparse.Namespace) -> int:
    """Seal or open what is named."""
    root = vault_key.root_key(args)
    try:
        if args.action == "seal":
            return _seal(args, files.vault_here(root))
        return _open(args, root)
    finally:
        root.wipe()


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
