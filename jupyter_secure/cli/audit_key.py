"""``jupyter secure audit setup-key``."""

from __future__ import annotations

import argparse
import json

from jupyter_secure.cli import terminal
from jupyter_secure.cli.exit_code import DONE

TEXTS = {
    "setup-key": (
        """\
Begin a new chain in the record, also while a server runs, and print the key that it can be
verified with, once. It is kept nowhere on this machine: store it elsewhere, on paper or in
a password safe. Whoever has it can verify the record, and could also forge it. Keys printed
before stay good for the events before.""",
        """\
examples:
  jupyter secure audit setup-key
  jupyter secure audit setup-key --json | ssh safe 'cat > server-1.key'""",
    )
}


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Add the options of ``setup-key``."""
    parser.add_argument("--json", action="store_true", help="print the key as JSON")


def run(args: argparse.Namespace) -> int:
    """Begin a chain, and show its key."""
    from jupyter_secure.app.audit.setup_key import setup_key

    key = setup_key(args.record)
    text = key.to_text()
    if args.json:
        print(
            json.dumps(
                {
                    "verification_key": text,
                    "record": key.record_id.hex(),
                    "segment": key.segment,
                    "public_key": key.public_key.hex(),
                }
            )
        )
        return DONE
    print("The verification key. It is shown now and never again:\n")
    print(f"  {terminal.styled(text, 'strong')}\n")
    code = terminal.qr_code(text.upper())
    if code:
        print(f"{code}\n")
    print(f"It verifies what is recorded from now on (segment {key.segment} and later).")
    print(f"Checkpoints are signed by {key.public_key.hex()}.")
    print("Keep it off this machine. To verify: jupyter secure audit verify --key-stdin")
    return DONE
