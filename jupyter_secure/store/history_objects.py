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

from jupyter_secure.store.atomic import sync_folder
from jupyter_secure.store.history_index import HEAD
from jupyter_secure.store.history_pack import BLOB, COMMIT, TREE

#: The folder in which they are written, apart from the packs: Git takes whatever has an index there
#: for a pack, and something new would rely on what tidying then removes.
UNFINISHED = "unfinished"

_NUMBERS = {COMMIT: 1, TREE: 2, BLOB: 3}


class NewObjects:
    """Takes objects, and writes them together. For one thread at a time."""

    def __init__(self) -> None:
        self._objects: dict[bytes, tuple[bytes, bytes]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, object_id: bytes) -> bool:
        return object_id in self._objects

    def blob(self, data: bytes) -> bytes:
        """Take a blob; return its id."""
        return self._take(BLOB, data)

    def tree(self, entries: Sequence[tuple[str, bytes]], mode: int) -> bytes:
        """Take a tree of entries of one mode, which come sorted by name; return its id."""
        head = b"%o " % mode
        return self._take(
            TREE, b"".join(head + name.encode() + b"\0" + one for name, one in entries)
        )

    def commit(self, tree: bytes, parent: bytes | None, person: str, message: str) -> bytes:
        """Take a commit by ``person``, who is named as Git does (``said_of``); return its id."""
        parents = "" if parent is None else f"parent {parent.hex()}\n"
        text = f"tree {tree.hex()}\n{parents}author {person}\ncommitter {person}\n\n{message}"
        return self._take(COMMIT, text.encode())

    def _take(self, kind: bytes, data: bytes) -> bytes:
        name = name_of(kind, data)
        self._objects[name] = kind, data
        return name

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
            packed = zlib.compress(data, 0 if kind == BLOB else 6)
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
                HEAD,
                struct.pack(">256I", *accumulate(per_byte)),
                *(name for name, _, _ in rows),
                *(struct.pack(">I", crc) for _, crc, _ in rows),
                *(struct.pack(">I", at) for _, _, at in rows),
                digest,
            )
        )
        return bytes(pack) + digest, index + _sha1(index), digest


def name_of(kind: bytes, data: bytes) -> bytes:
    """Return Git's name for an object, which guards nothing here: see the MACs of the versions."""
    return _sha1(b"%s %d\0" % (kind, len(data)) + data)


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
