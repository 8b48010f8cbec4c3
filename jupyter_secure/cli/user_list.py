"""``jupyter secure user list``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from jupyter_secure.cli import terminal
from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.app.accounts.team import Member
    from jupyter_secure.identity.links import Link

_DESCRIPTION = """\
List the accounts: role, second factor, and what somebody should look after. Links that wait
to be used stand below them. It needs no password and changes nothing."""
_EXAMPLE = """\
examples:
  jupyter secure user list
  jupyter secure user list --json"""

TEXTS = {"list": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``list``."""
    parser.add_argument("--json", action="store_true", help="print the same as JSON")


def run(args: argparse.Namespace) -> int:
    """List them."""
    from jupyter_secure.app.accounts.wiring import inconsistencies, local_team

    with local_team() as team:
        members, pending = team.members(), team.pending()
        wrong = inconsistencies(team)
    if args.json:
        print(
            json.dumps(
                {
                    "users": [user_model(one) for one in members],
                    "links": [link_model(one) for one in pending],
                },
                indent=2,
            )
        )
        return DONE
    width = max((len(one.account.username) for one in members), default=0)
    for one in members:
        account = one.account
        print(f"{shown(account.username):<{width}}  {account.role.value:<7}  {_state(one)}")
    for link in pending:
        what = {"invitation": f"invited as {link.role}"}.get(
            link.purpose.value, f"link for a new {link.purpose.value.replace('-', ' ')}"
        )
        until = link.expires_at.astimezone().strftime("%Y-%m-%d %H:%M")
        by = f", by {shown(link.created_by)}" if link.created_by else ""
        print(f"{shown(link.username):<{width}}  {what}, until {until}{by}")
    for line in wrong:
        print(f"{terminal.mark('warn')} {line}", file=sys.stderr)
    return DONE


def user_model(one: Member) -> dict[str, Any]:
    """Return one account as JSON."""
    account = one.account
    return {
        "username": account.username,
        "display_name": account.display_name,
        "role": account.role.value,
        "has_password": one.has_password,
        "confirmed": account.confirmed,
        "recovery_codes": one.recovery_codes,
        "created_at": account.created_at.isoformat(),
    }


def link_model(link: Link) -> dict[str, Any]:
    """Return one link as JSON: never what lets somebody in."""
    return {
        "username": link.username,
        "purpose": link.purpose.value,
        "role": link.role,
        "created_by": link.created_by,
        "created_at": link.created_at.isoformat(),
        "expires_at": link.expires_at.isoformat(),
    }


def _state(one: Member) -> str:
    if not one.has_password:
        return "no password: give it a new one, or remove it"
    if not one.account.confirmed:
        return "second factor not confirmed yet"
    codes = one.recovery_codes
    return f"{codes} recovery code{'' if codes == 1 else 's'}"
