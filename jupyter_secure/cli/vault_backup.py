"""``jupyter secure vault backup``."""

from __future__ import annotations

import argparse
from pathlib import Path

from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import Conflict, shown

_DESCRIPTION = """\
Copy vault.json, accounts, certificate and earlier versions into one tar file, also while a
server runs. The notebooks are not in it: they can be copied as they are. It opens with the
passwords of now, also after they were changed, and it holds the certificate's private key:
keep it as you would keep the state directory itself.

The record is not in it: copies of its keys could rewrite what came after the backup. Send
its checkpoints elsewhere (SecureConfig.audit_checkpoints_to), and copy its segments as they
are; where the state is put back without them a new record begins."""
_EXAMPLE = """\
examples:
  jupyter secure vault backup -o /mnt/backup/jupyter-secure.tar
  tar -xf jupyter-secure.tar -C "$(jupyter --data-dir)/secure"     put it back"""

TEXTS = {"backup": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``backup``."""
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="where to write it"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")


def run(args: argparse.Namespace) -> int:
    """Write the backup, and say what is in it."""
    from jupyter_secure.app.keys.backup import back_up

    if args.output.exists() and not args.force:
        raise Conflict(f"{args.output} exists already.", remedy="Add --force to replace it.")
    names = back_up(args.output)
    print(f"{shown(str(args.output))}: {', '.join(names)}")
    return DONE
