from __future__ import annotations

from datetime import datetime, timedelta, timezone

from jupyter_secure.identity.clock import utc_now


def test_now_is_in_utc() -> None:
    """The present moment knows its zone, whatever the machine's is."""
    before = datetime.now(timezone(timedelta(hours=9)))
    now = utc_now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now
