from __future__ import annotations

from pathlib import Path

from jupyter_secure.app.at_work import at_work
from jupyter_secure.store import places


def test_nothing_set_up(account_home: Path) -> None:
    """Where nothing is set up it does nothing, and makes no folder."""
    before = sorted(account_home.rglob("*"))
    with at_work():
        pass
    assert sorted(account_home.rglob("*")) == before
    assert not places.state_dir().exists()
