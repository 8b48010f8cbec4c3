"""``jupyter secure user remove``, ``role`` and ``unlock``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from jupyter_secure.cli import acting, terminal
from jupyter_secure.cli.exit_code import DONE, USAGE
from jupyter_secure.errors import InvalidInput, shown
from jupyter_secure.identity.roles import Role

if TYPE_CHECKING:
    from jupyter_secure.app.accounts.team import Team

ROLES = tuple(role.value for role in Role)

_REMOVE = """\
Remove an account: its password opens the vault no more, its sessions end with their sockets,
its access tokens, devices, passkeys and links are worthless. Its files stay. What becomes of
its locks you say: take them over, or remove them, by which private notebooks become
everybody's. The last owner cannot be removed.

Whoever kept an older vault.json can still open that copy with the password; only
`vault rotate --full` ends that."""
_REMOVE_EXAMPLE = """\
examples:
  jupyter secure user remove bob
  jupyter secure user remove bob --locks take --password-stdin < password.txt"""
_ROLE = """\
Give an account another role. Its sessions end; it logs in again.
  owner    everything, accounts and keys included
  editor   reads, writes and runs
  viewer   reads
  auditor  sees the record, and no notebook"""
_ROLE_EXAMPLE = """\
examples:
  jupyter secure user role bob viewer"""
_UNLOCK = """\
Forget the wrong tries of an account, so that its owner need not wait because somebody guessed
at it. It needs no password and lets nobody in."""
_UNLOCK_EXAMPLE = """\
examples:
  jupyter secure user unlock bob"""

TEXTS = {
    "remove": (_REMOVE, _REMOVE_EXAMPLE),
    "role": (_ROLE, _ROLE_EXAMPLE),
    "unlock": (_UNLOCK, _UNLOCK_EXAMPLE),
}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options of ``action``."""
    parser.add_argument("name", metavar="NAME", help="the account")
    if action == "role":
        parser.add_argument("role", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
    if action == "remove":
        parser.add_argument(
            "--locks",
            choices=("take", "remove"),
            help="what becomes of its locks; asked for on a terminal",
        )
    if action != "unlock":
        parser.add_argument(
            "--myself", action="store_true", help="your own account is meant: do not ask"
        )
        acting.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from jupyter_secure.app.accounts.wiring import local_team

    if args.action == "remove" and args.locks is None and not terminal.is_interactive():
        print("jupyter secure user remove: --locks take or --locks remove.", file=sys.stderr)
        return USAGE
    with local_team() as team:
        if args.action == "unlock":
            return _unlock(args, team)
        with acting.acting(args, team) as who:
            if args.action == "role":
                return _role(args, team, who)
            return _remove(args, team, who)


def _remove(args: argparse.Namespace, team: Team, who: acting.Acting) -> int:
    heir = None
    if (args.locks or _ask_locks(args.name)) == "take":
        heir = who.by or args.owner
        if heir is None:
            raise InvalidInput(
                "The recovery key cannot take over locks.", remedy="Name an owner with --as."
            )
    myself = args.myself or _is_meant(args.name, who, "remove your own account")
    locks = team.remove(who.root, args.name, who.by, heir=heir, myself=myself)
    if args.json:
        print(json.dumps({"removed": args.name, "locks": locks, "heir": heir}))
        return DONE
    print(f"“{shown(args.name)}” is removed; its sessions, tokens and links are worthless.")
    if locks:
        whose = f"{shown(heir)}'s now" if heir else "removed"
        which = "Its lock is" if locks == 1 else f"Its {locks} locks are"
        print(f"{which} {whose}.")
    print("An older copy of vault.json, such as in a backup, still opens with its password;")
    print("`jupyter secure vault rotate --full` ends that.")
    return DONE


def _role(args: argparse.Namespace, team: Team, who: acting.Acting) -> int:
    myself = args.myself or _is_meant(args.name, who, "change your own role")
    team.set_role(args.name, Role(args.role), who.by, myself=myself)
    if args.json:
        print(json.dumps({"username": args.name, "role": args.role}))
    else:
        print(f"“{shown(args.name)}” is {args.role} now; its sessions have ended.")
    return DONE


def _unlock(args: argparse.Namespace, team: Team) -> int:
    team.unlock(args.name)
    if args.json:
        print(json.dumps({"unlocked": args.name}))
    else:
        print(f"The wrong tries of “{shown(args.name)}” are forgotten.")
        print("Tries are also counted for each network address; those wait out by themselves.")
    return DONE


def _ask_locks(name: str) -> str:
    print(f"What becomes of the locks of “{shown(name)}”?")
    print("  take    you hold them from then on: what is private stays so, and you can open it")
    print("  remove  they go: what was private is open to everybody who logs in")

    def check(answer: str) -> None:
        if answer not in ("take", "remove"):
            raise InvalidInput("Please answer take or remove.")

    return terminal.until_accepted(lambda: terminal.ask("take or remove"), check)


def _is_meant(name: str, who: acting.Acting, what: str) -> bool:
    from jupyter_secure.identity.accounts import normalise_username

    if normalise_username(name) != who.by or not terminal.is_interactive():
        return False
    return terminal.ask(f"You are about to {what}. Type “yes” if that is meant").lower() == "yes"
