"""``jupyter secure lock``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jupyter_secure.cli import passphrase, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.cli.recorded import note
from jupyter_secure.errors import SecureError, shown

DESCRIPTION = """\
Lock files, as the button in the panel does; a running server holds the lock at once. They
are encrypted by that, if they are not yet. The modes:

  private    the server shows the file to its owner only, after a code
  read-only  everybody may open it, nobody may change it
  sealed     the file lies under a passphrase of its own: without it nothing opens the
             file, neither a server in which people are logged in nor the recovery key

A lost passphrase cannot be replaced, so a sealed lock asks you to confirm. The checkpoint
of a file is locked with it; copies that lie elsewhere are not."""

EXAMPLE = """\
examples:
  jupyter secure lock --mode private payroll.ipynb
  jupyter secure lock --mode sealed --root ~/notebooks ~/notebooks/interviews/*.ipynb
  printf '%s\\n' "$PASSWORD" "$PASSPHRASE" |
    jupyter secure lock --mode sealed --password-stdin --passphrase-stdin --yes a.ipynb"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``lock``."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="file to lock")
    parser.add_argument(
        "--mode",
        choices=("private", "read-only", "sealed"),
        default="private",
        help="what the lock withholds (default: private)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask whether a lost passphrase is understood"
    )
    add_shared_arguments(parser)


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of both ``lock`` and ``unlock``."""
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="the folder that the server serves (default: ServerApp.root_dir, if that is set and "
        "you are in it, else where you are)",
    )
    parser.add_argument("--username", metavar="U", help="whose lock it is")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    passphrase.add_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Lock each file; what fails is explained, and the others are done all the same."""
    from jupyter_secure.app.content import files
    from jupyter_secure.app.locking.local_locking import local_locking
    from jupyter_secure.locks import LockMode

    mode = LockMode(args.mode)
    username = vault_key.account(args)
    root = files.root_from_password(username, vault_key.password(args, username))
    code = DONE
    try:
        with local_locking(root, username, args.root) as locking:
            words = passphrase.ask_new(args, username) if mode is LockMode.SEALED else None
            for path in args.files:
                try:
                    locking.lock(path, mode, words)
                    note()
                    print(f"{shown(str(path))}: locked ({mode.value})")
                except SecureError as error:
                    note(error)
                    print(error, file=sys.stderr)
                    code = FAILED
    finally:
        root.wipe()
    return code
