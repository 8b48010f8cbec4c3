"""The header of a sealed file: what it says, and which ones are refused.

Layout and parse rules: ``docs/reference/file-format.md``, "Sealed file". Everything here is
readable without a key and is believed only after the payload has opened.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from jupyter_secure.crypto import aead
from jupyter_secure.errors import CorruptFile, UnsupportedFormat

MAGIC = b"\x89JSEC\r\n\x1a"
VERSION = 1
SUITE = 1
ID_BYTES = 16
FINGERPRINT_BYTES = 8

_CORE = struct.Struct(">8sBBBB16s16sQ")
_COUNTS = struct.Struct(">HH")
_STANZA_HEAD = struct.Struct(">HHQ8s")
_STANZA_TYPE = 1
WRAPPED_BYTES = aead.ciphertext_size(aead.KEY_BYTES)
# The stanza's length field counts what follows it: key id and wrapped key.
_STANZA_LEN = _STANZA_HEAD.size - 4 + WRAPPED_BYTES

#: Size of the whole header; the payload begins here.
HEADER_BYTES = _CORE.size + _COUNTS.size + _STANZA_HEAD.size + WRAPPED_BYTES


class FileClass(IntEnum):
    """What a sealed file is; bound to it, so that one kind cannot pass for another."""

    CONTENT = 1
    HISTORY = 2
    CATALOGUE = 3
    STAGING = 4

    @property
    def description(self) -> str:
        """Words for messages."""
        return {
            FileClass.CONTENT: "a live document",
            FileClass.HISTORY: "a checkpoint or an earlier version",
            FileClass.CATALOGUE: "an index of the vault",
            FileClass.STAGING: "an unfinished upload",
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
class Stanza:
    """The data key of the file, wrapped by the vault's wrap key of one epoch."""

    epoch: int
    fingerprint: bytes
    wrapped: bytes

    @property
    def head(self) -> bytes:
        """The bytes that precede the wrapped key and are bound to it."""
        return _STANZA_HEAD.pack(_STANZA_TYPE, _STANZA_LEN, self.epoch, self.fingerprint)


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

    def __bytes__(self) -> bytes:
        counts = _COUNTS.pack(1, HEADER_BYTES)
        return bytes(self.core) + counts + self.stanza.head + self.stanza.wrapped

    @classmethod
    def parse(cls, prefix: aead.Buffer, *, name: str = "This file") -> Header:
        """Read the header from the first ``HEADER_BYTES`` (or more) of a file.

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
        if len(view) < HEADER_BYTES:
            raise CorruptFile(f"{name} is cut short.", why=_ENDS_IN_HEADER, remedy=_RESTORE)
        _, version, suite, file_class, flags, vault_id, file_id, file_version = _CORE.unpack_from(
            view
        )
        count, header_len = _COUNTS.unpack_from(view, _CORE.size)
        head_at = _CORE.size + _COUNTS.size
        kind, length, epoch, fingerprint = _STANZA_HEAD.unpack_from(view, head_at)
        if version > VERSION or (version == VERSION and _is_newer(suite, file_class, flags, kind)):
            raise UnsupportedFormat(
                f"{name} is sealed in a format that is not known here.",
                why="A newer jupyter-secure wrote it, or it is damaged.",
                remedy="Update jupyter-secure, or restore the file from a backup.",
            )
        if (
            version == 0
            or file_version == 0
            or epoch == 0
            or (count, header_len, length) != (1, HEADER_BYTES, _STANZA_LEN)
        ):
            raise CorruptFile(
                f"{name} is damaged.", why="Its header contradicts itself.", remedy=_RESTORE
            )
        wrapped = bytes(view[head_at + _STANZA_HEAD.size : HEADER_BYTES])
        return cls(
            Core(FileClass(file_class), Flags(flags), vault_id, file_id, file_version),
            Stanza(epoch, fingerprint, wrapped),
        )


_RESTORE = "Restore it from a checkpoint or a backup; it was left as it is."
_ENDS_IN_HEADER = "It ends within its header."


def _is_newer(suite: int, file_class: int, flags: int, stanza_type: int) -> bool:
    return (
        suite != SUITE
        or file_class not in _KNOWN_CLASSES
        or bool(flags & ~KNOWN_FLAGS)
        or stanza_type != _STANZA_TYPE
    )


def is_sealed(prefix: aead.Buffer) -> bool:
    """Tell from its first 8 bytes whether a file claims to be sealed."""
    return bytes(prefix[: len(MAGIC)]) == MAGIC


def sealed_size(content_bytes: int) -> int:
    """Return the size of the sealed file for content of this many bytes."""
    return HEADER_BYTES + aead.ciphertext_size(content_bytes)


def plaintext_size(file_bytes: int, *, name: str = "This file") -> int:
    """Return the size of the content of a sealed file of this many bytes.

    Raises ``CorruptFile`` for a size that no sealed file has. The answer is what the size claims;
    only opening the file shows that nothing is missing.
    """
    try:
        return aead.plaintext_size(file_bytes - HEADER_BYTES)
    except aead.InvalidSeal:
        raise CorruptFile(
            f"{name} is cut short.", why="No sealed file has its size.", remedy=_RESTORE
        ) from None
