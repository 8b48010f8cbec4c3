"""Threads for what would hold up the event loop.

Jupyter's own way, anyio's, ties each of its threads to the task that it finds at the root. In a
server that is the request's, so a thread is started and ended for every one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")

# As many as anyio would have: most of them wait for a disk.
_MOST = 40
_pool = ThreadPoolExecutor(_MOST, thread_name_prefix="jupyter-secure-work")


async def run_sync(
    work: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs
) -> _Result:
    """Return what ``work`` returns, and raise what it raises, run in another thread.

    It sees the context variables of the caller. Once begun it goes on, whoever stops waiting.
    """
    run = copy_context().run
    return await asyncio.get_running_loop().run_in_executor(
        _pool, lambda: run(work, *args, **kwargs)
    )
