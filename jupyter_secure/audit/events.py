"""Events: what happened, who did it, to what, and how it came out. Never a secret, never content.

The stored form has OCSF's names and shape; ``docs/reference/audit.md`` describes every field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from jupyter_secure.audit.actions import ACTIONS, Action
from jupyter_secure.audit.line import MAX_LINE_BYTES

#: The version of what stands in a line. A reader knows a line's by its segment's first event.
SCHEMA_VERSION = 1

# A path may have 4 kB on Linux, of which each byte may become `\u00ff`; other texts are ours.
_MAX_PATH = 8192
_MAX_TEXT = 1024
_ROOM = MAX_LINE_BYTES - 1024


class Outcome(str, Enum):
    """How it came out.

    STARTED is written before a change, so that one that was cut off is on record; what came of it
    follows under the same ``correlation``.
    """

    SUCCESS = "success"
    FAILURE = "failure"
    REFUSED = "refused"
    STARTED = "started"


# OCSF: status_id 1 success, 2 failure, 99 other; disposition_id 2 blocked.
_STATUS = {Outcome.SUCCESS: 1, Outcome.FAILURE: 2, Outcome.REFUSED: 2, Outcome.STARTED: 99}
_BLOCKED = 2


@dataclass(frozen=True, slots=True)
class Who:
    """The actor: an account, and what it acted through; or nobody, for someone not logged in.

    ``session``, ``token`` and ``kernel`` are public ids, by which nobody can log in.
    """

    username: str = ""
    session: str = ""
    token: str = ""
    kernel: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``path`` is as in the API, ``to`` where it went (copy, rename).

    ``reason`` is a short stable word (as ``SecureError.reason``); ``details`` are facts for this
    kind of event (numbers, names of settings). ``correlation`` joins a start with its outcome.
    """

    action: str
    outcome: Outcome = Outcome.SUCCESS
    who: Who = field(default_factory=Who)
    address: str = ""
    path: str = ""
    file_id: str = ""
    to: str = ""
    reason: str = ""
    target: str = ""
    correlation: str = ""
    details: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in the record: its number and its time, in ms since 1970, UTC."""

    seq: int
    time: int
    event: Event


def encode(event: Event) -> bytes:
    """Return what a line says of ``event``: the inside of a JSON object, ASCII.

    Raises ``ValueError`` for an action that is not in the catalogue: a slip in our code.
    """
    action = ACTIONS.get(event.action)
    if action is None:
        raise ValueError(f"{event.action!r} is not in the catalogue of actions.")
    said = _object(event, action)
    encoded = json.dumps(said, separators=(",", ":"))[1:-1].encode()
    if len(encoded) <= _ROOM:
        return encoded
    # Never refused for its size, or a long name would go unrecorded: the details go instead.
    said["unmapped"] = {"left_out": "too long"}
    for name in ("file", "file_result"):
        if name in said:
            said[name] = {"path": (event.to if name == "file_result" else event.path)[:1024]}
    return json.dumps(said, separators=(",", ":"))[1:-1].encode()


def _object(event: Event, action: Action) -> dict[str, object]:
    said: dict[str, object] = {
        "type_uid": action.type_uid,
        "metadata": {"event_code": action.name},
        "status_id": _STATUS[event.outcome],
    }
    if event.correlation:
        said["metadata"] = {"event_code": action.name, "correlation_uid": event.correlation}
    if event.outcome is Outcome.REFUSED:
        said["disposition_id"] = _BLOCKED
    if event.reason:
        said["status_detail"] = _cut(event.reason)
    if event.address:
        said["src_endpoint"] = {"ip": _cut(event.address)}
    if event.target:
        said["user"] = {"name": _cut(event.target)}
    others = {
        "actor": _actor(event.who),
        "file": _named(event.path, event.file_id),
        "file_result": _named(event.to, ""),
        "unmapped": _facts(event.details),
    }
    said.update((name, value) for name, value in others.items() if value)
    return said


def decode(line: bytes) -> Recorded:
    """Return the event of a line. Raises ``ValueError`` for what is none of ours."""
    said = json.loads(line)
    try:
        outcome = outcome_of(said)
        actor, metadata = said.get("actor", {}), said["metadata"]
        file = said.get("file", {})
        event = Event(
            action=metadata["event_code"],
            outcome=outcome,
            who=Who(
                username=actor.get("user", {}).get("name", ""),
                session=actor.get("session", {}).get("uid", ""),
                token=actor.get("user", {}).get("credential_uid", ""),
                kernel=actor.get("process", {}).get("uid", ""),
            ),
            address=said.get("src_endpoint", {}).get("ip", ""),
            path=file.get("path", ""),
            file_id=file.get("uid", ""),
            to=said.get("file_result", {}).get("path", ""),
            reason=said.get("status_detail", ""),
            target=said.get("user", {}).get("name", ""),
            correlation=metadata.get("correlation_uid", ""),
            details=said.get("unmapped", {}),
        )
        return Recorded(seq=said["seq"], time=said["time"], event=event)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("not a line of the record") from error


def outcome_of(said: Mapping[str, object]) -> Outcome:
    """Return the outcome in a line. Raises ``ValueError`` for one that is none of ours."""
    if said.get("disposition_id") == _BLOCKED:
        return Outcome.REFUSED
    for outcome, number in _STATUS.items():
        if number == said["status_id"]:
            return outcome
    raise ValueError("an unknown outcome")


def _actor(who: Who) -> dict[str, object]:
    actor: dict[str, object] = {}
    if who.username or who.token:
        user = {"name": _cut(who.username)} if who.username else {}
        if who.token:
            user["credential_uid"] = _cut(who.token)
        actor["user"] = user
    if who.session:
        actor["session"] = {"uid": _cut(who.session)}
    if who.kernel:
        actor["process"] = {"uid": _cut(who.kernel)}
    return actor


def _named(path: str, file_id: str) -> dict[str, str]:
    file = {"path": path[:_MAX_PATH]} if path else {}
    if file_id:
        file["uid"] = _cut(file_id)
    return file


def _facts(details: Mapping[str, str | int | bool]) -> dict[str, str | int | bool]:
    return {
        name: _cut(value) if isinstance(value, str) else value for name, value in details.items()
    }


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
