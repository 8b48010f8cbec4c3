"""``jupyter secure vault verify``."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import history_all, passphrase, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.cli.progress import Progress
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.app.trees.verify import Verified
    from jupyter_secure.vault.envelope import Header
    from jupyter_secure.vault.keys import RootKey
    from jupyter_secure.vault.vault import Vault

_DESCRIPTION = """\
Read every sealed file below a folder to its end, checkpoints too, and report each that
does not open, with the reason. Nothing is changed. The exit code is 1 if any fails. It
finds damage and files that were put in the wrong place; it cannot tell a file from an
older version of itself. Files that are locked with a passphrase are read to their end
only if it is given; else they are counted apart. The earlier versions that this account
keeps are read as well, of whatever folder."""
_EXAMPLE = """\
examples:
  jupyter secure vault verify
  jupyter secure vault verify ~/notebooks --json | jq .failed
  jupyter secure vault verify /mnt/backup --recovery-key-stdin < key.txt"""

TEXTS = {"verify": (_DESCRIPTION, _EXAMPLE)}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:  # noqa: ARG001  # the modules' common form
    """Add the options of ``verify``."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="folder or file to read (default: where you are)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    vault_key.add_arguments(parser)
    passphrase.add_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Read everything, and say what was found."""
    from jupyter_secure.app.history.kept import verify_kept
    from jupyter_secure.app.setup.effective_settings import effective_settings, patterns_of
    from jupyter_secure.app.trees.verify import verify

    patterns = patterns_of(effective_settings())
    root = vault_key.root_key(args)
    try:
        vaults, given = _Vaults(root, by_file=args.recovery_key_stdin), passphrase.Given(args)
        with Progress() as line:
            found = verify(
                args.folder,
                vaults,
                patterns,
                lambda now: line.say(f"{now.read} sealed files, {now.bytes >> 20} MiB read"),
                given.to_try,
            )
            kept = verify_kept(
                vaults, given.to_try, lambda now: line.say(f"{now.versions} versions read")
            )
    finally:
        root.wipe()
    if args.json:
        facts = _facts(args.folder, found) | {"versions": history_all.facts(kept)}
        print(json.dumps(facts, indent=2))
    else:
        _show(args.folder, found)
        if kept.notebooks or kept.damaged or kept.under_passphrase:
            history_all.show_verified(kept)
    return FAILED if found.failures or kept.damaged else DONE


class _Vaults:
    """Gives the vault for a file: this account's or, with the recovery key, the file's own."""

    def __init__(self, root: RootKey, *, by_file: bool) -> None:
        from jupyter_secure.app.at_work import is_between_keys
        from jupyter_secure.app.content import files

        # While the root key is being changed, one file may be under the old one, the next not.
        by_file = by_file or is_between_keys()
        self._here = None if by_file else files.vault_here(root)
        self._of_file = partial(files.vault_of, root)

    def __call__(self, header: Header) -> Vault:
        return self._here or self._of_file(header)


def _show(folder: Path, found: Verified) -> None:
    for failure in found.failures:
        print(failure.error, file=sys.stderr)
    of_them = f", {found.checkpoints} of them checkpoints" if found.checkpoints else ""
    print(f"{_count(found.read, 'sealed file')} read in {shown(str(folder.absolute()))}{of_them}.")
    if found.failures:
        print(f"{len(found.failures)} failed; what to do stands above.")
    elif found.read:
        print("All of them open.")
    if found.need_passphrase:
        print(
            f"{_count(found.need_passphrase, 'file')} under a passphrase: the header is in order, "
            "the rest was not read.\nTo read that too, add --passphrase-stdin."
        )
    if found.plain:
        print(f"{_count(found.plain, 'file')} to be encrypted: not sealed yet.")


def _facts(folder: Path, found: Verified) -> dict[str, object]:
    return {
        "folder": str(folder.absolute()),
        "read": found.read,
        "bytes": found.bytes,
        "checkpoints": found.checkpoints,
        "plain": found.plain,
        "need_passphrase": found.need_passphrase,
        "failed": [
            {
                "path": str(failure.path),
                "reason": failure.error.reason,
                "message": str(failure.error),
            }
            for failure in found.failures
        ],
    }


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
