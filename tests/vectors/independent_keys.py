"""A second reader of vault.json, key files and recovery keys, from the specification alone.

It imports nothing of jupyter_secure either; see ``independent_reader``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
import unicodedata
from typing import Any

from vectors.independent_reader import Refused, argon2id, hkdf, open_cobblestone, u64


def open_vault(text: bytes, name: str, password: str) -> bytes:
    """Return the root key. Checks what opening needs; the strict rules have their own tests."""
    vault: dict[str, Any] = json.loads(text)
    (slot,) = (slot for slot in vault["slots"] if slot["name"] == name)
    kdf, vault_id = slot["kdf"], bytes.fromhex(vault["vault_id"])
    salt, cost = bytes.fromhex(kdf["salt"]), (kdf["iterations"], kdf["lanes"], kdf["memory_kib"])
    slot_key = argon2id(password, salt, cost)
    wrapped = bytes.fromhex(slot["wrapped"])
    root_key = open_cobblestone(slot_key, slot_context(slot, vault_id), wrapped)
    check_vault(vault, root_key)
    return root_key


def slot_context(slot: dict[str, Any], vault_id: bytes) -> bytes:
    """What a slot says, as its wrapped key is bound to it."""
    name, context = slot["name"].encode(), b"jsec/slot/v1" + vault_id + bytes.fromhex(slot["id"])
    if slot["kind"] in ("key-file", "passkey"):
        context += b"\2" if slot["kind"] == "key-file" else b"\3"
    else:
        kdf = slot["kdf"]
        cost = struct.pack(">B3I", 1, kdf["iterations"], kdf["lanes"], kdf["memory_kib"])
        context += cost + bytes.fromhex(kdf["salt"])
    return context + len(name).to_bytes(2, "big") + name


def check_vault(vault: dict[str, Any], root_key: bytes) -> None:
    """Section "Authentication"."""
    vault_id, epoch = bytes.fromhex(vault["vault_id"]), u64(vault["epoch"])
    if hkdf(root_key, b"jsec/root-check/v1" + vault_id + epoch).hex() != vault["root_check"]:
        raise Refused("root check")
    kinds = ["password", "key-file", "passkey"]
    slots = sorted(vault["slots"], key=lambda slot: kinds.index(slot["kind"]))
    message = epoch + len(slots).to_bytes(2, "big")
    for slot in slots:
        message += slot_context(slot, vault_id) + bytes.fromhex(slot["wrapped"])
    if "previous" in vault:
        previous = vault["previous"]
        message += u64(previous["epoch"]) + bytes.fromhex(previous["wrapped"])
    key = hkdf(root_key, b"jsec/vault-file/v1" + vault_id)
    if hmac.digest(key, message, "sha256").hex() != vault["mac"]:
        raise Refused("mac")


def read_key_file(text: bytes) -> bytes:
    """Section "Slots", a key file: one line, its end as it may be."""
    found = re.fullmatch(rb"jsec-key-file-1:([0-9a-f]{64})(\r?\n)?", text)
    if not found:
        raise Refused("key file")
    return bytes.fromhex(found[1].decode())


def open_vault_with_key_file(text: bytes, key: bytes) -> tuple[bytes, bytes | None]:
    """Return the root key and, while it is being changed, the one before it."""
    vault: dict[str, Any] = json.loads(text)
    vault_id, epoch = bytes.fromhex(vault["vault_id"]), vault["epoch"]
    for slot in vault["slots"]:
        context, wrapped = slot_context(slot, vault_id), bytes.fromhex(slot["wrapped"])
        try:
            root_key = open_cobblestone(key, context, wrapped)
        except Refused:
            continue
        check_vault(vault, root_key)
        if "previous" not in vault:
            return root_key, None
        purpose, previous = b"jsec/previous-root/v1" + vault_id + u64(epoch), vault["previous"]
        wrapped, context = bytes.fromhex(previous["wrapped"]), purpose + u64(previous["epoch"])
        return root_key, open_cobblestone(hkdf(root_key, purpose), context, wrapped)
    raise Refused("no slot")


def passkey_input(vault_id: bytes) -> bytes:
    """Section "Slots": what a passkey computes its secret from."""
    return hashlib.sha256(b"jsec/passkey-prf/v1" + vault_id).digest()


def open_vault_with_passkey(text: bytes, name: str, secret: bytes) -> bytes:
    """Return the root key."""
    vault: dict[str, Any] = json.loads(text)
    vault_id = bytes.fromhex(vault["vault_id"])
    slots = [slot for slot in vault["slots"] if (slot["kind"], slot["name"]) == ("passkey", name)]
    if not slots or len(secret) != 32:  # 256 bits
        raise Refused("no slot")
    purpose = b"jsec/passkey-slot/v1" + vault_id + bytes.fromhex(slots[0]["id"])
    wrapped, context = bytes.fromhex(slots[0]["wrapped"]), slot_context(slots[0], vault_id)
    root_key = open_cobblestone(hkdf(secret, purpose), context, wrapped)
    check_vault(vault, root_key)
    return root_key


def read_recovery_key(text: str) -> bytes:
    """Section "Recovery key"."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    symbols = [s for s in text.upper() if not s.isspace() and unicodedata.category(s) != "Pd"]
    symbols = [{"O": "0", "I": "1", "L": "1"}.get(s, s) for s in symbols]
    if len(symbols) != 56 or any(s not in alphabet for s in symbols):
        raise Refused("characters")
    bits = "".join(f"{alphabet.index(s):05b}" for s in symbols)
    raw = int(bits, 2).to_bytes(35, "big")
    if hashlib.sha256(b"jsec/recovery-key/v1" + raw[:32]).digest()[:3] != raw[32:]:
        raise Refused("check")
    return raw[:32]
