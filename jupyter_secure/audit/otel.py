"""Events as OpenTelemetry's log records, in OTLP's JSON: what its collector reads from a file.

One ``LogsData`` object in a line (OpenTelemetry Protocol File Exporter; OTLP 1.3, JSON Protobuf
encoding: 64-bit numbers are texts). No library of theirs is needed to write it.
"""

from __future__ import annotations

from jupyter_secure.audit.actions import action_of
from jupyter_secure.audit.events import Outcome, Recorded

# SeverityNumber: INFO, WARN.
_SEVERITY = {Outcome.FAILURE: (13, "WARN"), Outcome.REFUSED: (13, "WARN")}
_INFO = (9, "INFO")


def otel(one: Recorded, version: str) -> dict[str, object]:
    """Return one event; ``version`` is ours."""
    event, who = one.event, one.event.who
    number, name = _SEVERITY.get(event.outcome, _INFO)
    said = {
        "event.name": event.action,
        "event.outcome": event.outcome.value,
        "event.sequence": one.seq,
        "error.type": event.reason,
        "user.name": who.username,
        "session.id": who.session,
        "jupyter_secure.token": who.token,
        "jupyter_secure.kernel": who.kernel,
        "client.address": event.address,
        "file.path": event.path,
        "jupyter_secure.file_id": event.file_id,
        "jupyter_secure.to": event.to,
        "jupyter_secure.target": event.target,
        "jupyter_secure.correlation": event.correlation,
        **{f"jupyter_secure.details.{key}": value for key, value in event.details.items()},
    }
    record = {
        "timeUnixNano": str(one.time * 10**6),
        "severityNumber": number,
        "severityText": name,
        "body": {"stringValue": action_of(event.action).said},
        "attributes": [_pair(key, value) for key, value in said.items() if value != ""],
    }
    scope = {"scope": {"name": "jupyter-secure", "version": version}, "logRecords": [record]}
    resource = {"attributes": [_pair("service.name", "jupyter-secure")]}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}


def _pair(key: str, value: str | int | bool) -> dict[str, object]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"stringValue": value}}
