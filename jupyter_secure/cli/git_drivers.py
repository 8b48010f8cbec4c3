"""``jupyter secure git textconv | merge | compare``: what Git calls, with files of its own."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.errors import SecureError, TooMuch, shown
from jupyter_secure.store import places

if TYPE_CHECKING:
    from jupyter_secure.app.git.open_vault import Opener

_BY_GIT = "Git calls this, as `jupyter secure git setup` tells it."
TEXTS = {
    "textconv": (f"Print a file as text. {_BY_GIT}", ""),
    "merge": (f"Merge three versions of a file into the second. {_BY_GIT}", ""),
    "compare": (f"Compare two versions of a notebook, cell by cell. {_BY_GIT}", ""),
}
_NAMES = {
    "textconv": ("FILE",),
    "merge": ("BASE", "OURS", "THEIRS", "SIZE", "PATH"),
    # git(1), "GIT_EXTERNAL_DIFF": for a conflict there is the path alone.
    "compare": ("PATH", "FACTS…"),
}
_MERGE_SECONDS = 120.0
_DEVICE_NULL = "/dev/null"


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add what Git hands over."""
    parser.add_argument("--key-file", type=Path, metavar="PATH", help="open the vault with it")
    *names, last = _NAMES[action]
    for name in names:
        parser.add_argument(name.lower())
    if last == "FACTS…":
        parser.add_argument("facts", nargs="*")
    else:
        parser.add_argument(last.lower())


def run(args: argparse.Namespace) -> int:
    """Do it. Nothing but a merge ever fails: Git would end its listing there."""
    if args.action == "merge":
        return _merge(args)
    if args.action == "compare":
        return _compare(args)
    data = Path(args.file).read_bytes()
    _print(_text(args, data))
    return DONE


def _text(args: argparse.Namespace, data: bytes) -> str:
    from jupyter_secure.app.git.notebook_text import is_sealed, text_of, unopened

    try:
        if is_sealed(data):
            with _opener(args) as opener:
                data = opener.open(data)
        return text_of(data)
    except SecureError as error:
        return unopened(data, str(error))


def _merge(args: argparse.Namespace) -> int:
    from jupyter_secure.app.git.merging import merge
    from jupyter_secure.app.history.deadline import deadline

    base, ours, theirs = (Path(name).read_bytes() for name in (args.base, args.ours, args.theirs))
    too_slow = TooMuch(
        f"Merging takes longer than {_MERGE_SECONDS:.0f} seconds, and was ended.",
        why="Some of its cells have thousands of lines that differ.",
        remedy="Choose one side: git checkout --ours PATH, or --theirs.",
    )
    try:
        with _opener(args) as opener, deadline(_MERGE_SECONDS, too_slow):
            merged = merge(base, ours, theirs, opener)
    except SecureError as error:
        path = shown(args.path)
        print(f"{path} was not merged, and is as it was on our side. {error}", file=sys.stderr)
        print(
            f"Then have it merged again: git checkout --merge -- {shlex.quote(path)}",
            file=sys.stderr,
        )
        return FAILED
    # Git's own temporary file: if this is cut short, Git does not take it.
    Path(args.ours).write_bytes(merged.blob)
    if merged.conflicts:
        print(f"{shown(args.path)}: conflicts. Look at its cells, then add it.", file=sys.stderr)
    return FAILED if merged.conflicts else DONE


def _compare(args: argparse.Namespace) -> int:
    from jupyter_secure.app.git.merging import EMPTY
    from jupyter_secure.app.git.notebook_text import is_sealed
    from jupyter_secure.app.history.compare import SECONDS, compare, pretty, too_slow
    from jupyter_secure.app.history.deadline import deadline

    if len(args.facts) < 6:
        print(f"{shown(args.path)}: not merged yet.")
        return DONE
    old, _, _, new = args.facts[:4]
    sides = [b"" if name == _DEVICE_NULL else Path(name).read_bytes() for name in (old, new)]
    print(f"diff {shown(args.path)}")
    try:
        with _opener(args) as opener:
            before, after = (opener.open(one) if is_sealed(one) else one for one in sides)
        colour = bool(os.environ.get("GIT_PAGER_IN_USE")) or sys.stdout.isatty()
        colour &= not os.environ.get("NO_COLOR")
        name = shown(args.path)
        out = io.StringIO()
        with deadline(SECONDS, too_slow()):
            compared = compare(before or EMPTY, after or EMPTY)
            pretty(compared, f"{name} (before)", f"{name} (after)", out=out, color=colour)
        _print(out.getvalue())
    except SecureError as error:
        if isinstance(error, TooMuch):
            print(f"Not compared cell by cell. {error}")
        for sign, data in zip("-+", sides, strict=True):
            _print("".join(f"{sign}{line}\n" for line in _text(args, data).splitlines()))
    return DONE


def _print(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode(errors="replace"))
    sys.stdout.buffer.flush()


@contextmanager
def _opener(args: argparse.Namespace) -> Iterator[Opener]:
    """Give what opens sealed files: the agent if one runs, else the key file that is configured."""
    from jupyter_secure.app.git import starting
    from jupyter_secure.app.git.by_agent import ByAgent

    state = places.state_dir()
    if args.key_file is None or starting.seconds_left(state) is not None:
        yield ByAgent(state)
        return
    from jupyter_secure.app.content import files
    from jupyter_secure.app.git.open_vault import OpenVault

    root = files.root_from_key_file(args.key_file)
    try:
        vault = OpenVault(state, root)
    finally:
        root.wipe()
    try:
        yield vault
    finally:
        vault.close()
