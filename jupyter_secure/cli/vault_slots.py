"""``jupyter secure vault status | slots``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.store import places
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.slot import Slot

TEXTS = {
    "status": (
        "Say which vault this is, where its key is kept and what opens it.",
        "example:\n  jupyter secure vault status",
    ),
    "slots": (
        "List who can open the vault. The recovery key opens it too and stands in no list.",
        "examples:\n  jupyter secure vault slots\n"
        "  jupyter secure vault slots --json | jq -r '.slots[].name'",
    ),
}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options of ``slots``; ``status`` has none."""
    if action == "slots":
        parser.add_argument("--json", action="store_true", help="print the same as JSON")


def run(args: argparse.Namespace) -> int:
    """Say what vault.json says; that needs no key."""
    keyring = load_keyring(places.state_dir())
    if args.action == "status":
        _status(keyring)
    elif args.json:
        print(json.dumps(_facts(keyring), indent=2))
    else:
        for slot in keyring.slots:
            print(f"{slot.name}  password  {_cost(slot)}")
        print("Besides, the recovery key opens it, wherever that is kept.")
    return DONE


def _status(keyring: Keyring) -> None:
    print(f"Vault      {keyring.vault_id.hex()}")
    print(f"Kept in    {places.state_dir() / places.VAULT_FILE}")
    print(f"Key epoch  {keyring.epoch}")
    print(f"Opened by  the password of {', '.join(slot.name for slot in keyring.slots)}")
    print("           or the recovery key")


def _cost(slot: Slot) -> str:
    profile = slot.profile
    return (
        f"Argon2id, {profile.memory_kib // 1024} MiB, {profile.iterations} passes, "
        f"{profile.lanes} lanes"
    )


def _facts(keyring: Keyring) -> dict[str, Any]:
    return {
        "vault_id": keyring.vault_id.hex(),
        "epoch": keyring.epoch,
        "slots": [
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
        ],
    }
