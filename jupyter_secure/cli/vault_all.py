"""``jupyter secure vault seal --all`` and ``open --all``: a whole folder at once."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_secure.cli import terminal, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.cli.progress import Progress
from jupyter_secure.errors import shown

if TYPE_CHECKING:
    from jupyter_secure.app.content.in_place import Hooks
    from jupyter_secure.app.trees.local_place import LocalPlace
    from jupyter_secure.app.trees.migrate import Migrated
    from jupyter_secure.app.trees.wanted import Candidate, Tree, Wanted

_DONE = {"seal": "Sealed", "open": "Opened"}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options for a whole folder."""
    whole = parser.add_argument_group(f"a whole folder ({action} --all [FOLDER])")
    what = "the files that are to be encrypted" if action == "seal" else "every file of this vault"
    whole.add_argument(
        "--all", action="store_true", help=f"{what} below FOLDER (default: where you are)"
    )
    whole.add_argument("--dry-run", action="store_true", help="only list them; change nothing")
    whole.add_argument(
        "--jobs", type=_jobs, default=None, metavar="N", help="work on N files at a time (1-32)"
    )
    whole.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="the folder that the server serves, from which patterns, locks and marked folders "
        "count (default: the configured one, or where you are)",
    )
    whole.add_argument("--json", action="store_true", help="print the result as JSON")
    if action == "open":
        whole.add_argument("--yes", action="store_true", help="do not ask whether to go on")
    parser.set_defaults(yes=action == "seal")


def usage_problem(args: argparse.Namespace) -> str:
    """Say what is wrong with the options, or nothing."""
    if not args.all:
        given = args.dry_run or args.jobs or args.root or args.json
        return "--dry-run, --jobs, --root and --json go with --all only." if given else ""
    if len(args.files) > 1 or "-" in args.files:
        return "--all takes one FOLDER."
    if args.output or getattr(args, "in_place", False):
        return "--all changes the files themselves: leave out -o and --in-place."
    asks = not (args.yes or args.dry_run)
    if asks and (args.json or not terminal.is_interactive()):
        return "open --all asks before it begins: add --yes where nobody can answer."
    return ""


def run(args: argparse.Namespace) -> int:
    """Seal or open everything below the folder."""
    from jupyter_secure.app.trees.local_place import local_place, tree_of

    with ExitStack() as stack:
        place = stack.enter_context(local_place())
        tree = tree_of(Path(args.files[0] if args.files else "."), args.root)
        wanted, hooks = _prepared(args, tree, place, stack)
        if args.dry_run:
            return _dry_run(args, tree.folder, wanted)
        if not args.yes and not _confirmed(tree.folder, wanted):
            print("Nothing was changed.")
            return FAILED
        return _run(args, tree.folder, wanted, hooks)


def _prepared(
    args: argparse.Namespace, tree: Tree, place: LocalPlace, stack: ExitStack
) -> tuple[Wanted, Hooks]:
    from jupyter_secure.app.content import files
    from jupyter_secure.app.content.in_place import NO_HOOKS
    from jupyter_secure.app.trees import local_place
    from jupyter_secure.app.trees.wanted import ToOpen

    hooks = NO_HOOKS
    if args.dry_run and not args.recovery_key_stdin:
        vault = files.sealed_vault_here()  # which files are its own is told without the key
    else:
        root = vault_key.root_key(args)
        stack.callback(root.wipe)
        if args.action == "open" and args.recovery_key_stdin:
            # By the files alone: the vault need not be set up here.
            return ToOpen(tree, local_place.vaults_of(root), place.locks), hooks
        vault = files.vault_here(root)
        stack.callback(vault.seal)
        hooks = place.hooks(vault)
    if args.action == "seal":
        return local_place.to_seal(tree, vault, place), hooks
    return ToOpen(tree, local_place.only(vault), place.locks), hooks


