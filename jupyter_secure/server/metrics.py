"""Counters for ``/metrics`` (Prometheus), made from what is recorded, and of versions.

Jupyter's own handler serves them, to who is logged in or has an access token that may read.
"""

from __future__ import annotations

from prometheus_client import Counter

from jupyter_secure.audit.events import Event, Outcome

_EVENTS = Counter("jupyter_secure_events", "Events written to the record", ["action", "outcome"])
_LOGINS = Counter("jupyter_secure_logins", "Logins, by how they came out", ["outcome"])
_REFUSALS = Counter("jupyter_secure_refusals", "What was refused, by the reason", ["reason"])
_LOCKS = Counter("jupyter_secure_locks", "Locks put on, opened and taken off", ["action"])
_INTEGRITY = Counter(
    "jupyter_secure_integrity_failures",
    "Files that are damaged or not as they were left, and a record that does not verify",
    ["reason"],
)
_NOT_KEPT = Counter("jupyter_secure_versions_not_kept", "Saves of which no version could be kept")
#: The reasons that say that something was changed by others or damaged.
_CHANGED = frozenset(
    {"corrupt", "not-as-left", "rolled-back", "swapped", "unsealed", "record-changed"}
)
_MOST_REASONS = 100
_reasons: set[str] = set()
_OF_LOCKS = frozenset({"file:lock", "file:unlock", "file:open-lock"})
_LOGIN_ENDS = frozenset({"session:begin", "login:limit"})


def count(event: Event) -> None:
    """Count one event."""
    if event.outcome is Outcome.STARTED:
        return
    outcome = event.outcome.value
    _EVENTS.labels(event.action, outcome).inc()
    if event.action in _LOGIN_ENDS or (
        event.action.startswith("login:") and event.outcome is not Outcome.SUCCESS
    ):
        _LOGINS.labels(outcome).inc()
    if event.outcome is Outcome.REFUSED:
        _REFUSALS.labels(_known(event.reason)).inc()
    if event.action in _OF_LOCKS and event.outcome is Outcome.SUCCESS:
        _LOCKS.labels(event.action).inc()
    if event.action == "finding:found" or event.reason in _CHANGED:
        _INTEGRITY.labels(_known(event.reason)).inc()


def version_not_kept() -> None:
    """Count one save that is no version."""
    _NOT_KEPT.inc()


def _known(reason: str) -> str:
    """Return the reason as a label; other extensions' words are many, and labels cost memory."""
    if len(_reasons) < _MOST_REASONS:
        _reasons.add(reason)
    return (reason or "unknown") if reason in _reasons else "other"
