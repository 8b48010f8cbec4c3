"""``jupyter secure unlock``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jupyter_secure.cli import lock, passphrase, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.cli.recorded import note
from jupyter_secure.errors import SecureError, shown

DESCRIPTION = """\
Take locks off again. The files stay encrypted. What lies under a passphrase needs that, and
opens without it afterwards. With the account's password no code is asked for: whoever has
that and the files can open them anyway."""

EXAMPLE = """\
examples:
  jupyter secure unlock payroll.ipynb
  printf '%s\\n' "$PASSWORD" "$PASSPHRASE" |
    jupyter secure unlock --password-stdin --passphrase-stdin interviews/*.ipynb"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``unlock``."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="file to take the lock off"
    )
    lock.add_shared_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Unlock each file; what fails is explained, and the others are done all the same."""
    from jupyter_secure.app.content import files
    from jupyter_secure.app.locking.local_locking import local_locking

    username = vault_key.account(args)
    root = files.root_from_password(username, vault_key.password(args, username))
    given = passphrase.Given(args)
    code = DONE
    try:
        with local_locking(root, username, args.root) as locking:
            for path in args.files:
                try:
                    words = given.text(str(path)) if locking.needs_passphrase(path) else None
                    locking.unlock(path, words)
                    note()
                    print(f"{shown(str(path))}: unlocked")
                except SecureError as error:
                    note(error)
                    print(error, file=sys.stderr)
                    code = FAILED
    finally:
        root.wipe()
    return code
