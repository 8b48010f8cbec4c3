"""Which version of each notebook is the newest: a file that says so, or a line for many in one.

The forms are Git's (gitrepository-layout(5), ``refs`` and ``packed-refs``).
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from jupyter_secure.history.notebook_key import damaged
from jupyter_secure.store.atomic import write_atomically

#: The folder of the files.
FOLDER = "refs/notebooks"

_FILE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OBJECT_ID = re.compile(r"[0-9a-f]{40}", re.ASCII)
# A line of the packed ones: a comment, an addition to the line before, or an id and a name.
_LINE = re.compile(r"#.*|\^[0-9a-f]{40}|([0-9a-f]{40}) refs/(?:notebooks/([0-9a-f]{32})|.+)")


class Branches:
    """Those of one repository. Each method raises ``OSError`` where the disk does."""

    def __init__(self, git_dir: Path) -> None:
        self._folder = git_dir / FOLDER
        self._packed_file = git_dir / "packed-refs"
        # What stood there when the file was last looked at, and which file that was.
        self._packed: tuple[object, dict[bytes, bytes]] = None, {}

    def newest(self, file_id: bytes) -> bytes | None:
        """Return the object id of a notebook's newest version; ``None`` if it has none.

        Raises ``CorruptFile`` where that cannot be made out.
        """
        with contextlib.suppress(FileNotFoundError):
            text = (self._folder / file_id.hex()).read_text(errors="replace").rstrip("\n")
            if not _OBJECT_ID.fullmatch(text):
                raise damaged()
            return bytes.fromhex(text)
        # After the file: a branch only ever moves from there to here.
        return self._read_packed().get(file_id)

    def file_ids(self) -> list[bytes]:
        """Return the file ids of all notebooks that have a history, readable or not.

        Raises ``CorruptFile`` where not even that can be made out.
        """
        names = {one.name for one in self._folder.iterdir()} if self._folder.is_dir() else set()
        loose = {bytes.fromhex(name) for name in names if _FILE_ID.fullmatch(name)}
        return sorted(loose | self._read_packed().keys())  # after the files, as above

    def point(self, file_id: bytes, target: bytes) -> None:
        """Let a notebook's newest version be that one, on the disk. For one writer at a time.

        Raises ``StorageFailed``.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._folder / file_id.hex(), target.hex().encode() + b"\n", mode=0o600)

    def _read_packed(self) -> dict[bytes, bytes]:
        """Return the packed ones. What is not all understood hides nothing: it is damage."""
        try:
            facts = self._packed_file.stat()
            which = facts.st_ino, facts.st_mtime_ns, facts.st_size
            if self._packed[0] == which:
                return self._packed[1]
            text = self._packed_file.read_text(errors="replace")
        except FileNotFoundError:
            return {}
        found = {}
        for line in text.splitlines():
            match = _LINE.fullmatch(line)
            if match is None:
                raise damaged()
            if match[2]:
                found[bytes.fromhex(match[2])] = bytes.fromhex(match[1])
        self._packed = which, found
        return found
