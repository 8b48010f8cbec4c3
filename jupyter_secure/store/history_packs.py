"""Reading Git's objects, packed or loose, from the bytes of their files.

A library that maps packs into memory is quicker, and ends the whole process when such a file is cut
short under it or the disk cannot read a block of it (SIGBUS). Here both are errors like any other.
"""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from jupyter_secure.errors import CorruptFile
from jupyter_secure.history.notebook_key import damaged
from jupyter_secure.store.history_index import Index
from jupyter_secure.store.history_pack import MOST_BYTES, changed, read_entry

#: So often an object may be made from another that is made from one; Git itself stops at 4095.
_DEEPEST = 4096
#: In bytes: what others are made from is kept at hand, ciphertext as all objects are.
_AT_HAND = 8 << 20
#: In bytes: so much may lead from one object to another.
_MOST_CHANGES = 4 * MOST_BYTES

_Object = tuple[bytes, bytes]  # kind and data


class Objects:
    """The objects of one repository; safe for several threads, beside whoever adds and packs.

    Each method raises ``OSError`` where the disk does, and ``CorruptFile`` for what is damaged.
    """

    def __init__(self, git_dir: Path) -> None:
        self._folder = git_dir / "objects"
        # Replaced and never changed: whoever looks for something meanwhile sees all of one.
        self._indexes: dict[str, Index] = {}
        self._looking = threading.Lock()
        self._last: Index | None = None
        self._at_hand: dict[tuple[Path, int], _Object] = {}
        self._at_hand_bytes = 0

    def look(self) -> None:
        """Find the packs that came since, and forget those that went."""
        with self._looking:  # one after the other, so that the last look is what counts
            folder, names = self._folder / "pack", set[str]()
            with contextlib.suppress(FileNotFoundError):
                names = set(os.listdir(folder))
            found: dict[str, Index] = {}
            for name in names:
                if name.endswith(".idx") and f"{name[:-4]}.pack" in names:
                    # One that is damaged does not hide the others.
                    with contextlib.suppress(CorruptFile, FileNotFoundError):
                        found[name] = self._indexes.get(name) or Index.load(folder / name)
            self._indexes = found

    def __contains__(self, name: bytes) -> bool:
        # Whoever is told so relies on it, so the packs count that there were at the last look.
        indexes = self._indexes.values()
        found = any(index.find(name) is not None for index in indexes)
        return found or self._loose_path(name).exists()

    def get(self, name: bytes, kind: bytes) -> bytes:
        """Return an object's data; ``CorruptFile`` if it is not there, or of another kind."""
        found = self._find(name)
        if found is None:
            self.look()  # it may have gone into another pack
            found = self._find(name)
        if found is None or found[0] != kind:
            raise damaged()
        return found[1]

    def _find(self, name: bytes) -> _Object | None:
        for index, offset in self._places(name):
            with contextlib.suppress(FileNotFoundError):
                found = self._packed(index, offset)
                self._last = index
                return found
        return self._loose(name)

    def _places(self, name: bytes) -> Iterator[tuple[Index, int]]:
        """Yield where an object is; first in the pack of the one before, where most are."""
        for index in chain([self._last] if self._last else [], self._indexes.values()):
            offset = index.find(name)
            if offset is not None:
                yield index, offset

    def _loose_path(self, name: bytes) -> Path:
        text = name.hex()
        return self._folder / text[:2] / text[2:]

    def _loose(self, name: bytes) -> _Object | None:
        try:
            packed = self._loose_path(name).read_bytes()
        except FileNotFoundError:
            return None
        try:
            head, _, data = zlib.decompressobj().decompress(packed, MOST_BYTES).partition(b"\0")
        except zlib.error:
            raise damaged() from None
        return head.partition(b" ")[0], data

    def _packed(self, index: Index, offset: int) -> _Object:
        """Return the object at a place, made from others if that is how the pack has it."""
        changes: list[tuple[int, bytes]] = []
        size = 0
        found = self._at_hand.get((index.pack, offset))
        with open(index.pack, "rb", buffering=0) as file:
            while found is None:
                entry = read_entry(file, offset)
                if entry.kind is not None:
                    found = entry.kind, entry.data
                    break
                changes.append((offset, entry.data))
                size += len(entry.data)
                base = index.find(entry.base) if entry.base else offset - entry.back
                if base is None or base < 0 or len(changes) > _DEEPEST or size > _MOST_CHANGES:
                    raise damaged()
                offset = base
                found = self._at_hand.get((index.pack, offset))
        kind, data = found
        for place, change in reversed(changes):
            self._keep_at_hand(index.pack, offset, (kind, data))
            offset, data = place, changed(data, change)
        if changes:
            self._keep_at_hand(index.pack, offset, (kind, data))
        return kind, data

    def _keep_at_hand(self, pack: Path, offset: int, found: _Object) -> None:
        if self._at_hand_bytes > _AT_HAND:
            self._at_hand, self._at_hand_bytes = {}, 0
        self._at_hand[pack, offset] = found
        self._at_hand_bytes += len(found[1])
