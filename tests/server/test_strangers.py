from __future__ import annotations

import time

import pytest

from jupyter_secure.server import strangers
from jupyter_secure.server.strangers import Strangers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that the clock shows, to be set."""
    now = [6000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_one_address(clock: list[float]) -> None:
    """An address has thirty a minute; what is over is counted for its next one."""
    counted = Strangers()
    assert sum(counted.admits("192.0.2.1") for _ in range(100)) == 30
    assert counted.admits("192.0.2.2")
    clock[0] += 60
    assert counted.admits("192.0.2.1")
    assert counted.uncounted("192.0.2.1") == {"others_before": 70}
    assert counted.uncounted("192.0.2.1") == {}


def test_many_addresses(clock: list[float]) -> None:
    """All together have three hundred a minute, however many addresses they come from."""
    counted = Strangers()
    assert sum(counted.admits(f"2001:db8::{n:x}") for n in range(1000)) == 300
    clock[0] += 60
    assert counted.admits("2001:db8::1")


@pytest.mark.usefixtures("clock")
def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of addresses without end only so many are counted one by one."""
    monkeypatch.setattr(strangers, "_MOST_ADDRESSES", 10)
    counted = Strangers()
    for n in range(400):
        counted.admits(f"2001:db8::{n:x}")
    told = [f"2001:db8::{n:x}" for n in range(400) if counted.uncounted(f"2001:db8::{n:x}")]
    assert len(told) == 10
