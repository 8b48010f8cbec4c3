"""The panel's row for the record: how it was found when it was looked at last."""

from __future__ import annotations

from datetime import datetime, timezone

from jupyter_secure.server.protection import Protection
from jupyter_secure.server.record import Record

_NAME, _LABEL = "record", "Record"


def record_row(record: Record) -> Protection:
    """Return the row. Links are checked all the time; macs by whoever has the key, elsewhere."""
    checked, problem = record.keeper.tail.found, record.keeper.problem
    if checked.wrong:
        return Protection(
            _NAME,
            _LABEL,
            "bad",
            "does not verify",
            "The record was changed",
            "Find out what: `jupyter secure audit verify --key-stdin`, with the key you keep.",
        )
    summary = f"verified {_time(checked.at)}" if checked.at else "not verified yet"
    if problem:
        return Protection(_NAME, _LABEL, "warn", summary, "No checkpoint could be sent", problem)
    if not record.has_key():
        return Protection(
            _NAME,
            _LABEL,
            "warn",
            summary,
            "The record has no verification key",
            "Run `jupyter secure audit setup-key`, and keep what it prints off this machine.",
        )
    return Protection(_NAME, _LABEL, "ok", summary)


def _time(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc).astimezone()
    return moment.strftime("%H:%M")
