"""Recording each cell that is run, before its code reaches the kernel (``audit_execution``).

Who ran something, when, in which kernel and notebook; of the code nothing, not even a digest: what
is short could be guessed from it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
)

from jupyter_secure.audit.events import Event
from jupyter_secure.errors import RecordUnwritable
from jupyter_secure.server.admission import who_of
from jupyter_secure.server.runtime import Runtime

_V1 = "v1.kernel.websocket.jupyter.org"
# RFC 6455, 7.4.1: the server met what keeps it from going on.
_CLOSE_CODE = 1011
_MOST_ID = 64


def record_execution(runtime: Runtime) -> None:
    """From now on let every kernel's websocket record what is run through it.

    Whichever class the administrator chose for it stays in use, below ours.
    """
    settings = runtime.app.web_app.settings
    chosen = settings["kernel_websocket_connection_class"]

    class Recorded(chosen):  # type: ignore[misc,valid-type]  # known only now
        def handle_incoming_message(self, incoming_msg: Any) -> None:
            queue = getattr(self, "_jupyter_secure_queue", None)
            if queue is None:
                queue = self._jupyter_secure_queue = _Queue(runtime, self)
            queue.take(incoming_msg, super().handle_incoming_message)

    settings["kernel_websocket_connection_class"] = Recorded


class _Queue:
    """The messages of one websocket, in their order: those that run code wait for their event."""

    def __init__(self, runtime: Runtime, connection: Any) -> None:
        self._runtime, self._connection = runtime, connection
        self._waiting: list[tuple[Any, str | None, Callable[[Any], None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._path: str | None = None

    def take(self, message: Any, forward: Callable[[Any], None]) -> None:
        """Forward ``message``, at once or when what it runs is on record."""
        ran = run_by(message, self._connection.subprotocol)
        if ran is None and self._task is None:
            forward(message)
            return
        self._waiting.append((message, ran, forward))
        if self._task is None:
            self._task = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                message, ran, forward = self._waiting.pop(0)
                if ran is not None:
                    await self._runtime.state.recorder.write(await self._event(ran))
                forward(message)
        except RecordUnwritable as error:
            # Not run: neither this one nor what came after it.
            self._waiting.clear()
            self._runtime.log.error("A cell was not run: %s", error)
            self._connection.websocket_handler.close(_CLOSE_CODE, "The record cannot be written.")
        finally:
            self._task = None

    async def _event(self, message_id: str) -> Event:
        handler = self._connection.websocket_handler
        if self._path is None:
            self._path = await self._notebook(handler)
        return Event(
            "kernel:execute",
            who=who_of(handler.request),
            address=str(handler.request.remote_ip),
            path=self._path,
            target=handler.kernel_id,
            details={"message": message_id},
        )

    @staticmethod
    async def _notebook(handler: Any) -> str:
        """Return the notebook of the kernel, or nothing for a kernel without one."""
        for session in await handler.settings["session_manager"].list_sessions():
            if session["kernel"]["id"] == handler.kernel_id:
                return str(session["path"])
        return ""


def run_by(message: Any, subprotocol: str | None) -> str | None:
    """Return the id of a message that runs code, ``None`` for any other; on whichever channel."""
    try:
        if subprotocol == _V1:
            _, parts = deserialize_msg_from_ws_v1(message)
            header = json.loads(parts[0])
        elif isinstance(message, bytes):
            header = deserialize_binary_message(message)["header"]
        else:
            header = json.loads(message)["header"]
        if header["msg_type"] != "execute_request":
            return None
        return str(header.get("msg_id", ""))[:_MOST_ID]
    except Exception:  # noqa: BLE001  # whatever it is, it is for Jupyter to refuse
        return None
