"""How much of the record somebody who is not logged in can fill: so much a minute, then counted."""

from __future__ import annotations

import time

_EACH_MINUTE = 30
_ALL_MINUTE = 300
_MOST_ADDRESSES = 10_000


class Strangers:
    """Counts the refusals of strangers by address, so that nobody fills the disk with them."""

    def __init__(self) -> None:
        self._minute = 0
        self._seen: dict[str, int] = {}
        self._left_out: dict[str, int] = {}
        self._all = 0

    def admits(self, address: str) -> bool:
        """Say whether this refusal is recorded by itself; else it is counted."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._all = minute, 0
            self._seen.clear()
        self._all += 1
        seen = self._seen[address] = self._seen.get(address, 0) + 1
        if seen <= _EACH_MINUTE and self._all <= _ALL_MINUTE:
            return True
        if len(self._left_out) < _MOST_ADDRESSES or address in self._left_out:
            self._left_out[address] = self._left_out.get(address, 0) + 1
        return False

    def uncounted(self, address: str) -> dict[str, str | int | bool]:
        """Return how many were not recorded by themselves since, for the next that is."""
        left_out = self._left_out.pop(address, 0)
        return {"others_before": left_out} if left_out else {}
