"""The header of a sealed file: what it says, and which ones are refused.

Layout and parse rules: ``docs/reference/file-format.md``, "Sealed file". Everything here is
readable without a key and is believed only after the payload has opened.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from jupyter_secure.crypto import aead
from jupyter_secure.errors import CorruptFile, UnsupportedFormat
from jupyter_secure.vault.stanza import Stanza, StanzaType, type_of

MAGIC = b"\x89JSEC\r\n\x1a"
VERSION = 1
SUITE = 1
ID_BYTES = 16

_CORE = struct.Struct(">8sBBBB16s16sQ")
_COUNTS = struct.Struct(">HH")
_STANZA_AT = _CORE.size + _COUNTS.size

#: Size of the header of a file that the vault's key opens alone; no header is shorter.
BASE_HEADER_BYTES = _STANZA_AT + StanzaType.VAULT.size
#: Size of the header of a file that needs a passphrase as well; no header is longer.
PASSPHRASE_HEADER_BYTES = _STANZA_AT + StanzaType.PASSPHRASE.size


class FileClass(IntEnum):
    """What a sealed file is; bound to it, so that one kind cannot pass for another."""

    CONTENT = 1
    HISTORY = 2
    CATALOGUE = 3
    STAGING = 4
    HISTORY_KEY = 5

    @property
    def description(self) -> str:
        """Words for messages."""
        return {
            FileClass.CONTENT: "a live document",
            FileClass.HISTORY: "a checkpoint or an earlier version",
            FileClass.CATALOGUE: "an index of the vault",
            FileClass.STAGING: "an unfinished upload",
            FileClass.HISTORY_KEY: "the key of a notebook's history",
        }[self]


class Flags(IntFlag):
    """What was true of the content when it was sealed."""

    NONE = 0
    VALID = 1
    """It was a valid notebook of format 4."""
    TRUSTED = 2
    """Every output of the notebook was trusted."""


# An int: the complement of a Flags has only the bits that Flags itself knows.
KNOWN_FLAGS = int(Flags.VALID | Flags.TRUSTED)
_KNOWN_CLASSES = frozenset(FileClass)
_KNOWN_TYPES = frozenset(StanzaType)


@dataclass(frozen=True, slots=True)
class Core:
    """The part of the header that a change of keys leaves as it is."""

    file_class: FileClass
    flags: Flags
    vault_id: bytes
    file_id: bytes
    file_version: int

    def __bytes__(self) -> bytes:
        return _CORE.pack(
            MAGIC,
            VERSION,
            SUITE,
            self.file_class,
            self.flags,
            self.vault_id,
            self.file_id,
            self.file_version,
        )


@dataclass(frozen=True, slots=True)
class Header:
    """The whole header of a sealed file."""

    core: Core
    stanza: Stanza

    @property
    def file_class(self) -> FileClass:
        """What the file is."""
        return self.core.file_class

    @property
    def flags(self) -> Flags:
        """What was true of the content when it was sealed."""
        return self.core.flags

    @property
    def vault_id(self) -> bytes:
        """Which vault sealed the file, 16 bytes."""
        return self.core.vault_id

    @property
    def file_id(self) -> bytes:
        """Which file it is, over saves and renames, 16 bytes."""
        return self.core.file_id

    @property
    def file_version(self) -> int:
        """Which save of the file it is, from 1."""
        return self.core.file_version

    @property
    def size(self) -> int:
        """The bytes of this header; the payload begins there."""
        return _STANZA_AT + self.stanza.type.size

    @property
    def needs_passphrase(self) -> bool:
        """Whether the vault's key alone does not open the file."""
        return self.stanza.derivation is not None

    def __bytes__(self) -> bytes:
        counts = _COUNTS.pack(1, self.size)
        return bytes(self.core) + counts + self.stanza.head + self.stanza.wrapped

    @classmethod
    def parse(cls, prefix: aead.Buffer, *, name: str = "This file") -> Header:
        """Read the header from the beginning of a file; ``header_bytes`` says how much that is.

        ``name`` begins the messages. Raises ``CorruptFile``, or ``UnsupportedFormat`` where a
        newer jupyter-secure may have written it. For every header h that parses,
        ``bytes(Header.parse(h)) == h``: there is one way only to write it.
        """
        view = memoryview(prefix)
        if not is_sealed(view):
            raise CorruptFile(
                f"{name} is not a sealed file.",
                why="It does not begin as one.",
                remedy=_RESTORE,
            )
        if len(view) < BASE_HEADER_BYTES:
            raise CorruptFile(f"{name} is cut short.", why=_ENDS_IN_HEADER, remedy=_RESTORE)
        _, version, suite, file_class, flags, vault_id, file_id, file_version = _CORE.unpack_from(
            view
        )
        kind = type_of(view[_STANZA_AT:])
        if version > VERSION or (version == VERSION and _is_newer(suite, file_class, flags, kind)):
            raise UnsupportedFormat(
                f"{name} is sealed in a format that is not known here.",
                why="A newer jupyter-secure wrote it, or it is damaged.",
                remedy="Update jupyter-secure, or restore the file from a backup.",
            )
        size = header_bytes(view)
        if len(view) < size:
            raise CorruptFile(f"{name} is cut short.", why=_ENDS_IN_HEADER, remedy=_RESTORE)
        stanza, counts = None, _COUNTS.unpack_from(view, _CORE.size)
        if version != 0 and file_version != 0 and counts == (1, size):
            stanza = Stanza.parse(view[_STANZA_AT:size])
        if stanza is None:
            raise CorruptFile(
                f"{name} is damaged.", why="Its header contradicts itself.", remedy=_RESTORE
            )
        return cls(
            Core(FileClass(file_class), Flags(flags), vault_id, file_id, file_version), stanza
        )


