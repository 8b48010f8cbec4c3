"""The options that say which events are meant, as several sub-commands of ``audit`` have them."""

from __future__ import annotations

import argparse
import re
import time
from datetime import datetime, timezone

from jupyter_secure.audit.events import Outcome
from jupyter_secure.audit.filters import Wanted

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the filters."""
    parser.add_argument("--who", default="", metavar="USER", help="what this account did")
    parser.add_argument(
        "--what", default="", metavar="ACTION", help="as file:open, or a pattern as 'login:*'"
    )
    parser.add_argument(
        "--path", default="", help="one file; with / at its end everything in a folder"
    )
    parser.add_argument(
        "--since", type=moment, default=0, metavar="TIME", help="as 2026-01-31, or 90m, 12h, 7d"
    )
    parser.add_argument("--until", type=moment, default=0, metavar="TIME", help="likewise")
    parser.add_argument(
        "--outcome", default="", choices=[one.value for one in Outcome], help="how it came out"
    )


def wanted(args: argparse.Namespace) -> Wanted:
    """Return what the options say."""
    path = args.path
    return Wanted(
        who=args.who,
        what=args.what,
        # As the API names paths; "./" and "/" are what shells and people put before them.
        path=path.removeprefix("./").lstrip("/") if path != "/" else "",
        outcome=args.outcome,
        since=args.since,
        until=args.until,
    )


def moment(text: str) -> int:
    """Return a time in ms since 1970; without a zone it is this machine's."""
    ago = _AGO.fullmatch(text)
    if ago:
        return int((time.time() - int(ago[1]) * _SECONDS[ago[2]]) * 1000)
    try:
        given = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if given.tzinfo is None:
            given = given.astimezone()
        return int(given.astimezone(timezone.utc).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write 2026-01-31, 2026-01-31T14:00, or 90m, 12h, 7d for ago"
        ) from None
