"""Whose key a ``vault`` command works with: an account's password, or the recovery key."""

from __future__ import annotations

import argparse

from jupyter_secure.app import files
from jupyter_secure.cli import terminal
from jupyter_secure.errors import InvalidInput
from jupyter_secure.vault.keys import RootKey


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the key comes from."""
    parser.add_argument("--username", metavar="U", help="whose password it is")
    key = parser.add_mutually_exclusive_group()
    key.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    key.add_argument(
        "--recovery-key-stdin",
        action="store_true",
        help="read the recovery key from standard input",
    )


def root_key(args: argparse.Namespace) -> RootKey:
    """Return the root key, asking for the password if need be; the caller wipes it.

    Raises ``WrongKey``, ``InvalidInput`` or ``NotSetUp``.
    """
    if args.recovery_key_stdin:
        return files.root_from_recovery_key(terminal.read_password_stdin())
    username = account(args)
    if args.password_stdin:
        return files.root_from_password(username, terminal.read_password_stdin())
    return files.root_from_password(username, terminal.ask_secret(f"Password of {username}"))


def account(args: argparse.Namespace) -> str:
    """Return the account that is meant: the one named, or the only one. ``InvalidInput`` else."""
    names = files.account_names()
    username: str = args.username or (names[0] if len(names) == 1 else "")
    if not username:
        raise InvalidInput(
            "The vault has several accounts.", remedy=f"Add --username: {', '.join(names)}."
        )
    return username