def _dry_run(args: argparse.Namespace, folder: Path, wanted: Wanted) -> int:
    from jupyter_secure.app.trees.migrate import Migration

    names: list[str] = []

    def found(candidate: Candidate) -> None:
        name = str(candidate.path)
        if args.json:
            names.append(name)
        else:
            print(shown(name))

    done = Migration(wanted).count(found)
    if args.json:
        print(json.dumps({**_facts(args, folder, done), "files": names}, indent=2))
    else:
        _show_failures(done)
        would = {"seal": "be sealed", "open": "be opened"}[args.action]
        print(f"{_files(done.files_total)} would {would} ({size_of(done.bytes_total)}).")
        _show_rest(args, done)
    return FAILED if done.failures else DONE


def _confirmed(folder: Path, wanted: Wanted) -> bool:
    from jupyter_secure.app.trees.migrate import Migration

    found = Migration(wanted).count()
    where = f"{shown(str(folder))} ({size_of(found.bytes_total)})"
    print(f"{_files(found.files_total)} in {where} will be plain.")
    print("Whoever may read the folder can read them then.")
    return terminal.ask("Go on? [y/N]").lower() in ("y", "yes")


def _run(args: argparse.Namespace, folder: Path, wanted: Wanted, hooks: Hooks) -> int:
    from jupyter_secure.app.trees.migrate import JOBS, Migration

    began = time.monotonic()
    with Progress() as line:
        migration = Migration(
            wanted, hooks=hooks, jobs=args.jobs or JOBS, progress=lambda now: line.say(_line(now))
        )
        try:
            done = migration.run()
        except KeyboardInterrupt:
            done = migration.done
            done.stopped = True
    if args.json:
        print(json.dumps(_facts(args, folder, done), indent=2))
    else:
        _show_failures(done)
        _show(args, done, time.monotonic() - began)
    return FAILED if done.failures or done.stopped else DONE


def _line(now: Migrated) -> str:
    if not now.counted:
        return f"{_files(now.files_total)} found"
    return (
        f"{now.files_done} of {_files(now.files_total)}, "
        f"{size_of(now.bytes_done)} of {size_of(now.bytes_total)}"
    )


def _show(args: argparse.Namespace, done: Migrated, seconds: float) -> None:
    what = f"{_DONE[args.action]} {done.files_done} of {_files(done.files_total)}"
    left = f"; {len(done.failures)} left, and why stands above" if done.failures else ""
    print(f"{what} ({size_of(done.bytes_done)}) in {seconds:.1f} s{left}.")
    if done.stopped:
        print("It was stopped before the end. Run it again: it goes on where it was.")
    _show_rest(args, done)


def _show_rest(args: argparse.Namespace, done: Migrated) -> None:
    if done.skipped:
        why = "sealed already" if args.action == "seal" else "of another vault, and left alone"
        print(f"{_files(done.skipped)} {'was' if done.skipped == 1 else 'were'} {why}.")


def _show_failures(done: Migrated) -> None:
    for failure in done.failures:
        print(failure.error, file=sys.stderr)


def _facts(args: argparse.Namespace, folder: Path, done: Migrated) -> dict[str, Any]:
    return {
        "action": args.action,
        "folder": str(folder),
        "dry_run": args.dry_run,
        "files_done": done.files_done,
        "files_total": done.files_total,
        "bytes_done": done.bytes_done,
        "bytes_total": done.bytes_total,
        "skipped": done.skipped,
        "stopped": done.stopped,
        "failures": [
            {
                "path": str(failure.path),
                "reason": failure.error.reason,
                "message": str(failure.error),
            }
            for failure in done.failures
        ],
    }


def size_of(size: int) -> str:
    """Return a number of bytes in words, as file managers do: 1.2 GB are 1,200,000,000 bytes."""
    if size < 1000:
        return f"{size} bytes"
    amount = size / 1000
    for unit in ("kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


def _jobs(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 32:
        raise argparse.ArgumentTypeError("it is from 1 to 32")
    return number
