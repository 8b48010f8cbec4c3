"""``jupyter secure vault rotate --full``: a new root key, and every file encrypted again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal, vault_key
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.cli.progress import Progress
from jupyter_secure.errors import InvalidInput, shown

if TYPE_CHECKING:
    from jupyter_secure.app.keys.reencrypt import Renewed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--full`` and what goes with it."""
    full = parser.add_argument_group("a new root key")
    full.add_argument(
        "--full",
        action="store_true",
        help="choose a new root key and encrypt every file again; no server may run",
    )
    full.add_argument(
        "--keep-key-file",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="with --full: this key file opens the vault afterwards too; repeatable",
    )
    full.add_argument(
        "--drop-other-slots",
        action="store_true",
        help="with --full: lock other accounts and key files out, as their slots cannot be kept",
    )
    full.add_argument(
        "--leave-behind",
        action="store_true",
        help="with --full: finish although some files failed; only the old recovery key opens them",
    )


def usage_problem(args: argparse.Namespace) -> str:
    """Return what does not go together in the arguments; empty if all does."""
    if args.full and args.new:
        return "--new and --full do not go together: --full begins a new epoch in any case."
    for name in ("keep_key_file", "drop_other_slots", "leave_behind"):
        if getattr(args, name) and not args.full:
            return f"--{name.replace('_', '-')} goes with --full only."
    return ""


def run(args: argparse.Namespace) -> int:
    """Begin, or go on; say what was done and what remains."""
    from jupyter_secure.app.at_work import is_between_keys
    from jupyter_secure.app.keys import new_root

    with Progress() as line:

        def progress(now: Renewed) -> None:
            line.say(f"{now.renewed + now.under_passphrase} of {now.files} files")

        if is_between_keys():
            root = vault_key.root_key(args)
            try:
                done = new_root.resume(
                    root, args.folders, _show_key, progress=progress, leave_behind=args.leave_behind
                )
            finally:
                root.wipe()
        else:
            if args.recovery_key_stdin or args.key_file is not None:
                raise InvalidInput(
                    "A new root key takes the password of an account.",
                    why="Otherwise no account could log in afterwards.",
                    remedy="Leave --recovery-key-stdin and --key-file out.",
                )
            username = vault_key.account(args)
            kept = new_root.Kept(
                username,
                vault_key.password(args, username),
                tuple(args.keep_key_file),
                args.drop_other_slots,
            )
            if passkeys := new_root.passkeys_that_open():
                print(f"Passkeys that open the vault by themselves: {passkeys}. Afterwards they do")
                print("not, until their owners let them again on the account page. Beside a")
                print("password they go on working.")
            done = new_root.begin(
                kept, args.folders, _show_key, progress=progress, leave_behind=args.leave_behind
            )
    _show(done)
    return DONE if done.finished else FAILED


def _show_key(key: str, new: bool) -> None:
    if new:
        print("The new recovery key. Write it down now; it is not shown again once all is done:")
    else:
        print("Going on with a change of the root key. The new recovery key, once more:")
    # At once: whatever happens next, the person has it.
    print(f"\n  {key}\n", flush=True)
    print("Keep the old one too, until this is finished.", flush=True)
    if new and terminal.is_interactive():
        last = key.rpartition("-")[2]

        def check(typed: str) -> None:
            if typed.upper() != last:
                raise InvalidInput("That is not its last group.", remedy="Nothing was changed yet.")

        terminal.until_accepted(lambda: terminal.ask("Its last group of four, to go on"), check)


def _show(done: Renewed) -> None:
    for failure in done.failures:
        print(failure, file=sys.stderr)
    print(f"Files encrypted again: {done.renewed}; before this run: {done.current}.")
    if done.passphrase_files:
        print("Locked with a passphrase, so only their headers are under the new root key:")
        for path in done.passphrase_files:
            print(f"  {shown(str(path))}")
        print("Their content is under the data key it was under: save them once to change that.")
    if done.others:
        print(f"Of another vault, and left alone: {done.others}.")
    if not done.finished:
        print(f"Left under the old root key: {len(done.failures)}; what to do stands above.")
        print("Then run it again: it does what is left. Until then no server starts, both recovery")
        print("keys are needed, and the passwords open everything. --leave-behind finishes without")
        print("these files; then only the old recovery key opens them.")
        return
    if done.failures:
        print(f"Left behind: {len(done.failures)}. Only the old recovery key opens them.")
    print(f"Done: the new root key is in effect, from key epoch {done.epoch} on.")
    print("The old recovery key, and older copies of vault.json, open nothing here any more. They")
    print("do open older copies of files, in backups for instance, and sealed files that are not")
    print("below the folders you named: keep the old recovery key as long as you need those.")
    print("Make a new backup: `jupyter secure vault backup`.")
