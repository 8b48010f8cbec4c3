"""The text of ``vault.json``: strict in, canonical out.

Specified in ``docs/reference/file-format.md``, "Vault file". Whatever is not exactly as specified
is refused before any key is derived from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from jupyter_secure.crypto.kdf import SALT_BYTES, Argon2idProfile
from jupyter_secure.errors import StateUnusable, UnsupportedFormat
from jupyter_secure.vault.envelope import ID_BYTES
from jupyter_secure.vault.key_file import KeyFileSlot
from jupyter_secure.vault.keyring_mac import MAC_BYTES
from jupyter_secure.vault.passkey_slot import PasskeySlot
from jupyter_secure.vault.previous_root import PreviousRoot
from jupyter_secure.vault.slot import SLOT_ID_BYTES, WRAPPED_ROOT_BYTES, Slot, is_storable_name

_FORMAT = "jupyter-secure vault"
_VERSION = 1
_ROOT_CHECK_BYTES = 32
#: No vault.json is larger, in bytes.
MAX_BYTES = 1024 * 1024
_MAX_SLOTS = 1024

_VAULT_MEMBERS = {"format", "version", "vault_id", "epoch", "root_check", "slots", "mac"}
# Only while the root key is being changed.
_SOMETIMES = {"previous"}
_PREVIOUS_MEMBERS = {"epoch", "wrapped"}
_SLOT_MEMBERS = {"id", "kind", "name", "kdf", "wrapped"}
_SHORT_MEMBERS = {"id", "kind", "name", "wrapped"}
# The kinds of slots without a "kdf": random keys need no derivation that costs time.
_SHORT: dict[str, type[KeyFileSlot | PasskeySlot]] = {
    "key-file": KeyFileSlot,
    "passkey": PasskeySlot,
}
_KDF_MEMBERS = {"algorithm", "iterations", "lanes", "memory_kib", "salt"}


class _Malformed(Exception):
    """What is wrong, in words; never leaves this module."""


class _Newer(Exception):
    """A value that a later version may have introduced; never leaves this module."""


#: Vault id, epoch, root check, slots of passwords, of key files and of passkeys, the root key
#: before this one, and the MAC.
Parts: TypeAlias = tuple[
    bytes,
    int,
    bytes,
    tuple[Slot, ...],
    tuple[KeyFileSlot, ...],
    tuple[PasskeySlot, ...],
    PreviousRoot | None,
    bytes,
]


def render(parts: Parts) -> bytes:
    """Return the text of ``vault.json``."""
    vault_id, epoch, root_check, slots, key_files, passkeys, previous, mac = parts
    vault: dict[str, Any] = {
        "format": _FORMAT,
        "version": _VERSION,
        "vault_id": vault_id.hex(),
        "epoch": epoch,
        "root_check": root_check.hex(),
        "slots": [
            *(_render_slot(slot) for slot in slots),
            *(_render_short(slot, "key-file") for slot in key_files),
            *(_render_short(slot, "passkey") for slot in passkeys),
        ],
    }
    if previous is not None:
        vault["previous"] = {"epoch": previous.epoch, "wrapped": previous.wrapped.hex()}
    vault["mac"] = mac.hex()
    return json.dumps(vault, indent=2, ensure_ascii=False).encode() + b"\n"


def _render_slot(slot: Slot) -> dict[str, Any]:
    return {
        "id": slot.slot_id.hex(),
        "kind": "password",
        "name": slot.name,
        "kdf": {
            "algorithm": "argon2id",
            "iterations": slot.profile.iterations,
            "lanes": slot.profile.lanes,
            "memory_kib": slot.profile.memory_kib,
            "salt": slot.salt.hex(),
        },
        "wrapped": slot.wrapped.hex(),
    }


def _render_short(slot: KeyFileSlot | PasskeySlot, kind: str) -> dict[str, Any]:
    return {
        "id": slot.slot_id.hex(),
        "kind": kind,
        "name": slot.name,
        "wrapped": slot.wrapped.hex(),
    }


def parse(text: bytes, name: str) -> Parts:
    """Return the parts of ``vault.json``. ``name`` begins the messages."""
    try:
        return _parse_vault(_load(text))
    except _Newer as newer:
        raise UnsupportedFormat(
            f"{name} is of a format that is not known here.",
            why=f"{newer} A newer jupyter-secure wrote it, or it is damaged.",
            remedy="Update jupyter-secure, or restore the file from a backup.",
        ) from None
    except _Malformed as malformed:
        raise StateUnusable(
            f"{name} is damaged.",
            why=str(malformed),
            remedy="Restore it from a backup, or recover the files with the recovery key.",
        ) from None


def _load(text: bytes) -> Any:
    if len(text) > MAX_BYTES:
        raise _Malformed("It is larger than 1 MiB.")
    try:
        return json.loads(
            text.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        # UnicodeDecodeError and JSONDecodeError are ValueErrors; so are integers past the limit.
        raise _Malformed("It is not JSON.") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Malformed("A member stands in it twice.")
    return members


def _no_constant(constant: str) -> NoReturn:
    raise _Malformed(f"{constant} is not JSON.")


def _parse_vault(vault: Any) -> Parts:
    if not isinstance(vault, dict) or vault.get("format") != _FORMAT:
        raise _Malformed("It does not say that it is a vault.")
    version = _integer(vault, "version", lambda value: value >= 1)
    if version > _VERSION:
        # Asked before the members: a later version may well have others.
        raise _Newer(f"Its version is {version}.")
    _require_members(vault, _VAULT_MEMBERS | (vault.keys() & _SOMETIMES))
    if not isinstance(vault["slots"], list) or len(vault["slots"]) > _MAX_SLOTS:
        raise _Malformed(f"Its slots are not a list of at most {_MAX_SLOTS}.")
    slots = [_parse_slot(slot) for slot in vault["slots"]]
    if len({slot.slot_id for slot in slots}) != len(slots):
        raise _Malformed("Two slots have the same id.")
    if len({slot.name for slot in slots}) != len(slots):
        raise _Malformed("Two slots have the same name.")
    epoch = _integer(vault, "epoch", lambda value: 1 <= value < 1 << 64)
    return (
        _binary(vault, "vault_id", ID_BYTES),
        epoch,
        _binary(vault, "root_check", _ROOT_CHECK_BYTES),
        tuple(slot for slot in slots if isinstance(slot, Slot)),
        tuple(slot for slot in slots if isinstance(slot, KeyFileSlot)),
        tuple(slot for slot in slots if isinstance(slot, PasskeySlot)),
        _parse_previous(vault["previous"], epoch) if "previous" in vault else None,
        _binary(vault, "mac", MAC_BYTES),
    )


def _parse_previous(previous: Any, epoch: int) -> PreviousRoot:
    if not isinstance(previous, dict):
        raise _Malformed("Its previous is not an object.")
    _require_members(previous, _PREVIOUS_MEMBERS)
    return PreviousRoot(
        _integer(previous, "epoch", lambda value: 1 <= value < epoch),
        _binary(previous, "wrapped", WRAPPED_ROOT_BYTES),
    )


def _parse_slot(slot: Any) -> Slot | KeyFileSlot | PasskeySlot:
    if not isinstance(slot, dict):
        raise _Malformed("A slot is not an object.")
    kind = slot.get("kind")
    if isinstance(kind, str) and kind != "password" and kind not in _SHORT:
        raise _Newer("It has a kind of slot that is not known here.")
    if isinstance(kind, str) and kind in _SHORT:
        _require_members(slot, _SHORT_MEMBERS)
        return _SHORT[kind](
            slot_id=_binary(slot, "id", SLOT_ID_BYTES),
            name=_name(slot),
            wrapped=_binary(slot, "wrapped", WRAPPED_ROOT_BYTES),
        )
    _require_members(slot, _SLOT_MEMBERS)
    kdf = slot["kdf"]
    if not isinstance(kdf, dict):
        raise _Malformed("A slot's kdf is not an object.")
    if isinstance(kdf.get("algorithm"), str) and kdf["algorithm"] != "argon2id":
        raise _Newer("It derives a key in a way that is not known here.")
    _require_members(kdf, _KDF_MEMBERS)
    if not isinstance(slot["kind"], str) or not isinstance(kdf["algorithm"], str):
        raise _Malformed("A slot's kind or algorithm is not a text.")
    name = _name(slot)
    profile = Argon2idProfile(
        iterations=_integer(kdf, "iterations"),
        lanes=_integer(kdf, "lanes"),
        memory_kib=_integer(kdf, "memory_kib"),
    )
    if not profile.is_acceptable():
        raise _Malformed("The cost of a slot's password is outside the accepted limits.")
    return Slot(
        slot_id=_binary(slot, "id", SLOT_ID_BYTES),
        name=name,
        profile=profile,
        salt=_binary(kdf, "salt", SALT_BYTES),
        wrapped=_binary(slot, "wrapped", WRAPPED_ROOT_BYTES),
    )


def _name(slot: dict[str, Any]) -> str:
    name = slot["name"]
    if not isinstance(name, str) or not is_storable_name(name):
        raise _Malformed("A slot's name is not a text of 1 to 1,024 bytes.")
    return name


def _require_members(found: dict[str, Any], expected: set[str]) -> None:
    if found.keys() != expected:
        raise _Malformed("A member is missing, or there is one that does not belong there.")


def _integer(
    members: dict[str, Any], key: str, is_in_range: Callable[[int], bool] = lambda _: True
) -> int:
    value = members.get(key)
    # bool is a subclass of int; `true` is no number of passes.
    if type(value) is not int or not is_in_range(value):
        raise _Malformed(f"Its {key} is not an integer in the range allowed.")
    return value


def _binary(members: dict[str, Any], key: str, size: int) -> bytes:
    value = members[key]
    if isinstance(value, str) and len(value) == 2 * size:
        try:
            decoded = bytes.fromhex(value)
        except ValueError:
            decoded = b""
        # Compared with what we would write: fromhex also takes capitals and spaces.
        if decoded.hex() == value:
            return decoded
    raise _Malformed(f"Its {key} is not {size} bytes in lower-case hexadecimal.")
