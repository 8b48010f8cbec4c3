"""``jupyter secure vault``: its sub-commands, each in a module ``vault_*``."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext

from jupyter_secure.cli import subcommands

DESCRIPTION = """\
Look after keys and sealed files on the command line, without a server."""

EXAMPLE = """\
examples:
  jupyter secure vault verify ~/notebooks
  jupyter secure vault open analysis.ipynb -o plain.ipynb
  jupyter secure vault seal - < data.csv > data.csv.sealed

`jupyter secure vault COMMAND --help` explains a command."""

# Sub-command → (module, what it does in a line).
_ACTIONS: subcommands.Actions = {
    "status": ("vault_slots", "say which vault this is and what opens it"),
    "slots": ("vault_slots", "list who can open the vault"),
    "seal": ("vault_files", "encrypt files"),
    "open": ("vault_files", "decrypt a file"),
    "seal-folder": ("vault_folders", "mark a folder: what is saved in it is sealed"),
    "password": ("vault_password", "change an account's password"),
    "verify": ("vault_verify", "read every sealed file and report what is damaged"),
    "accept": ("vault_accept", "take files that were changed from outside as they are"),
    "rotate": ("vault_rotate", "begin a new key epoch and bring the files to it"),
    "backup": ("vault_backup", "copy keys, accounts and certificate into one file"),
    "recover": ("vault_recover", "set up again from the recovery key and the files alone"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands of ``vault``."""
    subcommands.add_all(parser, _ACTIONS)


def run(args: argparse.Namespace) -> int:
    """Run one of the sub-commands."""
    with _keeping_root_key(args):
        return subcommands.run(args)


def _keeping_root_key(args: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what keeps the root key for commands that change files, or copy all of the state."""
    # A change that was cut short may wait for a file to be accepted, or opened.
    between_keys = args.action in ("accept", "backup")
    between_keys |= args.action == "open" and (args.in_place or args.all)
    changes = between_keys or args.action == "seal"
    changes |= args.action == "rotate" and not args.full
    if not changes:
        return nullcontext()
    from jupyter_secure.app.at_work import at_work

    return at_work(between_keys=between_keys)
