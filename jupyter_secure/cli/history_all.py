"""``jupyter secure history deleted | undelete | verify | tidy``: all histories of this account."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from jupyter_secure.cli import passphrase
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.cli.history_files import model
from jupyter_secure.cli.progress import Progress
from jupyter_secure.errors import InvalidInput, NotFound, shown
from jupyter_secure.locks import LockMode

if TYPE_CHECKING:
    from jupyter_secure.app.history.histories import Verified
    from jupyter_secure.app.history.local_history import LocalHistory
    from jupyter_secure.app.history.versions import Gone


def deleted(args: argparse.Namespace, place: LocalHistory) -> int:
    """List what is gone from the disk, the last saved first."""
    found = place.versions.deleted()
    if args.json:
        print(json.dumps([_gone_model(one) for one in found], indent=2))
        return DONE
    if not found:
        print("Nothing was deleted of which a version is kept.")
    for one in found:
        at = one.version.at.astimezone()
        locked = f"  ({one.withheld.value})" if one.withheld else ""
        print(
            f"{one.version.file_id.hex()}  {at:%Y-%m-%d %H:%M}  {shown(one.version.path)}{locked}"
        )
    return DONE


def undelete(args: argparse.Namespace, place: LocalHistory) -> int:
    """Bring one notebook back."""
    gone = _which(args.which, place.versions.deleted())
    if gone.withheld is LockMode.SEALED:
        place.give_deleted(gone, passphrase.Given(args).text(gone.version.path))
    path = place.versions.undelete(gone.version.file_id, place.actor, place=place.place, to=args.to)
    if args.json:
        print(json.dumps({"path": path}))
    else:
        print(f"{shown(path)}: brought back, as it was saved last")
    return DONE


def verify(args: argparse.Namespace, place: LocalHistory) -> int:
    """Read every version to its end."""
    with Progress() as line:
        found = place.histories.verify(
            place.actor.session, lambda now: line.say(f"{now.versions} versions read")
        )
    if args.json:
        print(json.dumps(facts(found), indent=2))
    else:
        show_verified(found)
    return FAILED if found.damaged else DONE


def facts(found: Verified) -> dict[str, object]:
    """Return what ``--json`` says of versions that were verified."""
    return {
        "notebooks": found.notebooks,
        "versions": found.versions,
        "under_passphrase": found.under_passphrase,
        "damaged": [
            {
                "file_id": one.file_id.hex(),
                "path": one.path,
                "number": one.number,
                "message": str(one.error),
            }
            for one in found.damaged
        ],
    }


def show_verified(found: Verified) -> None:
    """Say what was found in versions that were verified."""
    for one in found.damaged:
        which = "all versions" if one.number is None else f"version {one.number}"
        name = shown(one.path) or one.file_id.hex()
        print(f"{name}, {which}: {one.error}", file=sys.stderr)
    print(f"Versions read: {found.versions}, of {found.notebooks} notebooks.")
    if found.under_passphrase:
        print(
            f"Notebooks whose versions are under a passphrase, not read: {found.under_passphrase}."
        )
    print(f"Damaged: {len(found.damaged)}." if found.damaged else "All of these versions open.")


def tidy(args: argparse.Namespace, place: LocalHistory) -> int:
    """Thin out automatic versions by age, and give their space back."""
    went = place.histories.thin_all()
    freed = place.histories.tidy(everything=True)
    if args.json:
        print(json.dumps({"thinned_out": went, "bytes_freed": freed}))
    else:
        print(f"Versions thinned out: {went}. Freed: {freed / (1 << 20):,.1f} MiB.")
    return DONE


def _which(given: str, found: list[Gone]) -> Gone:
    fits = [one for one in found if given in (one.version.path, one.version.file_id.hex())]
    if not fits:
        raise NotFound(
            f"Nothing that was deleted is called “{given}”.",
            remedy="`jupyter secure history deleted` lists what there is.",
        )
    if len(fits) > 1:
        ids = ", ".join(one.version.file_id.hex() for one in fits)
        raise InvalidInput(
            f"Several that were deleted were called “{given}”.",
            remedy=f"Name one by its id: {ids}.",
        )
    return fits[0]


def _gone_model(gone: Gone) -> dict[str, object]:
    return {
        "file_id": gone.version.file_id.hex(),
        "locked": gone.withheld.value if gone.withheld else None,
        "last": model(gone.version),
    }
