"""The record of a running server: its first and last event, and what goes on in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jupyter_secure
from jupyter_secure.app.audit.keeper import Keeper
from jupyter_secure.app.audit.send import shown_place
from jupyter_secure.audit.events import Event
from jupyter_secure.audit.recorder import Recorder
from jupyter_secure.server.config import SecureConfig
from jupyter_secure.store.audit_index import RecordIndex


class Record:
    """What a running server has of its record, besides writing to it."""

    def __init__(self, folder: Path, recorder: Recorder, config: SecureConfig, log: Any) -> None:
        """Prepare; ``begin`` starts what goes on in the background."""
        self.index = RecordIndex(folder)
        self._recorder, self._config = recorder, config
        self._keeper = Keeper(
            folder,
            recorder,
            self.index,
            places=tuple(config.audit_checkpoints_to),
            every_minutes=config.audit_checkpoint_minutes,
            keep_days=config.audit_keep_days,
            warn=lambda said: log.warning("The record: %s", said),
        )
        self._begun = False

    def begin(self) -> None:
        """Record that the server starts, with the settings in effect.

        Raises ``RecordUnwritable``: then it does not start.
        """
        details: dict[str, str | int | bool] = {"version": jupyter_secure.__version__}
        for name in sorted(self._config.trait_names(config=True)):
            value = getattr(self._config, name)
            if name == "audit_checkpoints_to":  # an address may hold a password
                value = [shown_place(place) for place in value]
            details[name] = value if isinstance(value, (bool, int)) else str(value)
        self._recorder.record(Event("server:start", details=details))
        self._begun = True
        self._keeper.start()

    def end(self) -> None:
        """Record that it stops, and send the last checkpoint."""
        if self._begun:
            self._begun = False
            self._recorder.note(Event("server:stop"))
            self._recorder.close()
            self._keeper.close()
