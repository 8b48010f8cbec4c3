"""Keeps what kernels say on the server's event loop, whichever class starts them.

A manager without coroutines (``MappingKernelManager``) starts each kernel from a thread of its own,
and Jupyter ties the kernel to the loop it finds there. Its messages would then be written to a
websocket by one thread while another reads it, which breaks the TLS below, and news of its death
would reach us on that thread. https://github.com/jupyter/jupyter_client/issues/948
"""

from __future__ import annotations

from typing import Any

from tornado.ioloop import IOLoop


def keep_on_loop(manager: Any) -> None:
    """From now on tie each kernel of ``manager`` to the loop of this thread, before it starts."""
    make = getattr(manager, "pre_start_kernel", None)
    if make is None:
        return  # a gateway's kernels run elsewhere
    loop = IOLoop.current()

    def pre_start_kernel(name: str | None, kwargs: dict[str, Any]) -> Any:
        made = make(name, kwargs)
        kernel = made[0]
        if kernel.has_trait("loop"):
            kernel.loop = loop
            watch = kernel.start_restarter
            # A kernel that has ended meanwhile is not watched: Jupyter's own method sees to that.
            kernel.start_restarter = lambda: loop.add_callback(watch)
        return made

    manager.pre_start_kernel = pre_start_kernel
