"""Finding what a repository holds in plain text and was to be sealed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from jupyter_secure.app.git.notebook_text import is_sealed
from jupyter_secure.app.git.repository import Repository
from jupyter_secure.app.git.set_up import DRIVER


@dataclass(frozen=True)
class Plain:
    """A file that Git has in plain text. ``where``: ``staged``, ``committed`` or ``history``."""

    path: str
    where: str


def find_plain(repository: Repository, *, committed: bool, history: bool) -> list[Plain]:
    """Return what is staged in plain text and, if asked, committed, or anywhere in the history.

    What is to be sealed is what .gitattributes give our driver, and every ``*.ipynb``. Empty files
    say nothing, and do not count. Conflicts that are being resolved count as staged.
    """
    found: dict[str, dict[bytes, set[bytes]]] = {
        "staged": {path: {blob} for path, blob in repository.staged().items()}
    }
    if committed:
        found["committed"] = repository.committed(everything=False)
    if history:
        found["history"] = repository.committed(everything=True)
    everything = {path for paths in found.values() for path in paths}
    wanted = repository.with_driver(everything, DRIVER) if everything else set()
    wanted |= {path for path in everything if path.lower().endswith(b".ipynb")}
    blobs = {
        blob for paths in found.values() for path in paths.keys() & wanted for blob in paths[path]
    }
    plain = {blob for blob, first in repository.beginnings(blobs) if first and not is_sealed(first)}
    return [
        Plain(os.fsdecode(path), where)
        for where, paths in found.items()
        for path in sorted(paths.keys() & wanted)
        if paths[path] & plain
    ]
