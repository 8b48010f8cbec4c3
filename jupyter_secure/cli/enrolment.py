"""Asking for an account and its second factor, and showing them: what several commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_secure.cli import terminal
from jupyter_secure.errors import WrongCode

if TYPE_CHECKING:
    from jupyter_secure.app.accounts.enrolment import Enrolment

Confirmed = TypeVar("Confirmed")


# What `init` turns off unless told otherwise → the help for that.
_KEEP = {
    "ipython-history": "let IPython go on recording every cell, unencrypted",
    "language-servers": "let language servers have unencrypted copies of open notebooks",
    "collaboration": "let jupyter-collaboration keep unencrypted copies",
    "debugger": "let JupyterLab's debugger have cells written, unencrypted",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how to set up."""
    parser.add_argument(
        "--hostname",
        action="append",
        default=[],
        metavar="H",
        help="another name or address that browsers use for this server (repeatable)",
    )
    parser.add_argument(
        "--cert", type=Path, metavar="FILE", help="use this certificate (PEM) instead of making one"
    )
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="its private key, if it is not in the same file"
    )
    for name, help_ in _KEEP.items():
        parser.add_argument(
            f"--keep-{name}", action="append_const", dest="keep", const=name, help=help_
        )


def add_script_arguments(script: argparse._ArgumentGroup) -> None:
    """Add the options that give the answers."""
    script.add_argument("--username", metavar="U", help="name of the account to make")
    script.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    script.add_argument(
        "--json", action="store_true", help="print the enrolment, secrets included, as JSON"
    )


def account_name() -> str:
    """Return the name of the system account, empty where it has none: a good first guess."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def new_password(args: argparse.Namespace, question: str, check: Callable[[str], object]) -> str:
    """Return another's new password: asked for, or the second line of standard input."""
    if args.password_stdin or (args.recovery_key_stdin and not terminal.is_interactive()):
        password = terminal.read_password_stdin()
        check(password)
        return password
    return terminal.ask_new_secret(question, check)


def factor_as_json(begun: Enrolment) -> dict[str, Any]:
    """Return a new second factor, secrets included."""
    return {
        "username": begun.username,
        "totp_uri": begun.totp_uri,
        "recovery_codes": list(begun.recovery_codes),
    }


def ask_code(confirm: Callable[[str, datetime], Confirmed | None]) -> Confirmed:
    """Ask for a code until ``confirm`` takes it. Raises ``WrongCode`` after some tries."""
    for _ in range(terminal.TRIES):
        code = terminal.ask("Code from the app")
        confirmed = confirm("".join(code.split()), datetime.now(timezone.utc))
        if confirmed is not None:
            return confirmed
        print("  That is not the current code. Wait for the next one.", file=sys.stderr)
    print("  If it never fits, compare the clocks of phone and computer.", file=sys.stderr)
    raise WrongCode


def show_authenticator(uri: str, secret: str) -> None:
    """Show what an authenticator app needs, as a picture and as text."""
    print("Scan this with an authenticator app:\n")
    if picture := terminal.qr_code(uri):
        print(picture)
    print("\n  or type this secret in by hand (time-based, six digits):")
    print(f"  {terminal.styled(terminal.grouped(secret), 'strong')}\n")


def show_recovery_codes(codes: Sequence[str]) -> None:
    """Show the recovery codes, in two columns."""
    print("\nRecovery codes: each replaces one code, should you lose the authenticator.\n")
    for left, right in zip(codes[::2], codes[1::2], strict=True):
        print(f"  {left}    {right}")
