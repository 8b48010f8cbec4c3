"""Whose key a ``vault`` command works with: a password's, a key file's, or the recovery key."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal
from jupyter_secure.errors import InvalidInput

if TYPE_CHECKING:
    from jupyter_secure.vault.keys import RootKey


def add_arguments(parser: argparse.ArgumentParser, *, key_file: bool = True) -> None:
    """Add the options that say where the key comes from; ``key_file``: also from a key file."""
    parser.add_argument("--username", metavar="U", help="whose password it is")
    parser.set_defaults(key_file=None)
    key = parser.add_mutually_exclusive_group()
    key.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    key.add_argument(
        "--recovery-key-stdin",
        action="store_true",
        help="read the recovery key from standard input",
    )
    if key_file:
        key.add_argument(
            "--key-file", type=Path, metavar="PATH", help="use the key in this key file"
        )


def root_key(args: argparse.Namespace) -> RootKey:
    """Return the root key, asking for the password if need be; the caller wipes it.

    Raises ``WrongKey``, ``InvalidInput`` or ``NotSetUp``; for a key file what reading it does.
    """
    # Not for help: it brings the cryptography library.
    from jupyter_secure.app.content import files

    if args.recovery_key_stdin:
        return files.root_from_recovery_key(terminal.read_password_stdin())
    if args.key_file is not None:
        return files.root_from_key_file(args.key_file)
    username = account(args)
    return files.root_from_password(username, password(args, username))


def password(args: argparse.Namespace, username: str) -> str:
    """Return the password of ``username``: from standard input, or asked for."""
    if args.password_stdin:
        return terminal.read_password_stdin()
    return terminal.ask_secret(f"Password of {username}")


def account(args: argparse.Namespace) -> str:
    """Return the account that is meant: the one named, or the only one. ``InvalidInput`` else."""
    from jupyter_secure.app.content import files

    names = files.account_names()
    username: str = args.username or (names[0] if len(names) == 1 else "")
    if not username:
        raise InvalidInput(
            "The vault has several accounts.", remedy=f"Add --username: {', '.join(names)}."
        )
    return username
