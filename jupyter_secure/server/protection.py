"""One row of the panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Protection:
    """One row of the panel; where its level is not "ok", what to say of it and what to do."""

    name: str
    label: str
    level: Level
    summary: str
    sentence: str = ""
    remedy: str = ""
