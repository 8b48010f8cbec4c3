"""Loads the frozen vectors and makes the edits they describe."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any


def load(name: str) -> dict[str, Any]:
    """Read one of the JSON files beside this module."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return dict(json.loads(text))


def content(size: int) -> bytes:
    """Return the content of this size that all vectors share."""
    return bytes(i % 251 for i in range(size))


def altered(entry: dict[str, Any], accepted: dict[str, bytes]) -> bytes:
    """Return the bytes that a `refused` entry stands for."""
    if "file" in entry:
        return base64.b64decode(entry["file"])
    data = bytearray(accepted[entry["of"]])
    for edit in entry["edits"]:
        _apply(edit, data, accepted)
    return bytes(data)


def _apply(edit: dict[str, Any], data: bytearray, accepted: dict[str, bytes]) -> None:
    length = edit.get("length", 0)
    match edit["op"]:
        case "flip":
            data[edit["at"]] ^= edit["xor"]
        case "truncate":
            del data[edit["to"] :]
        case "append":
            data += bytes.fromhex(edit["hex"])
        case "swap":
            a, b = slice(edit["a"], edit["a"] + length), slice(edit["b"], edit["b"] + length)
            data[a], data[b] = data[b], data[a]
        case "copy":
            data[edit["to"] : edit["to"] + length] = data[edit["from"] : edit["from"] + length]
        case "transplant":
            data[edit["at"] :] = accepted[edit["of"]][edit["at"] :]
        case unknown:
            raise ValueError(f"no such edit: {unknown}")
