"""Another way to the root key: a random key that lies in a file, so that a program needs no person.

Specified in ``docs/reference/file-format.md``, "Slots". Reading the file itself is ``store/``'s.
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from typing import NoReturn

from jupyter_secure.crypto import aead, memory
from jupyter_secure.errors import InvalidInput, WrongKey
from jupyter_secure.vault.keys import ROOT_KEY_BYTES, RootKey
from jupyter_secure.vault.slot import SLOT_ID_BYTES, is_storable_name

_BEGIN = "jsec-key-file-1:"
_TEXT = re.compile(rb"jsec-key-file-1:([0-9a-f]{64})(?:\r?\n)?", re.ASCII)
#: No key file is larger than this, in bytes.
MAX_TEXT_BYTES = len(_BEGIN) + 2 * aead.KEY_BYTES + len("\r\n")

_KIND_KEY_FILE = 2
_HEAD = struct.Struct(">BH")


class FileKey:
    """The 256-bit key that a key file holds."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Copy ``key``, 32 bytes."""
        if len(key) != aead.KEY_BYTES:
            raise ValueError(f"The key of a file has {aead.KEY_BYTES} bytes, not {len(key)}.")
        self._key = bytearray(key)

    @classmethod
    def generate(cls) -> FileKey:
        """Return a new random key."""
        return cls(aead.generate_key())

    @classmethod
    def from_text(cls, text: bytes, *, name: str = "The key file") -> FileKey:
        """Read what a key file holds. ``name`` begins the messages, which hold nothing of it.

        Raises ``InvalidInput``.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise InvalidInput(
                f"{name} is not a key file.", why=_what_is_wrong(text), remedy=_RESTORE
            )
        return cls(bytes.fromhex(found[1].decode("ascii")))

    def to_text(self) -> bytes:
        """Return what a key file with this key holds."""
        return f"{_BEGIN}{self._key.hex()}\n".encode("ascii")

    def expose(self) -> bytes:
        """Return the key itself. Raises ``ValueError`` once it is wiped."""
        if not self._key:
            raise ValueError("The key is wiped.")
        return bytes(self._key)

    def wipe(self) -> None:
        """Overwrite the key. Wiping twice is fine."""
        memory.wipe(self._key)
        self._key.clear()

    def __repr__(self) -> str:
        return "FileKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("The key of a file is not pickled: it must not leave the process.")


_RESTORE = (
    "Put it back from where you keep a copy, or make a new one with "
    "`jupyter secure vault slots add --key-file PATH`."
)


def _what_is_wrong(text: bytes) -> str:
    if not text:
        return "It is empty."
    if not text.startswith(_BEGIN.encode()):
        return f"It does not begin with {_BEGIN}"
    if len(text) < len(_BEGIN) + 2 * aead.KEY_BYTES:
        return "It is cut short."
    return "It holds something else than one line with one key."


@dataclass(frozen=True, slots=True)
class KeyFileSlot:
    """The root key wrapped by the key of a file. Where the file lies is nobody's business here."""

    slot_id: bytes
    name: str
    wrapped: bytes

    @classmethod
    def wrap(cls, vault_id: bytes, root: RootKey, name: str, key: FileKey) -> KeyFileSlot:
        """Make a slot. Raises ``InvalidInput`` for a name that cannot be stored."""
        if not is_storable_name(name):
            raise InvalidInput(
                "The name of the slot cannot be used.",
                why="It is empty, longer than 1024 bytes, or not valid text.",
            )
        empty = cls(os.urandom(SLOT_ID_BYTES), name, b"")
        wrapped = aead.seal(key.expose(), context(empty, vault_id), root.expose())
        return cls(empty.slot_id, name, wrapped)

    def unwrap(self, vault_id: bytes, key: FileKey) -> RootKey:
        """Return the root key. Raises ``WrongKey``."""
        try:
            opened = aead.open_sealed(key.expose(), context(self, vault_id), self.wrapped)
        except aead.InvalidSeal:
            raise WrongKey("That key file does not open the vault.") from None
        if len(opened) != ROOT_KEY_BYTES:
            raise WrongKey("That key file does not open the vault.")
        return RootKey.from_bytes(opened)


def context(slot: KeyFileSlot, vault_id: bytes) -> bytes:
    """Return all that a slot says but its wrapped key, which is bound to it."""
    name = slot.name.encode()
    head = _HEAD.pack(_KIND_KEY_FILE, len(name))
    return b"".join((b"jsec/slot/v1", vault_id, slot.slot_id, head, name))
