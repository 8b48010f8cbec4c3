"""``jupyter secure history list | show | diff | restore``: the versions of one file."""

from __future__ import annotations

import argparse
import io
import json
import sys
from typing import TYPE_CHECKING, Any

from jupyter_secure.cli import passphrase
from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import Conflict, shown

if TYPE_CHECKING:
    from jupyter_secure.app.history.local_history import LocalHistory
    from jupyter_secure.history.version import Version


def list_versions(args: argparse.Namespace, place: LocalHistory) -> int:
    """List them, newest first."""
    _open(args, place)
    found = place.versions.listing(args.file, place.actor).versions
    if args.json:
        print(json.dumps([model(one) for one in found], indent=2))
        return DONE
    if not found:
        print(f"{shown(str(args.file))}: there are no versions.")
    for one in found:
        kind = one.kind.value + (f" ({one.restored})" if one.restored else "")
        print(
            f"{one.number:>6}  {one.at.astimezone():%Y-%m-%d %H:%M:%S}  {one.size:>12,}  "
            f"{shown(one.account) or '-':<16}  {kind:<14}  {shown(one.path)}"
        )
    return DONE


def show(args: argparse.Namespace, place: LocalHistory) -> int:
    """Write the content of one version to standard output, or to a file."""
    from jupyter_secure.store.atomic import write_atomically

    _open(args, place)
    _, data = place.versions.open(args.file, args.number, place.actor)
    if args.output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return DONE
    if args.output.exists() and not args.force:
        raise Conflict(f"{args.output} exists already.", remedy="Add --force to replace it.")
    # Plain text: for its owner only.
    write_atomically(args.output, data, mode=0o600)
    print(f"{shown(str(args.output))}: version {args.number}, in plain text")
    return DONE


def diff(args: argparse.Namespace, place: LocalHistory) -> int:
    """Print what differs between two versions, in colour on a terminal."""
    from jupyter_secure.app.history.compare import SECONDS, compare, pretty, too_slow
    from jupyter_secure.app.history.deadline import deadline

    _open(args, place)
    _, before = place.versions.open(args.file, args.first, place.actor)
    if args.second is None:
        after = place.versions.current(args.file, place.actor)
    else:
        _, after = place.versions.open(args.file, args.second, place.actor)
    out = io.StringIO()
    with deadline(SECONDS, too_slow()):
        compared = compare(before, after)
        if args.json:
            out.write(json.dumps(compared.diff, indent=2) + "\n")
        else:
            name = shown(str(args.file))
            second = "now" if args.second is None else str(args.second)
            color = sys.stdout.isatty()
            pretty(compared, f"{name} {args.first}", f"{name} {second}", out=out, color=color)
    print(out.getvalue(), end="")
    return DONE


def restore(args: argparse.Namespace, place: LocalHistory) -> int:
    """Put a version back; what the file holds now is kept as a version first."""
    _open(args, place)
    version = place.versions.restore(args.file, args.number, place.actor)
    if args.json:
        print(json.dumps(model(version), indent=2))
    else:
        print(
            f"{shown(str(args.file))}: restored version {version.number} of "
            f"{version.at.astimezone():%Y-%m-%d %H:%M:%S}"
        )
    return DONE


def _open(args: argparse.Namespace, place: LocalHistory) -> None:
    if place.needs_passphrase(args.file):
        place.give(args.file, passphrase.Given(args).text(str(args.file)))


def model(version: Version) -> dict[str, Any]:
    """Return what ``--json`` says of a version."""
    return {
        "number": version.number,
        "at": version.at.isoformat(),
        "account": version.account,
        "kind": version.kind.value,
        "size": version.size,
        "path": version.path,
        "restored": version.restored,
    }
