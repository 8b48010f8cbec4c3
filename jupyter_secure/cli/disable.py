"""``jupyter secure disable``."""

from __future__ import annotations

import argparse
import sys

from jupyter_secure.cli import terminal
from jupyter_secure.cli.exit_code import DONE, FAILED, USAGE
from jupyter_secure.store import places

DESCRIPTION = """\
Take the settings out of Jupyter again, exactly as they were before `jupyter secure init`.
The next server starts without HTTPS, login code and encryption. Accounts, keys and
sealed files stay as they are: `jupyter secure init` turns everything on again."""

EXAMPLE = """\
examples:
  jupyter secure disable
  jupyter secure disable --yes"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``disable``."""
    parser.add_argument("--yes", action="store_true", help="do not ask whether you are sure")


def run(args: argparse.Namespace) -> int:
    """Ask, take the settings out, and say how to read what is sealed."""
    from jupyter_secure.app.setup import disable

    files = disable.affected_files()
    if not args.yes:
        if not terminal.is_interactive():
            print(
                "jupyter secure disable: there is no terminal to ask; add --yes.", file=sys.stderr
            )
            return USAGE
        print("This turns off HTTPS, the login code and encryption, by putting back:")
        for path in files:
            print(f"  {path}")
        if terminal.ask("Type yes to go on") != "yes":
            print("Nothing was changed.")
            return FAILED
    done = disable.disable()
    print("The settings are out. Restart Jupyter for it to take effect.")
    for name in done.left:
        print(f"{name} was changed since it was set up; that change was left.")
    print(f"Your keys and accounts stay in {places.state_dir()}.")
    print("Sealed notebooks stay sealed. To read one, or to turn it back into a plain file:")
    print("  jupyter secure vault open NOTEBOOK.ipynb -o plain.ipynb")
    print("  jupyter secure vault open --in-place NOTEBOOK.ipynb")
    print("To turn everything on again: jupyter secure init")
    return DONE
