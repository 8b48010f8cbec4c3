"""The record of a running server: its first and last event, and what goes on in between."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import jupyter_secure
from jupyter_secure.app.audit.keeper import Keeper
from jupyter_secure.app.audit.read import newest_first, oldest_first
from jupyter_secure.app.audit.send import shown_place
from jupyter_secure.audit.events import Event, Recorded
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.audit.recorder import Recorder
from jupyter_secure.server.config import SecureConfig
from jupyter_secure.store import audit_reading
from jupyter_secure.store.audit_index import RecordIndex


class Record:
    """What a running server has of its record, besides writing to it."""

    def __init__(self, folder: Path, recorder: Recorder, config: SecureConfig, log: Any) -> None:
        """Prepare; ``begin`` starts what goes on in the background."""
        self.index = RecordIndex(folder)
        self._folder, self._has_key = folder, False
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

    @property
    def keeper(self) -> Keeper:
        """What looks after it, and knows how it was found."""
        return self._keeper

    def page(self, wanted: Wanted, limit: int) -> list[Recorded]:
        """Return the newest ``limit`` events that are wanted, also while the index is being made.

        Raises what ``RecordIndex.page`` does.
        """
        found = self.index.page(wanted, limit)
        if found is None:
            found = list(islice(newest_first(self._folder, wanted), limit))
        return found

    def oldest_first(self, wanted: Wanted) -> Iterator[Recorded]:
        """Give the events that are wanted, the oldest first; raises as ``newest_first``."""
        return oldest_first(self._folder, wanted)

    def has_key(self) -> bool:
        """Say whether the owner was given a verification key, as far as the record tells."""
        self._has_key = self._has_key or audit_reading.has_key(self._folder)
        return self._has_key

    def end(self) -> None:
        """Record that it stops, and send the last checkpoint."""
        if self._begun:
            self._begun = False
            self._recorder.note(Event("server:stop"))
            self._recorder.close()
            self._keeper.close()
