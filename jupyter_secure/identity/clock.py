"""Time as the identity package sees it: aware, in UTC, and handed in.

Rules about time take ``now`` as an argument, so that a test can say what time it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(timezone.utc)
