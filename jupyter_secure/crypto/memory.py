"""Keeping keys out of places where other programs could find them."""

from __future__ import annotations

import ctypes
import sys

# From <sys/prctl.h>.
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4


def wipe(buffer: bytearray) -> None:
    """Overwrite a buffer with zeros.

    Only this buffer: copies that Python or a library made of it are beyond reach.
    """
    buffer[:] = bytes(len(buffer))


def protect_process() -> list[str]:
    """Keep other processes of the account from reading this one's memory, and write no core.

    Returns what could not be had, in words; empty when all of it holds.

    On Linux a process that is not dumpable cannot be traced, and its ``/proc/<pid>/mem`` and
    ``environ`` cannot be opened, by processes of the same account; root still can. ``exec`` lifts
    it again, so kernels are not affected. The core limit is inherited by kernels.
    """
    missing = []
    if not _refuse_tracing():
        missing.append("other programs of this account can read its memory")
    if not _refuse_core():
        missing.append("a crash may write its memory to a core file")
    return missing


def _refuse_tracing() -> bool:
    if sys.platform != "linux":
        return False
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # Asked back, because a seccomp filter can make the call succeed without effect.
    return bool(prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)


def _refuse_core() -> bool:
    if sys.platform == "win32":
        return False
    import resource  # not on Windows

    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return False
    return True
