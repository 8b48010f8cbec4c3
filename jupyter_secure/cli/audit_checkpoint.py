"""``jupyter secure audit checkpoint``."""

from __future__ import annotations

import argparse

from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import shown

TEXTS = {
    "checkpoint": (
        """\
Sign where the record stands now, print that as a line of JSON, and send it where asked.
Kept on another machine it shows later that nothing before it was cut off or replaced. The
server does the same every few minutes with SecureConfig.audit_checkpoints_to.""",
        """\
examples:
  jupyter secure audit checkpoint
  jupyter secure audit checkpoint --to https://log.example.org/jupyter
  jupyter secure audit checkpoint --to syslog+tcp://log.example.org:601""",
    )
}


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Add the options of ``checkpoint``."""
    parser.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="PLACE",
        help="a file's whole path, syslog://HOST[:PORT], syslog+tcp://HOST[:PORT], or https://…",
    )


def run(args: argparse.Namespace) -> int:
    """Make a checkpoint, and send it."""
    from jupyter_secure.app.audit.checkpoint import checkpoint
    from jupyter_secure.app.audit.send import check_place, send

    for place in args.to:
        check_place(place)
    made = checkpoint(args.record)
    print(shown(made.to_line()))
    for place in args.to:
        send(place, made)
    return DONE
