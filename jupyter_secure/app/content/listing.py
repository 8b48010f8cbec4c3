"""What is in a folder, looked at once for all of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.app.content.content import Content
from jupyter_secure.locks import Actor


@dataclass(frozen=True)
class Entry:
    """One regular file. ``size`` is that of its content, in bytes; ``stat`` as ``os.lstat``."""

    name: str
    stat: os.stat_result
    size: int
    writable: bool


def regular_files(
    content: Content, folder: str | Path, actor: Actor, wanted: Callable[[str], bool]
) -> tuple[list[Entry], list[str]]:
    """Return the regular files in ``folder``, and the names of its folders and links.

    ``wanted`` chooses by name. What vanishes or cannot be looked at meanwhile is left out, and so
    are pipes and devices. Raises ``Refused`` for a folder outside the root, or ``OSError``.
    """
    may_write = content.guard.may_write_in(folder, actor)
    files: list[Entry] = []
    others: list[str] = []
    for name, facts in _scan(folder):
        if not wanted(name):
            continue
        if stat.S_ISDIR(facts.st_mode) or stat.S_ISLNK(facts.st_mode):
            others.append(name)
        if not stat.S_ISREG(facts.st_mode):
            continue
        path = os.path.join(folder, name)
        try:
            size = content.facts(path).size
        except OSError:
            size = facts.st_size
        writable = may_write(name) and os.access(path, os.W_OK)
        files.append(Entry(name, facts, size, writable))
    return files, others


def _scan(folder: str | Path) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                yield entry.name, entry.stat(follow_symlinks=False)
            except OSError:
                continue
