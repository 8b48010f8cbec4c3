"""JSON as the standard library reads and writes it, in a fraction of its time, by msgspec.

Where the two differ, the standard library's word holds: what msgspec refuses is given to it (NaN,
half a character, other encodings than UTF-8), and so is what msgspec would write otherwise.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec


def loads(data: bytes) -> Any:
    """Return what ``data`` holds. Raises ``ValueError`` for what is no JSON."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError):
        return json.loads(data)


def dumps(value: Any) -> bytes:
    """Return ``value`` without blanks, as UTF-8 where that can hold it.

    Raises ``ValueError`` for NaN and the infinities, for which JSON has no word, and ``TypeError``
    for most of what is no JSON; bytes, dates, sets, keys that are numbers and the like, which no
    JSON was ever read as, become text and lists.
    """
    try:
        data = msgspec.json.encode(value)
    except (TypeError, ValueError, msgspec.EncodeError):
        return _by_standard_library(value)
    # What msgspec calls null may be one of those. Text that says "null" costs a look and no more.
    if b"null" in data and not _is_finite(value):
        raise ValueError("JSON has no word for NaN and the infinities.")
    return data


def _by_standard_library(value: Any) -> bytes:
    form: dict[str, Any] = {"allow_nan": False, "separators": (",", ":")}
    try:
        return json.dumps(value, ensure_ascii=False, **form).encode()
    except UnicodeEncodeError:
        return json.dumps(value, **form).encode()  # half a character: as \udXXX only


def _is_finite(value: Any) -> bool:
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, str):  # as most are
            continue
        if isinstance(one, dict):
            rest.extend(one)
            rest.extend(one.values())
        elif isinstance(one, (list, tuple)):
            rest.extend(one)
        elif isinstance(one, float) and not math.isfinite(one):
            return False
    return True
