"""Lets a server that is told to stop come to its end.

Blocking work is done on threads of anyio's, and each of them lasts as long as the task that it was
started for: for a websocket, or a kernel that does not answer, until the loop stops under it. Then
nobody tells the thread to end, Python waits for it for ever, and what is done at the very end, as
wiping the keys and closing the record, never comes.
"""

from __future__ import annotations

import threading
from typing import Any

from anyio.to_thread import run_sync


def let_threads_end(app: Any) -> None:
    """From now on let the last thing that ``app`` does on its loop be to end those threads."""
    clean_up = app._cleanup

    async def cleanup() -> None:
        try:
            await clean_up()
        finally:
            await end_threads()

    app._cleanup = cleanup


async def end_threads() -> None:
    """Tell every thread that does blocking work for this loop to end when it has done its work."""
    # anyio has no word for it. This asks one such thread of what kind it is.
    kind = type(await run_sync(threading.current_thread))
    for thread in threading.enumerate():
        if isinstance(thread, kind) and hasattr(thread, "stop"):
            thread.stop()
