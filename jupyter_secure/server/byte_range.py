"""The ``Range`` header (RFC 9110 section 14.2): one range of bytes, or all of them."""

from __future__ import annotations

import re

from jupyter_secure.server.http_errors import SecureHTTPError

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})")


def requested_range(header: str, size: int) -> tuple[int, int]:
    """Return the first byte and the one after the last of ``size`` that ``header`` asks for.

    An empty header asks for all. Raises an HTTP error, 416, for what is no single range of bytes or
    begins behind the end: the kernel's client sends none, and half an answer would be a trap.
    """
    if not header:
        return 0, size
    found = _ONE_RANGE.fullmatch(header)
    first, last = found.groups() if found else ("", "")
    if first:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    elif last:
        start, end = max(0, size - int(last)), size
    else:
        start, end = size, size
    if start >= end:
        raise SecureHTTPError(416, f"There is no such range; the file has {size} bytes.", "range")
    return start, end
