"""``jupyter secure git unlock | lock``."""

from __future__ import annotations

import argparse
import sys

from jupyter_secure.cli import vault_key
from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.store import places

TEXTS = {
    "unlock": (
        """\
Open the vault for Git's drivers. A process in the background holds it, as ssh-agent holds keys,
until it was not used for the time given, or `jupyter secure git lock`. Until then every program of
your account can read sealed notebooks by it; what is locked stays closed.""",
        """\
examples:
  jupyter secure git unlock
  jupyter secure git unlock --minutes 10
  pass show jupyter | jupyter secure git unlock --password-stdin""",
    ),
    "lock": (
        "Close the vault for Git: the process that `git unlock` started forgets the key and ends.",
        "example:\n  jupyter secure git lock",
    ),
}
_DEFAULT_MINUTES = 60.0


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options of ``unlock``; ``lock`` has none."""
    if action == "unlock":
        parser.add_argument(
            "--minutes",
            type=float,
            default=_DEFAULT_MINUTES,
            metavar="N",
            help="how long it stays open without being used (default: 60, at most 1440)",
        )
        vault_key.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Start the agent, or end it."""
    from jupyter_secure.app.git import starting

    state = places.state_dir()
    if args.action == "lock":
        ended = starting.end(state)
        print("The vault is closed for Git." if ended else "The vault was not open for Git.")
        return DONE
    starting.check_minutes(args.minutes)
    root = vault_key.root_key(args)
    try:
        missing = starting.start(state, root, args.minutes)
    finally:
        root.wipe()
    for words in missing:
        print(f"Not protected: {words}.", file=sys.stderr)
    print(
        f"The vault is open for Git until it was not used for {args.minutes:g} min.\n"
        "Every program of your account can read sealed notebooks by it; "
        "`jupyter secure git lock` ends that."
    )
    return DONE
