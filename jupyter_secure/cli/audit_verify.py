"""``jupyter secure audit verify``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.errors import NotFound, StorageFailed, shown

if TYPE_CHECKING:
    from jupyter_secure.audit.findings import Verified
    from jupyter_secure.audit.verification_key import VerificationKey

TEXTS = {
    "verify": (
        """\
Read the whole record and name the first event that was edited, removed, inserted or
reordered. With the verification key (`audit setup-key`) nothing that was written before
somebody took the machine can have been changed unnoticed; without it, only that the lines
fit each other is checked, which whoever took the machine could have arranged. Checkpoints
that were kept elsewhere show the end and the beginning that they knew. A clock that jumped
is told, and is no failure. The exit code is 1 if anything was changed.""",
        """\
examples:
  jupyter secure audit verify
  jupyter secure audit verify --key-stdin < /media/usb/key.txt
  jupyter secure audit verify --key-file key.txt --checkpoints /mnt/log/checkpoints.jsonl
  jupyter secure audit verify --record /mnt/evidence/audit --key-file key.txt --json""",
    )
}


def add_arguments(parser: argparse.ArgumentParser, _: str) -> None:
    """Add the options of ``verify``."""
    key = parser.add_mutually_exclusive_group()
    key.add_argument(
        "--key-file", type=Path, metavar="FILE", help="file with the verification key (or several)"
    )
    key.add_argument(
        "--key-stdin", action="store_true", help="read the verification key from standard input"
    )
    parser.add_argument(
        "--checkpoints",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="checkpoints that were sent off this machine; may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Check everything, and say what was found."""
    from jupyter_secure.app.audit.verify import verify

    keys = _keys(args)
    for path in args.checkpoints:
        if not path.is_file():
            raise NotFound(f"There is no file {path}.")
    found = verify(args.record, keys, args.checkpoints)
    if args.json:
        print(json.dumps(_facts(found, with_key=bool(keys)), indent=2))
    else:
        _show(found, with_key=bool(keys))
    return FAILED if found.first_broken else DONE


def _keys(args: argparse.Namespace) -> tuple[VerificationKey, ...]:
    from jupyter_secure.audit.verification_key import read_keys

    if args.key_stdin:
        return read_keys(sys.stdin.read(1 << 20))
    if args.key_file is None:
        return ()
    try:
        text = args.key_file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise StorageFailed(f"{args.key_file} cannot be read.", why=f"{error.strerror}.") from None
    return read_keys(text[: 1 << 20])


def _facts(found: Verified, *, with_key: bool) -> dict[str, object]:
    return {
        "unchanged": found.first_broken is None,
        "with_key": with_key,
        "events": found.events,
        "events_with_key": found.with_key,
        "first": found.first_seq,
        "last": found.last_seq,
        "segments": found.segments,
        "checkpoints": found.checkpoints,
        "findings": [asdict(finding) for finding in found.findings],
        "more_findings": found.left_out,
    }


def _show(found: Verified, *, with_key: bool) -> None:
    first = found.first_broken
    for finding in found.findings:
        if finding.broken:
            print(f"{'FIRST: ' if finding is first else '       '}{shown(finding.said)}")
    for finding in found.findings:
        if not finding.broken:
            print(f"note:  {shown(finding.said)}")
    if found.left_out:
        print(f"       … and {found.left_out} more.")
    print(
        f"{found.events} events read, {found.first_seq} to {found.last_seq}, in "
        f"{found.segments} segments; {found.checkpoints} checkpoints compared."
    )
    if first is not None:
        print("The record was changed, or is damaged: see FIRST above.")
    elif with_key:
        print("Nothing in it was changed since it was written.")
    else:
        print(
            "The lines fit each other. Without the verification key that is all that can be said:\n"
            "add --key-stdin, or begin with `jupyter secure audit setup-key`."
        )
