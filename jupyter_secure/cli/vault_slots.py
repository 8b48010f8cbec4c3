"""``jupyter secure vault status | slots``; ``slots add`` and ``slots remove``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_secure.cli import vault_key
from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import shown
from jupyter_secure.store import places

if TYPE_CHECKING:
    from jupyter_secure.vault.keyring import Keyring
    from jupyter_secure.vault.slot import Slot

TEXTS = {
    "status": (
        "Say which vault this is, where its key is kept and what opens it.",
        "example:\n  jupyter secure vault status",
    ),
    "slots": (
        "List who and what can open the vault, and add or remove a key file. A passkey is added\n"
        "on the account page, and stands here under the id that it has there. The recovery key\n"
        "opens it too and stands in no list.",
        "examples:\n  jupyter secure vault slots\n"
        "  jupyter secure vault slots --json | jq -r '.slots[].name'\n"
        "  jupyter secure vault slots add --key-file /etc/jupyter/vault.key\n"
        '  jupyter secure vault slots remove "key file"',
    ),
}
_ADD = """\
Let a key file open the vault, so that a server or a script needs no person. The file is made
if there is none, readable for you only; one that exists is used as it is. Whoever has it and
vault.json can open every sealed file: keep it where copies of the state do not go."""
_REMOVE = """\
Let a key file or a passkey open the vault no more. The file itself stays, and the passkey goes
on logging in beside a password. Whoever has it and an older copy of vault.json can still open
every sealed file; only `vault rotate --full` ends that."""


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options of ``slots``; ``status`` has none."""
    if action != "slots":
        return
    parser.add_argument("--json", action="store_true", help="print the same as JSON")
    parser.set_defaults(change=None)
    changes = parser.add_subparsers(title="changes", metavar="CHANGE", dest="change")
    add = changes.add_parser("add", help="let a key file open the vault", description=_ADD)
    add.add_argument(
        "--key-file",
        type=Path,
        required=True,
        dest="new_key_file",
        metavar="PATH",
        help="the key file; made if there is none",
    )
    add.add_argument("--name", metavar="NAME", help='what it is listed as (default: "key file")')
    remove = changes.add_parser(
        "remove", help="let a key file or a passkey open the vault no more", description=_REMOVE
    )
    remove.add_argument("name", metavar="NAME", help="what it is listed as")
    for change in (add, remove):
        vault_key.add_arguments(change, key_file=False)


def run(args: argparse.Namespace) -> int:
    """Say what vault.json says, which needs no key; or change it."""
    if args.action == "slots" and args.change is not None:
        return _change(args)
    from jupyter_secure.store.vault_file import load_keyring

    keyring = load_keyring(places.state_dir())
    if args.action == "status":
        _status(keyring)
    elif args.json:
        print(json.dumps(_facts(keyring), indent=2))
    else:
        for slot in keyring.slots:
            print(f"{shown(slot.name)}  password  {_cost(slot)}")
        for key_file in keyring.key_files:
            print(f"{shown(key_file.name)}  key file  256 random bits")
        for passkey in keyring.passkeys:
            print(f"{shown(passkey.name)}  passkey  256 bits that it computes once unlocked")
        print("Besides, the recovery key opens it, wherever that is kept.")
    return DONE


def _change(args: argparse.Namespace) -> int:
    from jupyter_secure.app.keys import slots

    root = vault_key.root_key(args)
    try:
        if args.change == "remove":
            slots.remove_slot(root, args.name)
            print(f"“{args.name}” does not open the vault any more.")
            print("An older copy of vault.json, such as in a backup, still opens with it.")
            return DONE
        added = slots.add_key_file(root, args.new_key_file, args.name or slots.DEFAULT_NAME)
    finally:
        root.wipe()
    how = "made, and opens" if added.made else "was there already, and now opens"
    print(f"{shown(str(args.new_key_file))}: {how} the vault, as “{added.name}”.")
    print("Whoever has it and vault.json can open every sealed file. Keep them apart.")
    print("For a server that starts without a person, set SecureConfig.key_file to it.")
    return DONE


def _status(keyring: Keyring) -> None:
    print(f"Vault      {keyring.vault_id.hex()}")
    print(f"Kept in    {places.state_dir() / places.VAULT_FILE}")
    print(f"Key epoch  {keyring.epoch}")
    print(f"Opened by  the password of {', '.join(shown(slot.name) for slot in keyring.slots)}")
    for key_file in keyring.key_files:
        print(f"           or the key file “{shown(key_file.name)}”")
    for passkey in keyring.passkeys:
        print(f"           or the passkey {shown(passkey.name)}")
    print("           or the recovery key")
    if keyring.previous is not None:
        print("A change of the root key was cut short. Finish it, before a server can start:")
        print("  jupyter secure vault rotate --full FOLDER…")


def _cost(slot: Slot) -> str:
    profile = slot.profile
    return (
        f"Argon2id, {profile.memory_kib // 1024} MiB, {profile.iterations} passes, "
        f"{profile.lanes} lanes"
    )


def _facts(keyring: Keyring) -> dict[str, Any]:
    passwords: list[dict[str, Any]] = [
        {
            "id": slot.slot_id.hex(),
            "kind": "password",
            "name": slot.name,
            "kdf": {
                "algorithm": "argon2id",
                "memory_kib": slot.profile.memory_kib,
                "iterations": slot.profile.iterations,
                "lanes": slot.profile.lanes,
            },
        }
        for slot in keyring.slots
    ]
    key_files = [
        {"id": slot.slot_id.hex(), "kind": "key-file", "name": slot.name}
        for slot in keyring.key_files
    ]
    passkeys = [
        {"id": slot.slot_id.hex(), "kind": "passkey", "name": slot.name}
        for slot in keyring.passkeys
    ]
    return {
        "vault_id": keyring.vault_id.hex(),
        "epoch": keyring.epoch,
        "slots": [*passwords, *key_files, *passkeys],
    }
