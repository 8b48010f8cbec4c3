"""Kernels and terminals that start, die and go away without a request that says so.

Jupyter tells of a kernel that died; that one was culled, or a terminal's shell left, shows only in
its lists. What was asked for is on record with the request already.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from tornado.ioloop import PeriodicCallback

from jupyter_secure.audit.events import Event, Outcome, Who
from jupyter_secure.audit.recorder import Recorder

_EVERY_MS = 1000


class Processes:
    """Watches the kernels and terminals of one server. Lives on the event loop."""

    def __init__(self, app: Any, recorder: Recorder) -> None:
        """Prepare; ``start`` begins."""
        self._app, self._recorder = app, recorder
        self._kernels: set[str] = set()
        self._terminals: set[str] = set()
        self._looking: PeriodicCallback | None = None

    def start(self) -> None:
        """Look from now on, every second."""
        self._looking = PeriodicCallback(self.look, _EVERY_MS)
        self._looking.start()

    def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.stop()

    def look(self) -> None:
        """Record what has changed since the last look."""
        manager = self._app.kernel_manager
        kernels = set(manager.list_kernel_ids())
        for kernel_id in kernels - self._kernels:
            for event in ("restart", "dead"):
                told = partial(self._died, kernel_id, event)
                manager.add_restart_callback(kernel_id, told, event)
        self._ended("kernel:stop", self._kernels - kernels)
        self._kernels = kernels
        there = self._app.web_app.settings.get("terminal_manager")
        terminals = set(getattr(there, "terminals", ()))
        self._ended("terminal:stop", self._terminals - terminals)
        self._terminals = terminals

    def _ended(self, action: str, gone: Iterable[str]) -> None:
        for one in sorted(gone):
            self._recorder.note(Event(action, target=one, reason="has-ended"))

    def _died(self, kernel_id: str, what: str) -> None:
        """Record a kernel that died: Jupyter starts it again, or gives up on it."""
        action = "kernel:restart" if what == "restart" else "kernel:stop"
        self._recorder.note(
            Event(action, Outcome.FAILURE, Who(kernel=kernel_id), target=kernel_id, reason="died")
        )
