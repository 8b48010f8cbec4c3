"""What every measurement is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.timing import Series

_QUICK_BYTES = 1_000_000
_LARGE = ("1 GiB", 1 << 30)
_QUICK_LARGE = ("64 MiB", 1 << 26)
_Size = TypeVar("_Size", bound=tuple[str, int, bool, int])


@dataclass(frozen=True)
class Plan:
    """How thoroughly to measure: ``quick`` shows that everything runs, and little more."""

    quick: bool = False

    def rounds(self, number: int) -> int:
        """Return how often to repeat something."""
        return max(3, number // 6) if self.quick else number

    def sizes(self, sizes: Sequence[_Size]) -> list[_Size]:
        """Leave out what takes long."""
        return [size for size in sizes if not self.quick or size[1] <= _QUICK_BYTES]

    @property
    def large(self) -> tuple[str, int]:
        """What a large file is: in words, and in bytes."""
        return _QUICK_LARGE if self.quick else _LARGE


@dataclass(frozen=True)
class Row:
    """One line of the table: what was done, and the times of each that did it.

    The last of ``series`` is ours; it is compared with every other. Where ``unit`` is "MiB" they
    are not seconds but memory.
    """

    what: str
    series: dict[str, Series]
    unit: str = "s"