_RESTORE = "Restore it from a checkpoint or a backup; it was left as it is."
_ENDS_IN_HEADER = "It ends within its header."


def _is_newer(suite: int, file_class: int, flags: int, stanza_type: int) -> bool:
    return (
        suite != SUITE
        or file_class not in _KNOWN_CLASSES
        or bool(flags & ~KNOWN_FLAGS)
        or stanza_type not in _KNOWN_TYPES
    )


def is_sealed(prefix: aead.Buffer) -> bool:
    """Tell from its first 8 bytes whether a file claims to be sealed."""
    return bytes(prefix[: len(MAGIC)]) == MAGIC


def header_bytes(prefix: aead.Buffer) -> int:
    """Return how long the header is that begins with these ``BASE_HEADER_BYTES``.

    Nothing is checked: for a file that is not sealed, or damaged, it is ``BASE_HEADER_BYTES``.
    """
    view = memoryview(prefix)
    long = is_sealed(view) and type_of(view[_STANZA_AT:]) == StanzaType.PASSPHRASE
    return PASSPHRASE_HEADER_BYTES if long else BASE_HEADER_BYTES


def read_prefix(read: Callable[[int], bytes]) -> bytes:
    """Read the header at the beginning of a file, as much as there is, and not a byte beyond it.

    ``read`` returns the next bytes of the file, fewer than asked for at its end only. What is not
    sealed is read up to ``BASE_HEADER_BYTES``.
    """
    prefix = read(BASE_HEADER_BYTES)
    more = header_bytes(prefix) - BASE_HEADER_BYTES
    return prefix + read(more) if more else prefix


def sealed_size(content_bytes: int, header_bytes: int = BASE_HEADER_BYTES) -> int:
    """Return the size of the sealed file for content of this many bytes."""
    return header_bytes + aead.ciphertext_size(content_bytes)


def plaintext_size(file_bytes: int, header_bytes: int, *, name: str = "This file") -> int:
    """Return the size of the content of a sealed file of this many bytes.

    Raises ``CorruptFile`` for a size that no sealed file has. The answer is what the size claims;
    only opening the file shows that nothing is missing.
    """
    try:
        return aead.plaintext_size(file_bytes - header_bytes)
    except aead.InvalidSeal:
        raise CorruptFile(
            f"{name} is cut short.", why="No sealed file has its size.", remedy=_RESTORE
        ) from None
