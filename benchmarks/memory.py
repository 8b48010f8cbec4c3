"""What a process takes of the memory, at its highest."""

from __future__ import annotations

import re
from pathlib import Path


def can_be_reset(pid: int) -> bool:
    """Say whether the highest value of a process can be made to start anew: by root, on Linux."""
    try:
        reset_peak(pid)
    except OSError:
        return False
    return True


def reset_peak(pid: int) -> None:
    """Let the highest value start from the present one (proc(5), "clear_refs")."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def resident(pid: int) -> int:
    """Return the bytes in memory now."""
    return _field(pid, "VmRSS")


def peak(pid: int) -> int:
    """Return the most bytes in memory since the last reset."""
    return _field(pid, "VmHWM")


def added(pid: int, before: int) -> float:
    """Return by how many MiB the highest is above ``before``; a page at least, to divide by."""
    return max(peak(pid) - before, 4096) / 2**20


def _field(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
