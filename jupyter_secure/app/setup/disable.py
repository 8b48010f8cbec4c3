"""Take the settings of a set-up out again. The state, and with it every key, stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.app.setup import settings_record, state_folder
from jupyter_secure.errors import NotSetUp
from jupyter_secure.store import places


@dataclass(frozen=True)
class Disabled:
    """What was done: the files put back, and our settings left because someone changed them."""

    restored: tuple[Path, ...]
    left: tuple[str, ...]


def affected_files() -> tuple[Path, ...]:
    """Return the settings files that `disable` would put back; NotSetUp when there are none."""
    return tuple(change.path for change in _record().changes)


def disable() -> Disabled:
    """Put the settings back exactly as they were before the set-up.

    A file that was edited since keeps that edit and loses only our settings; a setting of ours
    that was itself changed stays and is reported. Raises NotSetUp, StateUnusable or StorageFailed.
    """
    record = _record()
    left = settings_record.take_back(places.state_dir(), record)
    return Disabled(tuple(change.path for change in record.changes), left)


def _record() -> settings_record.Record:
    state = places.state_dir()
    if not state_folder.is_set_up(state):
        raise NotSetUp(
            f"There is nothing to take back: {state} holds no set-up.",
            remedy="See `jupyter secure status`.",
        )
    record = settings_record.load(state)
    if record is None or not record.in_effect:
        raise NotSetUp(
            "The settings have been taken out already.",
            remedy="`jupyter secure init` puts them back in effect.",
        )
    return record
