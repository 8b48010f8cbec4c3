"""Where a command gets the passphrase of a locked file from."""

from __future__ import annotations

import argparse
import sys
import textwrap
from functools import partial
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal
from jupyter_secure.errors import InvalidInput

if TYPE_CHECKING:
    from jupyter_secure.vault.envelope import Header
    from jupyter_secure.vault.passphrase import PassphraseKey
    from jupyter_secure.vault.vault import Vault


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the passphrase comes from."""
    parser.add_argument(
        "--passphrase-stdin",
        action="store_true",
        help="read the passphrase from standard input: its next line after the password, if that "
        "comes from there too",
    )


class Given:
    """The passphrase of one run: asked for when the first file needs it, and kept for the others.

    On a terminal each file may have another; from standard input there is one for all.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._read: str | None = None
        self._tried: PassphraseKey | None = None

    def text(self, name: str) -> str:
        """Return the passphrase of the file ``name``. Raises ``InvalidInput`` if there is none."""
        if not self._args.passphrase_stdin:
            return terminal.ask_secret(f"Passphrase of {name}")
        if self._read is None:
            self._read = terminal.read_password_stdin("passphrase")
        return self._read

    def key(self, vault: Vault, header: Header, name: str) -> PassphraseKey | None:
        """Return the key of a file that needs a passphrase, ``None`` for one that needs none.

        Raises ``WrongPassphrase``, and what a damaged header does.
        """
        from jupyter_secure.app.content.passphrases import opening_key

        if not header.needs_passphrase:
            return None
        return opening_key(vault, header, self.text(name), name)

    def to_try(self, header: Header) -> PassphraseKey | None:
        """Return the key of the passphrase on standard input for a file; None if there is none.

        Derived once for all files with one salt, as those are that belong together: a file and its
        checkpoint.
        """
        from jupyter_secure.vault.passphrase import PassphraseKey

        derivation = header.stanza.derivation
        if derivation is None or not self._args.passphrase_stdin:
            return None
        if self._tried is None or self._tried.derivation != derivation:
            self._tried = PassphraseKey(self.text(""), derivation)
        return self._tried


def ask_new(args: argparse.Namespace, username: str) -> str:
    """Explain what a lost passphrase means, and return a new one.

    Raises ``InvalidInput`` if that is not confirmed, ``WeakPassword`` if it would be guessed.
    """
    from jupyter_secure.app.content.passphrases import IF_LOST
    from jupyter_secure.identity.passwords import check_strength

    print(textwrap.fill(IF_LOST, 80), file=sys.stderr)
    if not args.yes:
        if args.password_stdin or args.passphrase_stdin or not sys.stdin.isatty():
            raise InvalidInput(
                "Nobody is here to confirm that.", remedy="Add --yes if you have read it."
            )
        if terminal.ask("Type “yes” to go on").lower() != "yes":
            raise InvalidInput("Nothing was locked.", why="It was not confirmed.")
    if args.passphrase_stdin:
        return terminal.read_password_stdin("passphrase")
    check = partial(check_strength, username=username, called="passphrase")
    return terminal.ask_new_secret("New passphrase", check, called="passphrase")
