"""Which settings a set-up has changed: `settings-before.json` in the state directory.

It holds what was in each file before, so that `disable` can put exactly that back, and what was
written, so that a later `init` can put the protection back in effect.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_secure.app.setup import settings_file
from jupyter_secure.app.setup.settings_file import Change
from jupyter_secure.errors import StateUnusable
from jupyter_secure.store import places
from jupyter_secure.store.atomic import write_atomically

RECORD = "settings-before.json"
SERVER_SETTINGS = "jupyter_server_config.json"
_VERSION = 1


@dataclass(frozen=True)
class Record:
    """The edits of a set-up; ``in_effect`` is False once `disable` has taken them back."""

    changes: tuple[Change, ...]
    in_effect: bool


def server_settings() -> Path:
    """Return the settings file that every server of this account reads."""
    return places.config_dir() / SERVER_SETTINGS


def load(state: Path) -> Record | None:
    """Return the record, None when there is none; StateUnusable when it cannot be read."""
    path = state / RECORD
    try:
        value = json.loads(path.read_bytes())
        if value["version"] != _VERSION:
            raise ValueError("another version")
        return Record(
            tuple(Change.from_json(change) for change in value["changes"]),
            bool(value["in_effect"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StateUnusable(
            f"{path} cannot be understood.",
            why="It holds the settings from before jupyter-secure was set up.",
            remedy="Restore it from a backup, or take our settings out by hand and delete it.",
        ) from None


def save(state: Path, record: Record) -> None:
    """Write the record; it may hold a token or a password's hash, so it is for its owner only."""
    value = {
        "version": _VERSION,
        "in_effect": record.in_effect,
        "changes": [change.to_json() for change in record.changes],
    }
    write_atomically(state / RECORD, (json.dumps(value, indent=1) + "\n").encode(), mode=0o600)


def apply(changes: Iterable[Change]) -> None:
    """Make the edits, which were recorded before; when one fails, take back the others and raise.

    Recorded first, because an edit that was not made is easily taken back, and one that nobody
    remembers is not.
    """
    made: list[Change] = []
    try:
        for change in changes:
            settings_file.write(change)
            made.append(change)
    except BaseException:
        for change in reversed(made):
            settings_file.restore(change)
        raise


def take_back(state: Path, record: Record) -> tuple[str, ...]:
    """Restore every file; return the settings that someone changed since, which were left."""
    left: list[str] = []
    for change in reversed(record.changes):
        left += settings_file.restore(change)
    save(state, Record(record.changes, in_effect=False))
    return tuple(left)


def in_effect_for(state: Path, folders: Iterable[str | Path]) -> Path | None:
    """Return the server settings that a set-up in effect wrote into one of ``folders``, or None.

    A server that reads that folder and runs without our classes has lost them by an accident: the
    file is damaged (Jupyter goes on without it), or something overrides it. Raises StateUnusable.
    """
    record = load(state)
    if record is None or not record.in_effect:
        return None
    read = {Path(folder) / SERVER_SETTINGS for folder in folders}
    return next((change.path for change in record.changes if change.path in read), None)


def replaced(changes: Iterable[Change]) -> dict[str, Any]:
    """Return the settings that had another value before, as ``Class.trait`` → that value."""
    found: dict[str, Any] = {}
    for change in changes:
        before = json.loads(change.before) if change.before is not None else {}
        for name, traits in change.written.items():
            for trait, value in traits.items():
                old = before.get(name, {}).get(trait, value)
                if old != value:
                    found[f"{name}.{trait}"] = old
    return found
