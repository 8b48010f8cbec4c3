"""The process in which two notebooks are compared for a server; ``server.comparing`` starts it.

Input: the bytes of the first in eight bytes, and both. Output: a line, "done" or the reason of an
error, and JSON: what came of it, or the parts of the error.
"""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

from jupyter_secure.app.history.compare import SECONDS, compare, too_slow
from jupyter_secure.app.history.deadline import deadline
from jupyter_secure.crypto.memory import protect_process
from jupyter_secure.errors import SecureError

DONE = b"done"
# Bytes of memory: many times what the largest two take.
_MOST_MEMORY = 4 << 30


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Compare what ``source`` holds, and write what comes of it to ``target``."""
    size = int.from_bytes(source.read(8), "big")
    first, second = source.read(size), source.read()
    try:
        with deadline(SECONDS, too_slow()):
            found = compare(first, second)
            said = {"before": found.before, "after": found.after, "diff": found.diff}
            answer = json.dumps(said).encode()
        target.write(DONE + b"\n" + answer)
    except SecureError as error:
        parts = {"what": error.what, "why": error.why, "remedy": error.remedy}
        target.write(error.reason.encode() + b"\n" + json.dumps(parts).encode())
    target.flush()


if __name__ == "__main__":
    protect_process()
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    main(sys.stdin.buffer, sys.stdout.buffer)
