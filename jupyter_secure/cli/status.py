"""``jupyter secure status``."""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.app.setup.report import Report

DESCRIPTION = """\
Show what is on and what is not. The exit code is 1 when a protection is off, so that a
script can ask. A "!" is something to do that leaves every protection on."""

EXAMPLE = """\
examples:
  jupyter secure status
  jupyter secure status --root ~/notebooks
  jupyter secure status --json | jq .all_on"""

_LABEL_WIDTH = 13
_HEADLINES = {
    "ok": "Protected.",
    "warn": "Protected; there is something to do.",
    "bad": "Not protected: a protection is off.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``status``."""
    parser.add_argument(
        "--root",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="the folder of notebooks to look through (default: where you are)",
    )
    parser.add_argument("--json", action="store_true", help="print the same as JSON")


def run(args: argparse.Namespace) -> int:
    """Look, and say what was found."""
    # Not for help: it brings the database and the certificates.
    from jupyter_secure.app.setup.report import report

    found = report((args.root or Path.cwd()).absolute(), datetime.now(timezone.utc))
    if args.json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        show(found)
    return DONE if found.all_on else FAILED


def show(found: Report) -> None:
    """Print a report."""
    levels = [finding.level for finding in found.findings]
    worst = next((level for level in ("bad", "warn") if level in levels), "ok")
    headline = _HEADLINES[worst] if found.configured else "Not set up."
    print(terminal.styled(headline, "strong"))
    width = min(shutil.get_terminal_size().columns, 100)
    indent = " " * (_LABEL_WIDTH + 3)
    for finding in found.findings:
        lines = _wrapped(finding.summary, width - len(indent))
        print(f"{terminal.mark(finding.level)} {finding.label:<{_LABEL_WIDTH}} {lines[0]}")
        rest = lines[1:] + (_wrapped(finding.remedy, width - len(indent)) if finding.remedy else [])
        for line in rest:
            print(indent + line)


def _wrapped(text: str, width: int) -> list[str]:
    # Paths and commands are for copying: they are never broken.
    lines = textwrap.wrap(text, max(width, 30), break_long_words=False, break_on_hyphens=False)
    return [shown(line) for line in lines]
