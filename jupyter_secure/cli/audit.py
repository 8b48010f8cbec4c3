"""``jupyter secure audit``: its sub-commands, each in a module ``audit_*``."""

from __future__ import annotations

import argparse
from pathlib import Path

from jupyter_secure.cli import subcommands

DESCRIPTION = """\
Read the record of who did what, and check that nobody changed it."""

EXAMPLE = """\
examples:
  jupyter secure audit show --path analysis.ipynb --since 7d
  jupyter secure audit setup-key               once: keep what it prints off this machine
  jupyter secure audit verify --key-stdin < key.txt
  jupyter secure audit export --format ocsf > record.jsonl

`jupyter secure audit COMMAND --help` explains a command."""

# Sub-command → (module, what it does in a line).
_ACTIONS: subcommands.Actions = {
    "show": ("audit_show", "list events, the newest last"),
    "verify": ("audit_verify", "say whether the record was changed, and where first"),
    "setup-key": ("audit_key", "begin a chain and print the key to verify it with"),
    "export": ("audit_export", "print the record for other programs: OCSF, CSV, CEF"),
    "checkpoint": ("audit_checkpoint", "sign where the record stands, to be kept elsewhere"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands of ``audit``."""
    subcommands.add_all(parser, _ACTIONS, _add_record)


def _add_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FOLDER",
        help="the record's folder, or a copy of it (default: this account's)",
    )


def run(args: argparse.Namespace) -> int:
    """Run one of the sub-commands."""
    if args.action is not None and args.record is None:
        from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
        from jupyter_secure.store.places import state_dir

        args.record = state_dir() / AUDIT_DIRECTORY
    return subcommands.run(args)
