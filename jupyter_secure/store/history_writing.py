"""Making a version's objects: only what was not there before."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timezone
from pathlib import Path
from typing import NamedTuple

from jupyter_secure.history.notebook_key import NotebookKey
from jupyter_secure.history.version import Version
from jupyter_secure.store.history_objects import NewObjects, name_of
from jupyter_secure.store.history_pack import BLOB
from jupyter_secure.store.history_packs import Objects
from jupyter_secure.store.history_tidying import removed_last

# How Git marks an object of a folder: as a file, or as a folder.
_FILE, _FOLDER = 0o100644, 0o40000
# What Git takes off a name at both ends; it is not to be left with nothing.
_NO_NAME = " .,:;\"\\'"
#: One of so many chunks is the last of its folder.
_PER_FOLDER = 16
#: The chunks of so many notebooks are remembered: saving one again seals only what changed.
_REMEMBERED = 32


class Remembered(NamedTuple):
    """The objects of one notebook's newest version: by a chunk's name, and by a folder's names."""

    chunks: dict[bytes, bytes]
    folders: dict[bytes, bytes]


class Trees:
    """Builds the trees of versions, and remembers the newest of each notebook.

    To be called by the one writer that there is at a time.
    """

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._known: OrderedDict[bytes, Remembered] = OrderedDict()
        self._known_since = 0

    def build(
        self,
        there: Objects,
        new: NewObjects,
        now: Remembered,
        version: Version,
        content: bytes,
        key: NotebookKey,
    ) -> bytes:
        """Return the tree of a version; what is not there yet goes to ``new``.

        ``now`` is filled with what can be remembered once it is on the disk; it may hold what went
        to ``new`` for the versions before this one.
        """
        before = self._remembered(version.file_id)
        # Of a first version nothing can be there: its key is new.
        is_there = there.__contains__ if version.number > 1 else lambda _: False
        folders: list[tuple[list[bytes], list[bytes]]] = [([], [])]
        sealed: dict[bytes, bytes] = {}
        for chunk in key.cut(content):
            name = key.name(chunk)
            object_id = now.chunks.get(name) or before.chunks.get(name)
            if object_id is None:
                sealed[name] = key.seal(chunk)
                object_id = name_of(BLOB, sealed[name])
            now.chunks[name] = object_id
            folders[-1][0].append(name)
            folders[-1][1].append(object_id)
            if name[0] % _PER_FOLDER == 0:
                folders.append(([], []))
        parts = []
        for names, objects in filter(lambda folder: folder[0], folders):
            joined = b"".join(names)
            part = now.folders.get(joined) or before.folders.get(joined)
            if part is None or not (part in new or is_there(part)):
                for name, object_id in zip(names, objects, strict=True):
                    if object_id in new or is_there(object_id):
                        continue
                    if name not in sealed:
                        # Somebody else tidied up what was remembered: seal it all again.
                        self._known.pop(version.file_id, None)
                        return self.build(there, new, _emptied(now), version, content, key)
                    new.blob(sealed[name])
                part = new.tree(_numbered(objects), _FILE)
            now.folders[joined] = part
            parts.append(part)
        return new.tree(_numbered(parts, _entry_name(version.path) + "-"), _FOLDER)

    def _remembered(self, file_id: bytes) -> Remembered:
        removed = removed_last(self._git_dir)
        if removed != self._known_since:
            self._known.clear()  # some of it may be among what went
            self._known_since = removed
        return self._known.get(file_id, Remembered({}, {}))

    def remember(self, file_id: bytes, now: Remembered) -> None:
        """Take what is on the disk now for a notebook's newest version."""
        self._known[file_id] = now
        self._known.move_to_end(file_id)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def said_of(version: Version, key: NotebookKey) -> tuple[str, str]:
    """Return who is said to have made a commit, and when, and its message."""
    # Git's own fields are for people who look with Git; ours are in the message, with the MAC.
    name = "".join(c for c in version.account if c.isprintable() and c not in "<>")
    name = name.strip(_NO_NAME) or "unknown"
    at = version.at.astimezone(timezone.utc)
    person = f"{name} <unknown@localhost> {int(at.timestamp())} +0000"
    return person, version.to_message(key)


def _emptied(now: Remembered) -> Remembered:
    now.chunks.clear()
    now.folders.clear()
    return now


def _numbered(objects: list[bytes], prefix: str = "") -> list[tuple[str, bytes]]:
    """Return the entries of a folder in which the objects are numbered, to keep their order."""
    return [(f"{prefix}{position:06x}", one) for position, one in enumerate(objects)]


def _entry_name(path: str) -> str:
    """Return the name of the notebook as Git takes it: never empty, "." or "..", and no ".git"."""
    name = path.rpartition("/")[2].replace("\0", "").encode(errors="replace").decode()
    return name if name.strip(".") and name.lower() != ".git" else f"_{name}"
