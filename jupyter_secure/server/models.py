"""The contents API's paths and models, where they need a look of their own."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from tornado.web import HTTPError

# NAME_MAX of every file system in common use.
_MAX_NAME_BYTES = 255


def check_api_path(path: str) -> None:
    """Raise unless every part of ``path`` is a name.

    With ".." a path names another folder than it seems to, behind a link even another than its
    text says, and the root itself: a lock in there would not be asked.
    """
    names = path.split("/")
    try:
        longest = max(len(os.fsencode(name)) for name in names)
    except UnicodeEncodeError:
        raise HTTPError(400, "That name holds half a character. Choose another.") from None
    if not {".", ".."}.isdisjoint(names):
        raise HTTPError(404, f"{path} is not a valid path")
    if longest > _MAX_NAME_BYTES:
        raise HTTPError(400, "That name is too long. Choose a shorter one.")


def check_whole(model: dict[str, Any]) -> None:
    """Raise unless ``model`` can be saved, in Jupyter's own words."""
    if "type" not in model:
        raise HTTPError(400, "No file type provided")
    kind = model["type"]
    if "content" not in model and kind != "directory":
        raise HTTPError(400, "No file content provided")
    if kind not in ("notebook", "file", "directory"):
        raise HTTPError(400, f"Unhandled contents type: {kind}")


def check_part(model: dict[str, Any]) -> None:
    """Raise unless ``model`` is a part of an upload, in Jupyter's own words."""
    if "type" not in model:
        raise HTTPError(400, "No file type provided")
    if model["type"] != "file":
        kind = model["type"]
        raise HTTPError(400, f'File type "{kind}" is not supported for large file transfer')
    if "content" not in model:
        raise HTTPError(400, "No file content provided")
    if type(model["chunk"]) is not int:
        raise HTTPError(400, "The chunk of an upload must be a number")


def unfinished_model(path: str, size: int, now: datetime) -> dict[str, Any]:
    """Return the model of a file of which ``size`` bytes have come so far."""
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "type": "file",
        "last_modified": now,
        "created": now,
        "content": None,
        "format": None,
        "mimetype": None,
        "size": size,
        "writable": True,
        "hash": None,
        "hash_algorithm": None,
    }
