"""``jupyter secure vault password``."""

from __future__ import annotations

import argparse

from jupyter_secure.cli import terminal, vault_key
from jupyter_secure.cli.exit_code import DONE

_DESCRIPTION = """\
Change the password of an account. Recovery key, second factor and files stay as they are.
Whoever has an older copy of vault.json, in a backup for instance, can still open that copy
with the old password."""
_EXAMPLE = """\
examples:
  jupyter secure vault password
  jupyter secure vault password --username alice --password-stdin < old-and-new.txt"""

TEXTS = {"password": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``password``."""
    parser.add_argument("--username", metavar="U", help="whose password it is")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the old password from the first line of standard input, the new one from the "
        "second",
    )


def run(args: argparse.Namespace) -> int:
    """Ask for the passwords and change."""
    # zxcvbn and the database's layer are not needed for help.
    from jupyter_secure.app.keys import change_password

    username = vault_key.account(args)
    if args.password_stdin:
        old, new = terminal.read_password_stdin(), terminal.read_password_stdin()
    else:
        old = terminal.ask_secret(f"Old password of {username}")
        change_password.check_old(username, old)
        new = terminal.ask_new_secret(
            "New password", lambda text: change_password.check_new(username, old, text)
        )
    change_password.change_password(username, old, new)
    print(f"The password of {username} is changed; the recovery key is the same as before.")
    print("An older copy of vault.json, such as in a backup, still opens with the old one.")
    print("Every session of the account has ended, and no browser is known any more.")
    return DONE
