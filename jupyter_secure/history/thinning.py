"""Which automatic versions go as they age: all of the last hour, then one an hour, then one a day.

What was saved by hand, what was put back, and the newest version are never thinned out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jupyter_secure.history.version import Kind, Version


@dataclass(frozen=True)
class Retention:
    """How long automatic versions are kept, and how densely. Older ones than ``daily`` all go."""

    everything: timedelta = timedelta(hours=1)
    hourly: timedelta = timedelta(days=1)
    daily: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.everything <= self.hourly <= self.daily:
            raise ValueError("everything ≤ hourly ≤ daily, none below zero")


def kept(versions: Iterable[Version], retention: Retention, now: datetime) -> list[Version]:
    """Return those of ``versions``, newest first, that stay; in the same order.

    Of each hour or day (in UTC) the newest stays. A version from the future stays: the clock was
    wrong once, and that is no reason to lose anything.
    """
    staying: list[Version] = []
    taken = set()
    for version in versions:
        age = now - version.at
        if version.kind is not Kind.AUTOMATIC or age <= retention.everything:
            staying.append(version)
            continue
        slot = version.at.strftime("%Y-%m-%dT%H" if age <= retention.hourly else "%Y-%m-%d")
        if not staying or (age <= retention.daily and slot not in taken):
            staying.append(version)
            taken.add(slot)
    return staying
