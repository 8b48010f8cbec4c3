"""The record in forms that other programs read: OCSF, CSV and CEF."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone

from jupyter_secure.audit.actions import ACTIONS, CLASS_NAMES, OTHER
from jupyter_secure.audit.events import Event, Outcome, Recorded

#: The version of OCSF whose classes and numbers are used.
OCSF_VERSION = "1.6.0"
#: What ``one_line`` knows.
FORMATS = ("ocsf", "csv", "cef")

_COLUMNS = (
    "seq", "time", "action", "outcome", "reason", "username", "session", "token", "kernel",
    "address", "path", "to", "file_id", "target", "correlation", "details",
)  # fmt: skip
# A cell that begins with one of these is a formula to a spreadsheet (OWASP, "CSV Injection").
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_SEVERITY = {Outcome.SUCCESS: 1, Outcome.STARTED: 1, Outcome.FAILURE: 2, Outcome.REFUSED: 3}
_SEVERITY_NAMES = {1: "Informational", 2: "Low", 3: "Medium"}
_STATUS = {Outcome.SUCCESS: (1, "Success"), Outcome.STARTED: (99, "Started")}


def heading(form: str) -> str:
    """Return the line that comes first, empty for none."""
    return ",".join(_COLUMNS) if form == "csv" else ""


def one_line(form: str, one: Recorded, version: str) -> str:
    """Return one event in a form of ``FORMATS``; ``version`` is ours."""
    if form == "csv":
        return _csv(one)
    if form == "cef":
        return _cef(one, version)
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


def ocsf(one: Recorded, version: str) -> dict[str, object]:
    """Return one event as an object of its OCSF class (https://schema.ocsf.io/1.6.0)."""
    event, action = one.event, ACTIONS[one.event.action]
    status, status_name = _STATUS.get(event.outcome, (2, "Failure"))
    severity = _SEVERITY[event.outcome]
    category = action.ocsf // 1000
    object_: dict[str, object] = {
        "category_uid": category,
        "class_uid": int(action.ocsf),
        "class_name": CLASS_NAMES[action.ocsf],
        "activity_id": action.activity,
        "type_uid": action.type_uid,
        "time": one.time,
        "severity_id": severity,
        "severity": _SEVERITY_NAMES[severity],
        "status_id": status,
        "status": status_name,
        "metadata": {
            "version": OCSF_VERSION,
            "product": {
                "name": "jupyter-secure",
                "vendor_name": "jupyter-secure",
                "version": version,
            },
            "event_code": action.name,
            "sequence": one.seq,
            "profiles": ["security_control"],
        },
        "message": action.said,
        "actor": _ocsf_actor(event),
    }
    if action.activity == OTHER:
        object_["activity_name"] = action.said
    if event.correlation:
        object_["metadata"]["correlation_uid"] = event.correlation  # type: ignore[index]  # just made
    refused = event.outcome is Outcome.REFUSED
    object_ |= {"action_id": 2 if refused else 1, "disposition_id": 2 if refused else 1}
    if event.reason:
        object_["status_detail"] = event.reason
    if event.address:
        object_["src_endpoint"] = {"ip": event.address}
    if event.path or event.file_id:
        object_["file"] = _ocsf_file(event.path, event.file_id)
    if event.to:
        object_["file_result"] = _ocsf_file(event.to, "")
    if event.target:
        object_["user"] = {"name": event.target}
    if event.details:
        object_["unmapped"] = dict(event.details)
    return object_


def _ocsf_actor(event: Event) -> dict[str, object]:
    who = event.who
    actor: dict[str, object] = {}
    if who.username:
        actor["user"] = {"name": who.username}
    if who.token:
        actor["user"] = {**actor.get("user", {}), "credential_uid": who.token}  # type: ignore[dict-item]  # a dict
    if who.session:
        actor["session"] = {"uid": who.session}
    if who.kernel:
        actor["process"] = {"uid": who.kernel}
    return actor


def _ocsf_file(path: str, file_id: str) -> dict[str, object]:
    name = path.rstrip("/").rpartition("/")[2]
    file: dict[str, object] = {"name": name, "path": path, "type_id": 1}
    if file_id:
        file["uid"] = file_id
    return file


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
    event, action = one.event, ACTIONS[one.event.action]
    severity = {1: 1, 2: 4, 3: 6}[_SEVERITY[event.outcome]]
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
