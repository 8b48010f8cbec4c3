"""Series of times, and the ratio of two with how sure one may be of it."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_RESAMPLES = 2000


@dataclass
class Series:
    """Times of one thing, in seconds, in the order in which they were taken; or another measure."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.seconds)

    @property
    def least(self) -> float:
        """The quickest."""
        return min(self.seconds)

    @property
    def most(self) -> float:
        """The slowest."""
        return max(self.seconds)


@dataclass(frozen=True)
class Ratio:
    """A ratio of two medians, and the interval that 95 of 100 repetitions should fall into."""

    value: float
    low: float
    high: float


def ratio(ours: Series, theirs: Series) -> Ratio:
    """Return ``ours`` over ``theirs``, which were measured in turns, by resampling whole turns.

    The two of one turn stay together: what slowed the machine down then slowed both.
    """
    turns = list(zip(ours.seconds, theirs.seconds, strict=True))
    generator = random.Random(1)  # the same figures give the same interval
    found = sorted(
        statistics.median(one for one, _ in sample) / statistics.median(two for _, two in sample)
        for sample in (generator.choices(turns, k=len(turns)) for _ in range(_RESAMPLES))
    )
    low, high = found[int(0.025 * _RESAMPLES)], found[int(0.975 * _RESAMPLES)]
    return Ratio(ours.median / theirs.median, low, high)


def in_turns(
    things: Mapping[str, Callable[[], float | None]],
    *,
    rounds: int,
    warm_up: int = 1,
    before: Mapping[str, Callable[[], None]] | None = None,
) -> dict[str, Series]:
    """Time each of ``things`` once per round, and let another one begin in each round.

    One that returns a number has timed itself. ``before`` is what to do before each, untimed.
    """

    def once(name: str) -> float:
        if before is not None:
            before[name]()
        started = time.perf_counter()
        own = things[name]()
        return time.perf_counter() - started if own is None else own

    names = list(things)
    for name in names:
        for _ in range(warm_up):
            once(name)
    series = {name: Series() for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            series[name].seconds.append(once(name))
    return series
