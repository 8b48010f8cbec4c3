"""In whose name an account is changed: an owner's, by their password, or the recovery key's."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal
from jupyter_secure.errors import InvalidInput, Refused, StateUnusable

if TYPE_CHECKING:
    from jupyter_secure.app.accounts.team import Team
    from jupyter_secure.vault.keys import RootKey


@dataclass(frozen=True)
class Acting:
    """The root key, and the owner who acts; ``None`` for the holder of the recovery key."""

    root: RootKey
    by: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say who acts."""
    parser.add_argument("--as", dest="owner", metavar="OWNER", help="the owner who does it")
    key = parser.add_mutually_exclusive_group()
    key.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the owner's password from the first line of standard input",
    )
    key.add_argument(
        "--recovery-key-stdin",
        action="store_true",
        help="act with the recovery key instead, from the first line of standard input",
    )


@contextmanager
def acting(args: argparse.Namespace, team: Team) -> Iterator[Acting]:
    """Open the vault for the block, asking for the password if need be.

    Raises ``WrongKey``, ``InvalidInput``, or ``Refused`` for an account that is no owner.
    """
    from jupyter_secure.app.content import files

    by = None if args.recovery_key_stdin else _owner(args.owner, team)
    if by is None:
        root = files.root_from_recovery_key(terminal.read_password_stdin("recovery key"))
    else:
        password = (
            terminal.read_password_stdin()
            if args.password_stdin
            else terminal.ask_secret(f"Password of {by}")
        )
        root = files.root_from_password(by, password)
    try:
        files.vault_here(root).seal()  # the recovery key of this vault, and no other's
        yield Acting(root, by)
    finally:
        root.wipe()


def _owner(given: str | None, team: Team) -> str:
    from jupyter_secure.app.content import files
    from jupyter_secure.identity.accounts import normalise_username

    owners = [name for name in files.account_names() if _is_owner(team, name)]
    if given is not None:
        name = normalise_username(given)
        if name not in owners:
            raise Refused(f"“{name}” is no owner.", remedy=f"Owners are: {', '.join(owners)}.")
        return name
    if len(owners) != 1:
        raise InvalidInput(
            f"There are {len(owners)} owners with a password.",
            remedy=f"Add --as: {', '.join(owners)}."
            if owners
            else "Use the recovery key: --recovery-key-stdin.",
        )
    return owners[0]


def _is_owner(team: Team, name: str) -> bool:
    from jupyter_secure.identity.roles import Role

    try:
        account = team.accounts.get(name)
    except StateUnusable:
        return False  # a role of a later version: what gives it another must not stumble over it
    return account is not None and account.role is Role.OWNER
