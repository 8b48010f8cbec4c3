"""The names by which symbolic links lead to a file, other than its own."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_secure.app.content.place import real_path

# As many as Linux follows, path_resolution(7).
_MOST_LINKS = 40


def linked_names(path: str | Path) -> list[bytes]:
    """Return each name that a link on the way from ``path`` to its real file stands for.

    What was a file or folder once, and has been replaced by a link since, is among them by the
    name that it had: the path up to the link is real, and what follows it is as it was asked for.
    """
    start = os.path.abspath(path)
    if real_path(path) == start:
        return []
    names: list[bytes] = []
    anchor, *parts = Path(start).parts
    real, rest = anchor, parts[::-1]
    while rest:
        part = rest.pop()
        here = os.path.join(real, part)
        if part == os.pardir:
            real = os.path.dirname(real)
        elif not os.path.islink(here):
            real = here
        elif len(names) == _MOST_LINKS:
            break  # a circle, in which nothing opens
        else:
            names.append(os.fsencode(os.path.join(here, *rest[::-1])))
            target = Path(os.readlink(here))
            if target.is_absolute():
                real = target.anchor
            rest.extend(part for part in reversed(target.parts) if part != target.anchor)
    return names
