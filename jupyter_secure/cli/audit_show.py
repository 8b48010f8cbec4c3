"""``jupyter secure audit show``."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING

from jupyter_secure.cli import audit_filters, terminal
from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.audit.events import Recorded

TEXTS = {
    "show": (
        """\
List events of the record, the newest last. Lines that are none of ours are left out:
`jupyter secure audit verify` tells of them. Times are this machine's.""",
        """\
examples:
  jupyter secure audit show
  jupyter secure audit show --who alice --what 'file:*' --since 2d
  jupyter secure audit show --outcome refused --follow
  jupyter secure audit show --path project/ --limit 0 --json | jq .action""",
    )
}

_MARKS = {"success": "ok", "started": "ok", "failure": "warn", "refused": "bad"}


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Add the options of ``show``."""
    audit_filters.add_arguments(parser)
    parser.add_argument(
        "--limit", type=_count, default=50, metavar="N", help="the last N (default: 50; 0: all)"
    )
    parser.add_argument("--follow", action="store_true", help="go on as events come; Ctrl-C ends")
    parser.add_argument("--json", action="store_true", help="print each event as a line of JSON")


def run(args: argparse.Namespace) -> int:
    """List what is wanted."""
    from jupyter_secure.app.audit import read

    wanted = audit_filters.wanted(args)
    if args.limit:
        newest = list(islice(read.newest_first(args.record, wanted), args.limit))
        for one in reversed(newest):
            _show(one, as_json=args.json)
    else:
        for one in read.oldest_first(args.record, wanted):
            _show(one, as_json=args.json)
    if args.follow:
        for one in read.follow(args.record, wanted):
            _show(one, as_json=args.json)
    return DONE


def _show(one: Recorded, *, as_json: bool) -> None:
    if as_json:
        from jupyter_secure.audit.exporting import plain

        print(json.dumps(plain(one)), flush=True)
        return
    event = one.event
    moment = datetime.fromtimestamp(one.time / 1000, timezone.utc).astimezone()
    who = event.who.username or (event.who.kernel and f"kernel {event.who.kernel}") or "–"
    what = event.path + (f" → {event.to}" if event.to else "") or event.target
    if event.reason:
        what = f"{what} ({event.reason})".strip()
    if not what and event.details:
        what = " ".join(f"{name}={value}" for name, value in event.details.items())
    sign = terminal.mark(_MARKS[event.outcome.value])
    begun = " …" if event.outcome.value == "started" else ""
    print(
        f"{one.seq:>8}  {moment:%Y-%m-%d %H:%M:%S}  {sign} {shown(who):<12} "
        f"{event.action + begun:<20} {shown(what)}"
        + (f"  {terminal.styled(shown(event.address), 'faint')}" if event.address else ""),
        flush=True,
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number
