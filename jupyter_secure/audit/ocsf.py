"""Events as objects of OCSF (https://schema.ocsf.io/1.6.0), with what their classes require."""

from __future__ import annotations

from jupyter_secure.audit.actions import CLASS_NAMES, OTHER, Action, Ocsf, action_of
from jupyter_secure.audit.events import Event, Outcome, Recorded

#: The version of OCSF whose classes and numbers are used.
OCSF_VERSION = "1.6.0"
#: OCSF's severity of an outcome.
SEVERITY = {Outcome.SUCCESS: 1, Outcome.STARTED: 1, Outcome.FAILURE: 2, Outcome.REFUSED: 3}
_NAMES = {1: "Informational", 2: "Low", 3: "Medium"}
_STATUS = {Outcome.SUCCESS: (1, "Success"), Outcome.STARTED: (99, "Started")}


def ocsf(one: Recorded, version: str) -> dict[str, object]:
    """Return one event as an object of its OCSF class (https://schema.ocsf.io/1.6.0)."""
    event, action = one.event, action_of(one.event.action)
    status, status_name = _STATUS.get(event.outcome, (2, "Failure"))
    severity = SEVERITY[event.outcome]
    category = action.ocsf // 1000
    object_: dict[str, object] = {
        "category_uid": category,
        "class_uid": int(action.ocsf),
        "class_name": CLASS_NAMES[action.ocsf],
        "activity_id": action.activity,
        "type_uid": action.type_uid,
        "time": one.time,
        "severity_id": severity,
        "severity": _NAMES[severity],
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
    object_ |= _required(event, action)
    if event.details:
        object_["unmapped"] = dict(event.details)
    return object_


def _required(event: Event, action: Action) -> dict[str, object]:
    """Return what the class requires and an event of ours says in another place."""
    about = event.target or event.path or action.name.partition(":")[0]
    user = event.target or event.who.username or "unknown"
    required: dict[Ocsf, dict[str, object]] = {
        Ocsf.FILE: {"file": _ocsf_file(event.path or about, event.file_id)},
        Ocsf.PROCESS: {"process": {"uid": event.target or event.who.kernel or "unknown"}},
        Ocsf.FINDING: {"finding_info": {"uid": event.path or about, "title": action.said}},
        Ocsf.ACCOUNT: {"user": {"name": user}},
        Ocsf.AUTHENTICATION: {"user": {"name": event.who.username or user}},
        Ocsf.ENTITY: {"entity": {"name": about, "type": action.name.partition(":")[0]}},
        Ocsf.USER_ACCESS: {"user": {"name": user}, "privileges": [about]},
        Ocsf.APPLICATION: {"app": {"name": "jupyter-secure"}},
        Ocsf.API: {
            "api": {"operation": event.target or action.name},
            "src_endpoint": {"ip": event.address} if event.address else {"name": "local"},
        },
    }
    return required[action.ocsf]


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
