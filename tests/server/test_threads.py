"""Blocking work beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from jupyter_secure.server.threads import run_sync

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def _thread() -> threading.Thread:
    return await run_sync(threading.current_thread)


def test_a_thread_is_used_again() -> None:
    """Requests one after the other, each a task of its own, share their threads."""
    loop = asyncio.new_event_loop()
    threads = {loop.run_until_complete(_thread())}

    def once() -> None:
        task = loop.create_task(_thread())
        task.add_done_callback(lambda done: (threads.add(done.result()), loop.stop()))

    for _ in range(10):
        loop.call_soon(once)
        loop.run_forever()
    loop.close()
    assert threading.current_thread() not in threads
    assert len(threads) <= 3  # one that is just done may not be known to be idle yet


def test_what_it_gives_and_sees() -> None:
    """Arguments, results, errors and the caller's context go where they should."""

    async def ask() -> None:
        WHO.set("alice")
        assert await run_sync(WHO.get) == "alice"
        assert await run_sync(WHO.set, "bob")
        assert WHO.get() == "alice"
        assert await run_sync(divmod, 7, 2) == (3, 1)
        assert await run_sync(int, "7", base=8) == 7
        with pytest.raises(ZeroDivisionError):
            await run_sync(divmod, 7, 0)

    asyncio.run(ask())


def test_many_at_once() -> None:
    """Those that wait for something do not hold up each other, nor the loop."""
    together = threading.Barrier(20)

    async def ask() -> None:
        await asyncio.wait_for(asyncio.gather(*[run_sync(together.wait) for _ in range(20)]), 20)

    asyncio.run(ask())


def test_work_goes_on_when_nobody_waits() -> None:
    """A save that was begun is finished, whoever stops waiting for it."""
    begun, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        finished.set()

    async def ask() -> None:
        task = asyncio.ensure_future(run_sync(work))
        while not begun.is_set():  # noqa: ASYNC110  # it is set in another thread
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(ask())
    go_on.set()
    assert finished.wait(10)
