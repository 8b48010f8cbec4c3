"""The port to the record: what everything else calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from jupyter_secure.audit.events import Event


class Recorder(Protocol):
    """Takes events; a change is recorded before it is answered, and refused if it cannot be."""

    #: Told of each event that is in the record. It must not wait, and may not fail.
    on_recorded: Callable[[Event], None]

    def record(self, event: Event) -> None:
        """Return when ``event`` is on the disk. Raises ``RecordUnwritable``; then it is not."""

    async def write(self, event: Event) -> None:
        """As ``record``, for the event loop, which goes on meanwhile."""

    async def put(self, event: Event) -> None:
        """As ``write``, once the system has it; the disk follows at once and is not waited for.

        A kill does not undo it, a power cut may. It is on the disk when the next ``put`` returns,
        so the start of a change is there before the change is answered.
        """

    def note(self, event: Event) -> None:
        """Record what happened by itself, and wait for nothing; a failure is logged."""

    def close(self) -> None:
        """Write what waits, and let go of the files. Recording afterwards opens them again."""


class NoRecorder:
    """Records nothing: for what works on files alone, without a state."""

    def __init__(self) -> None:
        self.on_recorded: Callable[[Event], None] = lambda _: None

    def record(self, event: Event) -> None:
        """Do nothing."""

    async def write(self, event: Event) -> None:
        """Do nothing."""

    async def put(self, event: Event) -> None:
        """Do nothing."""

    def note(self, event: Event) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
