"""``jupyter secure certificate``."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal
from jupyter_secure.cli.exit_code import DONE, FAILED

if TYPE_CHECKING:
    from jupyter_secure.app.setup.own_certificate import InUse

DESCRIPTION = """\
Show the certificate that the server uses, and renew the one that `init` made. A running
server takes a new certificate by itself, within seconds and without a restart."""

EXAMPLE = """\
examples:
  jupyter secure certificate show
  jupyter secure certificate renew
  jupyter secure certificate renew --hostname lab.example.org
  jupyter secure certificate show --json | jq .days_left"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their options."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    show = actions.add_parser(
        "show",
        help="what it is, how long it is good for, and how to renew it",
        description="Show the certificate that servers of this account start with. The exit code "
        "is 1 when it is time to renew it.",
    )
    renew = actions.add_parser(
        "renew",
        help="replace the one that `init` made",
        description="Make a new certificate for the names of the old one, with a new key. The pair "
        "is exchanged in one step. One that came from elsewhere is renewed there.",
    )
    renew.add_argument(
        "--hostname",
        action="append",
        default=[],
        metavar="H",
        help="another name or address for it; repeatable",
    )
    renew.add_argument(
        "--keep-key",
        action="store_true",
        help="use the present key again, where its public half is pinned somewhere",
    )
    for action in (show, renew):
        action.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace) -> int:
    """Show it, or renew it and show it then."""
    # Not for help: it brings the cryptography library.
    from jupyter_secure.app.setup import own_certificate

    now = datetime.now(timezone.utc)
    if args.action == "renew":
        own_certificate.renew(tuple(args.hostname), now, key="keep" if args.keep_key else "new")
    found = own_certificate.in_use(now)
    if args.json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        if args.action == "renew":
            print("Renewed. A running server takes it for its next connection.\n")
        _show(found, own_certificate.how_to_renew(found.pair.certfile))
    return FAILED if found.due else DONE


def _show(found: InUse, advice: str) -> None:
    facts = found.pair.facts
    fingerprint = ":".join(facts.fingerprint_sha256[at : at + 2] for at in range(0, 64, 2)).upper()
    if found.own:
        issuer = "nobody but this server (made by `init`)"
    elif facts.self_signed:
        issuer = "nobody but itself"
    else:
        issuer = facts.issuer
    days = f"{found.days_left} day{'' if found.days_left == 1 else 's'}"
    for label, text in (
        ("Certificate", str(found.pair.certfile)),
        ("Key", str(found.pair.keyfile)),
        ("Names", ", ".join(facts.names)),
        ("Vouched by", issuer),
        ("Good until", f"{facts.not_after:%d %B %Y} ({days})"),
        ("SHA-256", fingerprint),
    ):
        print(f"{label:<12} {text}")
    mark = terminal.mark("warn" if found.due else "ok")
    when = "It is time to renew it. " if found.due else "To renew it: "
    print(f"\n{mark} {when}{advice if found.due else advice[0].lower() + advice[1:]}")
