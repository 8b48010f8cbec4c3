"""``jupyter secure vault recover``."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import enrolment, terminal
from jupyter_secure.cli.exit_code import USAGE

if TYPE_CHECKING:
    from jupyter_secure.app.keys.recover import Recovered

_DESCRIPTION = """\
Set this account up again for sealed files that are there, from the recovery key and those
files alone: when password or state directory are lost, or on another machine. The vault is
the same, so every file opens as before; account, password, second factor and certificate
are new. Nothing may be set up here yet; the files are not changed."""
_EXAMPLE = """\
examples:
  jupyter secure vault recover ~/notebooks
  jupyter secure vault recover ~/notebooks --recovery-key-stdin --username alice < key.txt
  cat key.txt password.txt | jupyter secure vault recover ~/notebooks \\
      --recovery-key-stdin --password-stdin --username alice --json > enrolment.json"""

TEXTS = {"recover": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``recover``."""
    parser.add_argument(
        "places",
        nargs="+",
        type=Path,
        metavar="FOLDER|FILE",
        help="where sealed files of the vault are",
    )
    enrolment.add_arguments(parser)
    script = parser.add_argument_group("for scripts")
    script.add_argument(
        "--recovery-key-stdin",
        action="store_true",
        help="read the recovery key from the first line of standard input; the first login then "
        "confirms the second factor",
    )
    enrolment.add_script_arguments(script)


def run(args: argparse.Namespace) -> int:
    """Find out which vault it was, and set up for it."""
    from jupyter_secure.app.content import files
    from jupyter_secure.app.keys import recover
    from jupyter_secure.app.setup import set_up
    from jupyter_secure.cli import setting_up

    if problem := _usage_problem(args):
        print(f"jupyter secure vault recover: {problem}", file=sys.stderr)
        return USAGE
    now = datetime.now(timezone.utc)
    # Before the first question: nobody should type a recovery key in vain.
    set_up.check(args.cert, args.key, now)
    root = files.root_from_recovery_key(
        terminal.read_password_stdin()
        if args.recovery_key_stdin
        else terminal.ask_secret("Recovery key")
    )
    try:
        found = recover.find_vault(root, args.places)
        _show(found)
        existing = (found.keyring, root)
        if not args.recovery_key_stdin:
            return setting_up.with_questions(args, now, existing)
        username = set_up.check_username(args.username or enrolment.account_name())
        password = (
            terminal.read_password_stdin()
            if args.password_stdin
            else terminal.ask_new_secret(
                f"New password of {username}",
                lambda text: set_up.check_password(text, username),
            )
        )
        return setting_up.without_questions(args, username, password, now, existing)
    finally:
        root.wipe()


def _usage_problem(args: argparse.Namespace) -> str:
    if args.key and not args.cert:
        return "--key needs --cert."
    if not args.recovery_key_stdin and (args.password_stdin or args.json):
        return "--password-stdin and --json need --recovery-key-stdin."
    if not args.recovery_key_stdin and not terminal.is_interactive():
        return "it asks questions and there is no terminal; see --recovery-key-stdin."
    return ""


def _show(found: Recovered) -> None:
    # On standard error: standard output may be the JSON.
    for failure in found.failures:
        print(failure, file=sys.stderr)
    print(
        f"Vault {found.keyring.vault_id.hex()[:8]}: the recovery key fits "
        f"{found.fitting} sealed file{'' if found.fitting == 1 else 's'}.",
        file=sys.stderr,
    )
    if found.others:
        print(f"It does not fit {found.others} others.", file=sys.stderr)
