"""What is opened for Git is on record: once for each file, and then once in a while.

``git log -p`` opens every version of every file, and ``git diff`` the same ones again and again. So
the first opening of a file is an event, as is the first that a lock refuses; those in the ten
minutes after it are counted, and told (``others_before``) with the next event of that file.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.audit.events import Event, Outcome, Who
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
from jupyter_secure.store.audit_recorder import GroupRecorder
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.places import system_account

_SECONDS = 600.0


@dataclass
class _Told:
    """When an event told of a file, and how many openings there were since."""

    at: float
    others: int = 0


class Openings:
    """Records them; for one thread at a time."""

    def __init__(self, state: Path, database: Database | None) -> None:
        """``database`` has the catalogue, which knows where a file lies."""
        self._recorder = GroupRecorder(state / AUDIT_DIRECTORY)
        self._catalogue = DatabaseCatalogue(database) if database is not None else None
        self._who = Who(f"cli:{system_account()}")
        self._told: dict[tuple[bytes, str], _Told] = {}

    def record(self, file_id: bytes, refused: str = "") -> None:
        """Record that a file was opened, or why not: before that is answered.

        Raises ``RecordUnwritable``; then it is not to be given away.
        """
        now = time.monotonic()
        told = self._told.get((file_id, refused))
        if told is not None and now - told.at < _SECONDS:
            told.others += 1
            return
        details: dict[str, str | int | bool] = {"by": "git"}
        if told is not None and told.others:
            details["others_before"] = told.others
        self._recorder.record(
            Event(
                "file:open",
                Outcome.REFUSED if refused else Outcome.SUCCESS,
                self._who,
                path=self._path(file_id),
                file_id=file_id.hex(),
                reason=refused,
                details=details,
            )
        )
        self._told[file_id, refused] = _Told(now)

    def close(self) -> None:
        """Tell nothing more."""
        self._recorder.close()

    def _path(self, file_id: bytes) -> str:
        """Return where it lies on this machine; nobody here knows which folder a server serves."""
        rows = self._catalogue.by_file_id(file_id) if self._catalogue is not None else []
        return os.fsdecode(rows[0].entry.path) if len(rows) == 1 else ""
