"""New objects of the history, written as one pack: whole on the disk, or not there.

One by one, each would be a file to wait for the disk for: a large notebook's first version has a
thousand. The formats are Git's own (gitformat-pack(5), version 2 of pack and index).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import pygit2

from jupyter_secure.store.atomic import sync_folder

#: The folder in which they are written, apart from the packs: Git takes whatever has an index there
#: for a pack, and something new would rely on what tidying then removes.
UNFINISHED = "unfinished"

_COMMIT, _TREE, _BLOB = b"commit", b"tree", b"blob"
_NUMBERS = {_COMMIT: 1, _TREE: 2, _BLOB: 3}
_ID_BYTES = 20


class NewObjects:
    """Takes objects, and writes them together. For one thread at a time."""

    def __init__(self) -> None:
        self._objects: dict[bytes, tuple[bytes, bytes]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, object_id: pygit2.Oid) -> bool:
        return object_id.raw in self._objects

    def blob(self, data: bytes) -> pygit2.Oid:
        """Take a blob; return its id."""
        return self._take(_BLOB, data)

    def tree(self, entries: Sequence[tuple[str, pygit2.Oid]], mode: int) -> pygit2.Oid:
        """Take a tree of entries of one mode, which come sorted by name; return its id."""
        head = b"%o " % mode
        return self._take(
            _TREE, b"".join(head + name.encode() + b"\0" + one.raw for name, one in entries)
        )

    def commit(
        self, tree: pygit2.Oid, parent: pygit2.Oid | None, who: pygit2.Signature, message: str
    ) -> pygit2.Oid:
        """Take a commit by ``who``, in UTC; return its id."""
        person = f"{who.name} <{who.email}> {who.time} +0000"
        parents = "" if parent is None else f"parent {parent}\n"
        text = f"tree {tree}\n{parents}author {person}\ncommitter {person}\n\n{message}"
        return self._take(_COMMIT, text.encode())

    def _take(self, kind: bytes, data: bytes) -> pygit2.Oid:
        said = b"%s %d\0" % (kind, len(data))
        # Git's name for it, which guards nothing here: see the MACs of the versions.
        name = hashlib.sha1(said + data, usedforsecurity=False).digest()
        self._objects[name] = kind, data
        return pygit2.Oid(raw=name)

    def write(self, git_dir: Path) -> None:
        """Write them all, and wait for the disk. Raises ``OSError``, and then none is there."""
        if not self._objects:
            return
        pack, index, digest = self._pack()
        folder = git_dir / "objects" / "pack"
        half = git_dir / UNFINISHED / secrets.token_hex(8)
        half.parent.mkdir(mode=0o700, exist_ok=True)
        written = [half.with_suffix(".pack"), half.with_suffix(".idx")]
        try:
            for path, data in zip(written, (pack, index), strict=True):
                _write(path, data)
            # The index last: a pack counts once it has one.
            for path in written:
                os.replace(path, folder / f"pack-{digest.hex()}{path.suffix}")
        except BaseException:
            for path in written:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise
        sync_folder(folder)

    def _pack(self) -> tuple[bytes, bytes, bytes]:
        pack = bytearray(b"PACK" + struct.pack(">II", 2, len(self._objects)))
        rows = []
        for name, (kind, data) in self._objects.items():
            # Ciphertext does not become smaller.
            packed = zlib.compress(data, 0 if kind == _BLOB else 6)
            entry = _entry_head(_NUMBERS[kind], len(data)) + packed
            rows.append((name, zlib.crc32(entry), len(pack)))
            pack += entry
        digest = _sha1(pack)
        rows.sort()
        per_byte = [0] * 256
        for name, _, _ in rows:
            per_byte[name[0]] += 1
        # Offsets below 2³¹ only; what is kept at once is a notebook.
        index = b"".join(
            (
                b"\xfftOc" + struct.pack(">I", 2),
                struct.pack(">256I", *accumulate(per_byte)),
                *(name for name, _, _ in rows),
                *(struct.pack(">I", crc) for _, crc, _ in rows),
                *(struct.pack(">I", at) for _, _, at in rows),
                digest,
            )
        )
        return bytes(pack) + digest, index + _sha1(index), digest


def ids_in(index: Path) -> list[pygit2.Oid]:
    """Return the ids of the objects in a pack, from its index. Raises ``OSError``."""
    blob = index.read_bytes()
    (count,) = struct.unpack_from(">I", blob, 8 + 255 * 4)
    start = 8 + 256 * 4
    ends = range(start, start + count * _ID_BYTES, _ID_BYTES)
    return [pygit2.Oid(raw=blob[at : at + _ID_BYTES]) for at in ends]


def _entry_head(number: int, size: int) -> bytes:
    head, byte = bytearray(), number << 4 | size & 15
    size >>= 4
    while size:
        head.append(byte | 128)
        byte, size = size & 127, size >> 7
    head.append(byte)
    return bytes(head)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha1(data: bytes | bytearray) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
