"""``jupyter secure user add``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from jupyter_secure.cli import acting, enrolment, giving_links
from jupyter_secure.cli.exit_code import DONE, USAGE
from jupyter_secure.cli.user_change import ROLES
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.app.accounts.team import Team
    from jupyter_secure.identity.roles import Role

_DESCRIPTION = """\
Invite somebody: prints a link that is good once, and for a day. Whoever opens it chooses a
password, sets up an authenticator and gets recovery codes; you learn none of them. Give it
only to the person it is for: it lets in whoever has it.

With --now the account is made at once: its password is asked for, and the second factor and
the recovery codes are printed, to be handed over."""
_EXAMPLE = """\
examples:
  jupyter secure user add bob
  jupyter secure user add carol --role viewer --hours 2 --url https://lab.example.org:8888/
  cat owner.txt new.txt | jupyter secure user add dave --now --password-stdin --json"""

TEXTS = {"add": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``add``."""
    parser.add_argument("name", metavar="NAME", help="user name of the new account")
    parser.add_argument(
        "--role", choices=ROLES, default="editor", help="what it may do (default: editor)"
    )
    parser.add_argument(
        "--now",
        action="store_true",
        help="make the account at once; with --password-stdin its password is the second line",
    )
    giving_links.add_arguments(parser)
    acting.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Invite, or add."""
    from jupyter_secure.app.accounts.wiring import local_team
    from jupyter_secure.identity.roles import Role

    if args.now and (args.hours is not None or args.url is not None):
        print("jupyter secure user add: --hours and --url are of links.", file=sys.stderr)
        return USAGE
    url = giving_links.address(args)
    with local_team() as team, acting.acting(args, team) as who:
        role = Role(args.role)
        if args.now:
            return _add(args, team, who, role)
        made = team.invite(who.root, args.name, role, who.by, hours=giving_links.hours(args))
    giving_links.show(args, made, url)
    return DONE


def _add(args: argparse.Namespace, team: Team, who: acting.Acting, role: Role) -> int:
    from jupyter_secure.app.setup import set_up

    begun = team.enrol(who.root, args.name)
    password = enrolment.new_password(
        args, f"Password for {begun.username}", lambda text: set_up.check_password(text, args.name)
    )
    if not (args.json or args.password_stdin or args.recovery_key_stdin):
        enrolment.show_authenticator(begun.totp_uri, begun.totp_secret)
        begun = enrolment.ask_code(begun.confirm)
    team.add(who.root, begun, args.name, role, password, who.by)
    if args.json:
        print(json.dumps(enrolment.factor_as_json(begun), indent=2))
        return DONE
    if not begun.confirmed:
        enrolment.show_authenticator(begun.totp_uri, begun.totp_secret)
    enrolment.show_recovery_codes(begun.recovery_codes)
    print("\nThey are shown this once. Hand them over in person, or not at all: a link is safer.")
    print(f"“{shown(begun.username)}” can log in now, as {role.value}.")
    return DONE
