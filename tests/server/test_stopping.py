from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
from anyio.to_thread import run_sync

from jupyter_secure.server.stopping import let_threads_end


async def _goes_on(threads: list[threading.Thread], begun: asyncio.Event) -> None:
    threads.append(await run_sync(threading.current_thread))
    begun.set()
    await asyncio.Event().wait()


@pytest.mark.parametrize("error", [None, OSError()])
def test_threads_of_tasks_that_go_on(error: OSError | None) -> None:
    """They end with the server, whatever fails then, though the tasks that had them do not."""
    threads: list[threading.Thread] = []
    done = []

    async def cleanup() -> None:
        done.append("Jupyter's own")
        if error:
            raise error

    async def live() -> None:
        app = SimpleNamespace(_cleanup=cleanup)
        let_threads_end(app)
        begun = asyncio.Event()
        waiting = asyncio.create_task(_goes_on(threads, begun))
        await begun.wait()
        try:
            await app._cleanup()
        except OSError:
            assert error
        assert not waiting.done()

    loop = asyncio.new_event_loop()
    # As a server does: the loop is stopped while tasks are waiting, and they are never told.
    task = loop.create_task(live())
    task.add_done_callback(lambda _: loop.stop())
    loop.run_forever()
    task.result()
    (thread,) = threads
    thread.join(10)
    assert not thread.is_alive()
    assert done == ["Jupyter's own"]
    for left in asyncio.all_tasks(loop):
        left.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
