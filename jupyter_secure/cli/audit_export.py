"""``jupyter secure audit export``."""

from __future__ import annotations

import argparse

from jupyter_secure.audit.exporting import FORMATS
from jupyter_secure.cli import audit_filters
from jupyter_secure.cli.exit_code import DONE

DESCRIPTION = """\
Print events for other programs, the oldest first: as OCSF 1.6 (one JSON object in a line),
as CSV, or as CEF, which syslog and many SIEMs take. What is exported carries no chain: the
record itself stays the evidence."""

EXAMPLE = """\
examples:
  jupyter secure audit export --format ocsf --since 1d > yesterday.jsonl
  jupyter secure audit export --format csv > record.csv
  jupyter secure audit export --format cef --follow | logger -n siem.example.org --tcp"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``export``."""
    audit_filters.add_arguments(parser)
    parser.add_argument(
        "--format", choices=FORMATS, default="ocsf", help="which form (default: ocsf)"
    )
    parser.add_argument("--follow", action="store_true", help="go on as events come; Ctrl-C ends")


def run(args: argparse.Namespace) -> int:
    """Print what is wanted."""
    from itertools import chain

    from jupyter_secure import __version__
    from jupyter_secure.app.audit import read
    from jupyter_secure.audit.exporting import heading, one_line

    wanted = audit_filters.wanted(args)
    if heading(args.format):
        print(heading(args.format))
    events = read.oldest_first(args.record, wanted)
    if args.follow:
        events = chain(events, read.follow(args.record, wanted))
    for one in events:
        print(one_line(args.format, one, __version__), flush=args.follow)
    return DONE
