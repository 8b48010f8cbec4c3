"""The folder that a server serves, and the names of the files below it."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_secure.errors import Refused


class Root:
    """Names files by their real path below one folder, so that a link is no second name."""

    def __init__(self, folder: Path, *, follow_outside_links: bool = False) -> None:
        self._folder = Path(os.path.realpath(folder))
        self._follow_outside_links = follow_outside_links

    def key(self, path: str | Path) -> str:
        """Return the name under which the file behind ``path`` is locked.

        Raises ``Refused`` for a link that leads out of the root.
        """
        return self._below_root(os.path.realpath(path), path)

    def entry_key(self, path: str | Path) -> str:
        """Return the name of the directory entry itself, which a move or deletion changes."""
        folder, name = os.path.split(os.path.abspath(path))
        return self._below_root(os.path.join(os.path.realpath(folder), name), path)

    def _below_root(self, real: str, path: str | Path) -> str:
        try:
            key = Path(real).relative_to(self._folder).as_posix()
            return "" if key == "." else key  # the root itself is "", as the locks have it
        except ValueError:
            if self._follow_outside_links:
                return real
        raise Refused(
            f"“{Path(path).name}” leads out of the folder that this server serves.",
            why="It is, or lies behind, a symbolic link to another place.",
            remedy="Copy what you need into the folder, or ask the administrator about "
            "SecureConfig.follow_outside_links.",
        )
