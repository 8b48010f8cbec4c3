"""``jupyter secure token``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from jupyter_secure.cli import terminal, vault_key
from jupyter_secure.cli.exit_code import DONE, USAGE
from jupyter_secure.errors import shown
from jupyter_secure.identity.access_tokens import DEFAULT_DAYS, MOST_DAYS
from jupyter_secure.identity.accounts import normalise_username

if TYPE_CHECKING:
    from jupyter_secure.app.login.access_tokens import AccessTokens
    from jupyter_secure.identity.access_tokens import AccessToken

DESCRIPTION = """\
Access tokens let scripts and editors in where nobody can type a code. A token may do what it
was made for and no more than its account, and it always expires. It works with and without a
running server; connections of a token that is revoked are closed within a second."""
EXAMPLE = """\
examples:
  jupyter secure token create "nightly report" --right read --right execute --days 30
  jupyter secure token list
  jupyter secure token revoke 3f9c2a7be01d4455"""

_CREATE = """\
Make an access token and print it. It is shown once: only a digest is kept. It asks for the
password and for a code; with --password-stdin for the password alone.

  read      see notebooks and files
  write     change, add and delete them
  execute   run code in kernels and terminals, which reach all that the server's account does
  audit     see the record, for owners and auditors"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    parser.set_defaults(action=None, parser=parser)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action")
    listing = actions.add_parser(
        "list", help="list access tokens", description="List access tokens."
    )
    listing.add_argument("--user", metavar="U", help="of this account only")
    create = actions.add_parser(
        "create",
        help="make an access token",
        description=_CREATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_create_arguments(create)
    revoke = actions.add_parser(
        "revoke", help="end access tokens", description="End access tokens. It needs no password."
    )
    revoke.add_argument("id", nargs="+", metavar="ID", help="as `list` shows it")
    for one in (listing, create, revoke):
        one.add_argument("--json", action="store_true", help="print it as JSON")


def _add_create_arguments(create: argparse.ArgumentParser) -> None:
    create.add_argument("name", metavar="NAME", help="what it is for, as it will be listed")
    create.add_argument(
        "--right",
        action="append",
        choices=("read", "write", "execute", "audit"),
        dest="rights",
        help="what it may do; repeatable (default: read)",
    )
    create.add_argument(
        "--folder",
        default="",
        metavar="PATH",
        help="the folder that it is for, below the one that is served (default: all of it)",
    )
    create.add_argument(
        "--days",
        type=int,
        default=DEFAULT_DAYS,
        metavar="N",
        help=f"when it expires (default: {DEFAULT_DAYS}, at most {MOST_DAYS})",
    )
    create.add_argument("--username", metavar="U", help="whose token it is")
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )


def run(args: argparse.Namespace) -> int:
    """List, make or revoke."""
    if args.action is None:
        args.parser.print_help(sys.stderr)
        return USAGE
    from jupyter_secure.app.login.local_tokens import local_tokens

    if args.action == "create":
        return _create(args)
    with local_tokens() as tokens:
        if args.action == "list":
            _list(tokens, args.user, as_json=args.json)
            return DONE
        for public_id in args.id:
            tokens.revoke(public_id, None)
    if args.json:
        print(json.dumps({"revoked": args.id}))
    else:
        print(f"Access tokens revoked: {len(args.id)}.")
    return DONE


def _create(args: argparse.Namespace) -> int:
    from jupyter_secure.app.login.local_tokens import confirm, local_tokens
    from jupyter_secure.identity.roles import Right

    username = vault_key.account(args)
    password = vault_key.password(args, username)
    code = None if args.password_stdin else terminal.ask_secret("Code from the authenticator")
    name = confirm(username, password, code)
    rights = [Right(right) for right in args.rights or ["read"]]
    with local_tokens() as tokens:
        text, token = tokens.create(name, args.name, rights, args.folder, args.days)
        if args.json:
            print(json.dumps({"token": text, **_model(tokens, token)}, indent=2))
            return DONE
    # Alone on standard output, so that it can be piped to where it is kept.
    print(text)
    ends = token.expires_at.astimezone().strftime("%Y-%m-%d")
    print(
        f"“{shown(token.name)}” of {shown(name)}: {_rights(token)}; ends on {ends}.\n"
        "It is not shown again. Send it as: Authorization: Bearer jst_…",
        file=sys.stderr,
    )
    return DONE


def _list(tokens: AccessTokens, username: str | None, *, as_json: bool) -> None:
    found = tokens.list(None if username is None else normalise_username(username))
    if as_json:
        models = [_model(tokens, one) for one in found]
        print(json.dumps({"tokens": models}, indent=2))
        return
    if not found:
        print("There are no access tokens.")
    for one in found:
        ends = one.expires_at.astimezone().strftime("%Y-%m-%d")
        state = f"expired on {ends}" if tokens.is_expired(one) else f"ends on {ends}"
        print(f"{one.public_id}  {shown(one.username)}  “{shown(one.name)}”  {state}")
        print(f"{'':16}  {_rights(one)}; {_used(one)}")


def _rights(token: AccessToken) -> str:
    place = f"in “{shown(token.folder)}”" if token.folder else "everywhere"
    return f"{', '.join(sorted(right.value for right in token.rights))} {place}"


def _used(token: AccessToken) -> str:
    if token.last_used_at is None:
        return "never used"
    when = token.last_used_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return f"last used {when} from {shown(token.address)}"


def _model(tokens: AccessTokens, one: AccessToken) -> dict[str, Any]:
    used = one.last_used_at
    return {
        "id": one.public_id,
        "username": one.username,
        "name": one.name,
        "rights": sorted(right.value for right in one.rights),
        "folder": one.folder,
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
        "expired": tokens.is_expired(one),
        "last_used_at": None if used is None else used.isoformat(),
        "address": one.address,
    }
