"""Two notebooks compared in a process of its own, which is ended when that takes too long."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from jupyter_secure.app.history import compare_worker
from jupyter_secure.app.history.compare import SECONDS, too_slow
from jupyter_secure.errors import InvalidInput, NotInstalled, SecureError, StateUnusable, TooMuch

#: To be held for each: it may take a processor for as long as it is let.
AT_ONCE = asyncio.Semaphore(2)
# It ends itself in time; this is for when it does not.
_LEEWAY_SECONDS = 10.0
_ERRORS: dict[str, type[SecureError]] = {
    one.reason: one for one in (InvalidInput, NotInstalled, TooMuch)
}


async def compared_apart(before: bytes, after: bytes) -> bytes:
    """Return the members "before", "after" and "diff" of a JSON object, from its "{" on.

    Raises what ``compare`` does, and ``TooMuch`` for what takes too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        compare_worker.__name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # where a parser may quote what it reads
        # `-m` looks for modules in the current folder first, and that may be anybody's.
        cwd=Path(sys.executable).anchor,
    )
    request = len(before).to_bytes(8, "big") + before + after
    try:
        answer, _ = await asyncio.wait_for(process.communicate(request), SECONDS + _LEEWAY_SECONDS)
    except asyncio.TimeoutError:
        raise too_slow() from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode != 0:
        answer = b""  # it was ended, maybe in the middle of it
    how, _, said = answer.partition(b"\n")
    if how == compare_worker.DONE:
        return said
    kind = _ERRORS.get(how.decode())
    if kind is None:
        raise StateUnusable(
            "These two could not be compared.",
            why="The process that does it was ended.",
            remedy="Look whether there is memory left, and try again.",
        )
    parts = json.loads(said)
    raise kind(parts["what"], why=parts["why"], remedy=parts["remedy"])
