"""``jupyter secure user reset-password`` and ``reset-2fa``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from jupyter_secure.cli import acting, enrolment, giving_links
from jupyter_secure.cli.exit_code import DONE, USAGE
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.app.accounts.team import Team

_FIRST = """\
Let somebody set a new password, by a link that is good once. Until it is used the old one
stays. Their second factor is still asked for. For an account whose slot was dropped by
`vault rotate --full --drop-other-slots` too.

With --now the new password is asked for here. The only owner, who forgot it, does that with
the recovery key."""
_FIRST_EXAMPLE = """\
examples:
  jupyter secure user reset-password bob
  cat recovery-key.txt | jupyter secure user reset-password alice --now --recovery-key-stdin
  cat key.txt new.txt | jupyter secure user reset-password alice --now \\
      --recovery-key-stdin --json"""
_FACTOR = """\
Let somebody set up a new authenticator, by a link that is good once and asks for their
password. When it is used, the old authenticator, passkeys and recovery codes are worthless.

With --now the new one is printed here at once: for the only owner, who lost the phone and
the recovery codes."""
_FACTOR_EXAMPLE = """\
examples:
  jupyter secure user reset-2fa bob
  jupyter secure user reset-2fa alice --now"""

TEXTS = {"reset-password": (_FIRST, _FIRST_EXAMPLE), "reset-2fa": (_FACTOR, _FACTOR_EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options of ``action``."""
    parser.add_argument("name", metavar="NAME", help="the account")
    second = (
        "; with --password-stdin or --recovery-key-stdin it may be the second line"
        if action == "reset-password"
        else ""
    )
    parser.add_argument("--now", action="store_true", help=f"without a link, here{second}")
    giving_links.add_arguments(parser)
    acting.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Make the link, or reset."""
    from jupyter_secure.app.accounts.wiring import local_team
    from jupyter_secure.identity.links import Purpose

    if args.now and (args.hours is not None or args.url is not None):
        print(
            f"jupyter secure user {args.action}: --hours and --url are of links.", file=sys.stderr
        )
        return USAGE
    what = Purpose.PASSWORD if args.action == "reset-password" else Purpose.TWO_FACTOR
    url = giving_links.address(args)
    with local_team() as team, acting.acting(args, team) as who:
        if args.now:
            return (_password if what is Purpose.PASSWORD else _factor)(args, team, who)
        made = team.reset(who.root, args.name, what, who.by, hours=giving_links.hours(args))
    giving_links.show(args, made, url)
    return DONE


def _password(args: argparse.Namespace, team: Team, who: acting.Acting) -> int:
    from jupyter_secure.app.setup import set_up

    password = enrolment.new_password(
        args, f"New password of {args.name}", lambda text: set_up.check_password(text, args.name)
    )
    team.set_password(who.root, args.name, password, who.by)
    team.unlock(args.name)
    if args.json:
        print(json.dumps({"username": args.name, "reset": "password"}))
        return DONE
    print(f"“{shown(args.name)}” has a new password; the second factor is as it was.")
    print("An older copy of vault.json, such as in a backup, still opens with the old one.")
    return DONE


def _factor(args: argparse.Namespace, team: Team, who: acting.Acting) -> int:
    begun = team.enrol(who.root, args.name)
    asked = not (args.json or args.password_stdin or args.recovery_key_stdin)
    if asked:
        enrolment.show_authenticator(begun.totp_uri, begun.totp_secret)
        begun = enrolment.ask_code(begun.confirm)
    team.set_factor(who.root, begun, who.by)
    if args.json:
        print(json.dumps(enrolment.factor_as_json(begun), indent=2))
        return DONE
    if not asked:
        enrolment.show_authenticator(begun.totp_uri, begun.totp_secret)
    enrolment.show_recovery_codes(begun.recovery_codes)
    print("\nThey are shown this once. The old authenticator, passkeys and codes are worthless.")
    return DONE
