"""The path of a file together with where it really leads, found out once."""

from __future__ import annotations

import os
from pathlib import Path


class Place(str):
    """A path as it was asked for, and ``real``, the same with every link followed.

    Following the links takes a call to the system for each folder on the way, and all who look at
    one file on behalf of one request must mean the same one: so it is done once for all of them,
    and it is ``real`` that is opened. Made anew for every request; nothing keeps one.
    """

    __slots__ = ("real",)
    real: str

    def __new__(cls, path: str | Path) -> Place:
        """Follow the links of ``path`` now; a place stays as it is."""
        if isinstance(path, cls):
            return path
        text = os.fspath(path)
        place = super().__new__(cls, text)
        place.real = os.path.realpath(text)
        return place


def real_path(path: str | Path) -> str:
    """Return where ``path`` leads, without looking again for a place."""
    return path.real if isinstance(path, Place) else os.path.realpath(path)
