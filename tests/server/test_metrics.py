"""Counters of what was recorded."""

from __future__ import annotations

from prometheus_client import REGISTRY

from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.server import metrics


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"jupyter_secure_{name}_total", labels) or 0.0


def test_what_is_counted() -> None:
    """Logins by how they came out, refusals by reason, locks, and files found changed."""
    before = value("events", action="file:lock", outcome="success")
    logins = value("logins", outcome="refused")
    integrity = value("integrity_failures", reason="rolled-back")
    for event in (
        Event("file:lock", Outcome.STARTED),
        Event("file:lock"),
        Event("login:code", Outcome.REFUSED, reason="wrong-credentials"),
        Event("login:code"),
        Event("finding:found", Outcome.FAILURE, reason="rolled-back"),
    ):
        metrics.count(event)
    assert value("events", action="file:lock", outcome="success") == before + 1
    assert value("events", action="file:lock", outcome="started") == 0
    assert value("logins", outcome="refused") == logins + 1
    assert value("integrity_failures", reason="rolled-back") == integrity + 1
    assert value("refusals", reason="wrong-credentials") >= 1


def test_reasons_do_not_grow_without_end() -> None:
    """Words that other extensions answer with are counted together once they are many."""
    for number in range(500):
        metrics.count(Event("request:read", Outcome.REFUSED, reason=f"word-{number}"))
    assert value("refusals", reason="other") >= 300
    assert len(metrics._reasons) <= 100
