from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.kernelmanager import (
    AsyncMappingKernelManager,
    MappingKernelManager,
)
from tornado.ioloop import IOLoop

from jupyter_secure.server.kernel_loop import keep_on_loop


@pytest.mark.parametrize("kind", [AsyncMappingKernelManager, MappingKernelManager])
def test_what_a_kernel_says_and_its_death_are_told_on_the_loop(
    kind: type[MappingKernelManager], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages, its death and its restart reach the server in one thread, the event loop's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    heard: dict[str, int] = {}

    async def until(seen: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not seen():
            assert time.monotonic() < end
            await asyncio.sleep(0.05)

    async def live() -> None:
        manager = kind(connection_dir=str(tmp_path), root_dir=str(tmp_path))
        keep_on_loop(manager)
        kernel_id = await manager.start_kernel()
        kernel = manager.get_kernel(kernel_id)
        try:
            assert kernel.loop is IOLoop.current()
            stream = kernel.connect_control()
            stream.on_recv(lambda _: heard.update(message=threading.get_ident()))
            kernel.session.send(stream, "kernel_info_request")
            await until(lambda: "message" in heard)
            manager.add_restart_callback(
                kernel_id, lambda: heard.update(death=threading.get_ident()), "restart"
            )
            os.kill(kernel.provisioner.pid, 9)
            await until(lambda: "death" in heard and kernel.ready.done())
            stream.close()
        finally:
            await ensure_async(manager.shutdown_kernel(kernel_id, now=True))

    asyncio.run(live())
    assert heard == dict.fromkeys(("message", "death"), threading.get_ident())
