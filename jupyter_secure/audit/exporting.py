"""The record in forms that other programs read: OCSF, CSV, CEF and OpenTelemetry's."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone

from jupyter_secure.audit.actions import action_of
from jupyter_secure.audit.events import Recorded
from jupyter_secure.audit.ocsf import SEVERITY, ocsf
from jupyter_secure.audit.otel import otel

#: What ``one_line`` knows.
FORMATS = ("ocsf", "csv", "cef", "otel")

_COLUMNS = (
    "seq", "time", "action", "outcome", "reason", "username", "session", "token", "kernel",
    "address", "path", "to", "file_id", "target", "correlation", "details",
)  # fmt: skip
# A cell that begins with one of these is a formula to a spreadsheet (OWASP, "CSV Injection").
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def heading(form: str) -> str:
    """Return the line that comes first, empty for none."""
    return ",".join(_COLUMNS) if form == "csv" else ""


def one_line(form: str, one: Recorded, version: str) -> str:
    """Return one event in a form of ``FORMATS``; ``version`` is ours."""
    if form == "csv":
        return _csv(one)
    if form == "cef":
        return _cef(one, version)
    if form == "otel":
        return json.dumps(otel(one, version))
    return json.dumps(ocsf(one, version))


def plain(one: Recorded) -> dict[str, object]:
    """Return one event under our own names: the API's form."""
    event = one.event
    return {
        "seq": one.seq,
        "time": utc(one.time),
        "action": event.action,
        "outcome": event.outcome.value,
        "reason": event.reason,
        "username": event.who.username,
        "session": event.who.session,
        "token": event.who.token,
        "kernel": event.who.kernel,
        "address": event.address,
        "path": event.path,
        "to": event.to,
        "file_id": event.file_id,
        "target": event.target,
        "correlation": event.correlation,
        "details": dict(event.details),
    }


def utc(milliseconds: int) -> str:
    """Return a time as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds")


def _csv(one: Recorded) -> str:
    said = plain(one)
    said["details"] = json.dumps(said["details"]) if said["details"] else ""
    out = io.StringIO()
    cells = (str(said[column]) for column in _COLUMNS)
    csv.writer(out, lineterminator="").writerow(
        f"'{cell}" if cell.startswith(_FORMULAS) else cell for cell in cells
    )
    # No name of a file may begin a line, though CSV would allow it in quotes.
    return (
        out.getvalue()
        .replace("\r", "\\r")
        .replace("\n", "\\n")
        .encode("utf-8", "backslashreplace")
        .decode()
    )


def _cef(one: Recorded, version: str) -> str:
    """Return ArcSight's Common Event Format, version 0."""
    event, action = one.event, action_of(one.event.action)
    severity = {1: 1, 2: 4, 3: 6}[SEVERITY[event.outcome]]
    head = "|".join(
        _escaped(part, "\\|")
        for part in ("jupyter-secure", "jupyter-secure", version, action.name, action.said)
    )
    pairs = {
        "rt": one.time,
        "externalId": one.seq,
        "outcome": event.outcome.value,
        "reason": event.reason,
        "suser": event.who.username,
        "src": event.address,
        "filePath": event.path,
        "fileId": event.file_id,
        "duser": event.target,
        "cs1Label": "session" if event.who.session else "",
        "cs1": event.who.session,
        "cs2Label": "token" if event.who.token else "",
        "cs2": event.who.token,
        "cs3Label": "kernel" if event.who.kernel else "",
        "cs3": event.who.kernel,
        "cs4Label": "to" if event.to else "",
        "cs4": event.to,
        "msg": json.dumps(dict(event.details)) if event.details else "",
    }
    extension = " ".join(f"{k}={_escaped(str(v), chr(92) + '=')}" for k, v in pairs.items() if v)
    return f"CEF:0|{head}|{severity}|{extension}"


def _escaped(text: str, special: str) -> str:
    for sign in special:
        text = text.replace(sign, f"\\{sign}")
    text = text.replace("\r", "\\r").replace("\n", "\\n")
    return text.encode("utf-8", "backslashreplace").decode()
