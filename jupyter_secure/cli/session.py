"""``jupyter secure session``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from jupyter_secure.cli.exit_code import DONE, USAGE
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.identity.sessions import Session

DESCRIPTION = """\
List who is logged in, and end sessions. A running server notices within a second: it closes
their sockets, and seals the vault after the last. Kernels run on. It needs no password."""
EXAMPLE = """\
examples:
  jupyter secure session list
  jupyter secure session end 3f9c2a7be01d4455
  jupyter secure session end --user bob
  jupyter secure session end --all"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    parser.set_defaults(action=None, parser=parser)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action")
    listing = actions.add_parser("list", help="list sessions", description="List sessions.")
    listing.add_argument("--user", metavar="U", help="of this account only")
    ending = actions.add_parser("end", help="end sessions", description="End sessions.")
    which = ending.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="*", default=[], metavar="ID", help="as `list` shows it")
    which.add_argument("--user", metavar="U", help="all of this account")
    which.add_argument("--all", action="store_true", help="all there are")
    for one in (listing, ending):
        one.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace) -> int:
    """List or end."""
    if args.action is None:
        args.parser.print_help(sys.stderr)
        return USAGE
    from jupyter_secure.app.accounts import local_sessions

    if args.action == "list":
        _list(local_sessions.find(args.user), as_json=args.json)
        return DONE
    ended = local_sessions.end(None if args.all or args.user else args.id, args.user)
    if args.json:
        print(json.dumps({"ended": [one.public_id for one in ended]}))
    else:
        print(f"Sessions ended: {len(ended)}.")
    return DONE


def _list(found: tuple[Session, ...], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"sessions": [_model(one) for one in found]}, indent=2))
        return
    if not found:
        print("Nobody is logged in.")
    for one in found:
        seen = one.last_seen_at.astimezone().strftime("%Y-%m-%d %H:%M")
        print(f"{one.public_id}  {shown(one.username)}  last seen {seen} from {shown(one.address)}")
        print(f"{'':16}  {shown(one.user_agent)}")


def _model(one: Session) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "username": one.username,
        "address": one.address,
        "user_agent": one.user_agent,
        "created_at": one.created_at.isoformat(),
        "last_seen_at": one.last_seen_at.isoformat(),
    }
