"""One-time links on the command line: how long they live, where they lead, and showing them."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.app.accounts.team import MadeLink


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that make a link."""
    parser.add_argument(
        "--hours", type=float, metavar="N", help="how long the link is good (default: 24)"
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help="the server's address for others (default: that of the server that runs)",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON, secrets included")


def address(args: argparse.Namespace) -> str:
    """Return the server's address; before anything is asked or made, as it may be refused."""
    from jupyter_secure.app.accounts.address import server_url

    return "" if args.now else server_url(args.url)


def hours(args: argparse.Namespace) -> float:
    """Return for how many hours the link is to be good."""
    from jupyter_secure.identity.links import DEFAULT_HOURS

    return DEFAULT_HOURS if args.hours is None else args.hours


def show(args: argparse.Namespace, made: MadeLink, url: str) -> None:
    """Print a link, this once."""
    from jupyter_secure.app.accounts.address import link_url

    link = link_url(url, made.token)
    if args.json:
        facts = {
            "username": made.link.username,
            "link": link,
            "expires_at": made.link.expires_at.isoformat(),
        }
        print(json.dumps(facts, indent=2))
        return
    until = made.link.expires_at.astimezone().strftime("%Y-%m-%d %H:%M")
    print(f"Give this link to “{shown(made.link.username)}”, and to nobody else:\n")
    print(f"  {terminal.styled(link, 'strong')}\n")
    print(f"It is good once, until {until}, and is not shown again.")
    if args.url is None:
        print("If others reach this server by another address, add --url.")
