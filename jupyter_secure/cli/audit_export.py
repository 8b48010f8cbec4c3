"""``jupyter secure audit export``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from jupyter_secure.audit.exporting import FORMATS
from jupyter_secure.cli import audit_filters
from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import InvalidInput, StorageFailed

TEXTS = {
    "export": (
        """\
Print events for other programs, the oldest first: as OCSF 1.6 (one JSON object in a line),
as CSV, as CEF, which syslog and many SIEMs take, or as OpenTelemetry's log records (OTLP
JSON lines, for the collector's otlpjsonfile receiver). What is exported carries no chain: the
record itself stays the evidence.""",
        """\
examples:
  jupyter secure audit export --format ocsf --since 1d > yesterday.jsonl
  jupyter secure audit export --format csv > record.csv
  jupyter secure audit export --format cef --follow --to syslog+tcp://siem.example.org:601""",
    )
}


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Add the options of ``export``."""
    audit_filters.add_arguments(parser)
    parser.add_argument(
        "--format", choices=FORMATS, default="ocsf", help="which form (default: ocsf)"
    )
    parser.add_argument(
        "--to",
        metavar="PLACE",
        help="send it there instead, one message for each event: syslog://HOST[:PORT] or "
        "syslog+tcp://HOST[:PORT]",
    )
    parser.add_argument("--follow", action="store_true", help="go on as events come; Ctrl-C ends")


def run(args: argparse.Namespace) -> int:
    """Print what is wanted."""
    from itertools import chain

    from jupyter_secure import __version__
    from jupyter_secure.app.audit import read
    from jupyter_secure.audit.exporting import heading, one_line

    wanted = audit_filters.wanted(args)
    if args.to is not None and not args.to.startswith(("syslog://", "syslog+tcp://")):
        raise InvalidInput(f"{args.to!r} is no syslog server.")
    if args.to is None and heading(args.format):
        print(heading(args.format))
    events = read.oldest_first(args.record, wanted)
    if args.follow:
        events = chain(events, read.follow(args.record, wanted))
    if args.to is not None:
        _send(args.to, ((one.time, one_line(args.format, one, __version__)) for one in events))
        return DONE
    for one in events:
        print(one_line(args.format, one, __version__), flush=args.follow)
    return DONE


def _send(place: str, messages: Iterable[tuple[int, str]]) -> None:
    from jupyter_secure.app.audit.send import check_place, shown_place
    from jupyter_secure.app.audit.syslog import Receiver

    check_place(place)
    try:
        with Receiver(place) as receiver:
            for time, text in messages:
                receiver.send("event", time, text)
    except OSError as error:
        raise StorageFailed(
            f"Events could not be sent to {shown_place(place)}.",
            why=f"{error.strerror or type(error).__name__}.",
        ) from None
