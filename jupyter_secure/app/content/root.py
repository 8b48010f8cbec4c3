"""The folder that a server serves, and the names of the files below it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from jupyter_secure.app.content.place import real_path
from jupyter_secure.errors import Refused


class Root:
    """Names files by their real path below one folder, so that a link is no second name."""

    def __init__(
        self, folder: Path, *, closed: Iterable[Path] = (), follow_outside_links: bool = False
    ) -> None:
        """Serve ``folder``, except what lies in ``closed``: folders with keys, seldom below it."""
        self._folder = _Folder(folder)
        self._closed = tuple(_Folder(one) for one in closed)
        self._follow_outside_links = follow_outside_links

    def key(self, path: str | Path) -> str:
        """Return the name under which the file behind ``path`` is locked.

        Raises ``Refused`` for a link that leads out of the root, and for what is closed.
        """
        return self._below_root(real_path(path), path)

    def entry_key(self, path: str | Path) -> str:
        """Return the name of the directory entry itself, which a move or deletion changes.

        Raises ``Refused`` as ``key`` does, and for a folder with a closed one in it.
        """
        folder, name = os.path.split(os.path.abspath(path))
        real = os.path.join(os.path.realpath(folder), name)
        if any(Path(one.path).is_relative_to(real) for one in self._closed):
            raise _is_closed(path)
        return self._below_root(real, path)

    def path(self, key: str) -> Path:
        """Return where the file or folder lies that ``key`` or ``entry_key`` named so."""
        return Path(self._folder.path, key)

    def _below_root(self, real: str, path: str | Path) -> str:
        if any(one.name_below(real) is not None for one in self._closed):
            raise _is_closed(path)
        if (key := self._folder.name_below(real)) is not None:
            return key  # the root itself is "", as the locks have it
        if self._follow_outside_links:
            return real
        raise Refused(
            f"“{Path(path).name}” leads out of the folder that this server serves.",
            why="It is, or lies behind, a symbolic link to another place.",
            remedy="Copy what you need into the folder, or ask the administrator about "
            "SecureConfig.follow_outside_links.",
        )


class _Folder:
    """A real folder. As text: asked of every file, and ``pathlib`` takes apart each path anew."""

    def __init__(self, folder: Path) -> None:
        self.path = os.path.realpath(folder)
        self._prefix = os.path.normcase(os.path.join(self.path, ""))
        self._same = os.path.normcase(self.path)

    def name_below(self, real: str) -> str | None:
        """Return the name of a real path from here on, "" for the folder; None if outside."""
        compared = os.path.normcase(real)
        if compared == self._same:
            return ""
        if not compared.startswith(self._prefix):
            return None
        name = real[len(self._prefix) :]
        return name if os.sep == "/" else name.replace(os.sep, "/")


def _is_closed(path: str | Path) -> Refused:
    return Refused(
        f"“{Path(path).name}” holds keys and accounts.",
        why="Whoever could read or change them here would not be asked for a code.",
        remedy="Use the command `jupyter secure`; or serve a folder in which they do not lie.",
    )
