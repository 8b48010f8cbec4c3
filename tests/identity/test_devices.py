from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.devices import Device, is_known, is_trusted, name_of

_MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            f"{_MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            f"{_MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/18.5 Safari/605.1.15",
            "Safari on Mac",
        ),
        (
            f"{_MOZILLA} (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"{_MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            "like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("python-requests/2.32.4", "python-requests"),
        ("", "Unknown device"),
        ("<script>", "Unknown device"),
    ],
)
def test_names(user_agent: str, name: str) -> None:
    """A device is called what its owner would call it, or by its program's own name."""
    assert name_of(user_agent) == name


@given(st.text())
def test_any_name(user_agent: str) -> None:
    """Whatever a client says of itself, its name is short and plain text."""
    name = name_of(user_agent)
    assert 0 < len(name) <= 40
    assert name.isascii()
    assert name.isprintable()


_NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
_ACCOUNT = Account("alice", "Alice", b"sealed", -1, True, _NOW, generation=3)
_DEVICE = Device(
    digest=b"d",
    public_id="p",
    username="alice",
    generation=3,
    name="Firefox",
    address="",
    created_at=_NOW,
    last_used_at=_NOW,
    trusted_until=_NOW + timedelta(days=10),
)


@pytest.mark.parametrize(
    "change", [{}, {"generation": 2}, {"generation": 4}, {"username": "bob"}], ids=str
)
def test_only_of_this_account_as_it_is(change: dict[str, object]) -> None:
    """A device is known and trusted for its own account, and for none of before a change of it."""
    device = replace(_DEVICE, **change)  # type: ignore[arg-type]  # fields of it
    assert is_known(device, _ACCOUNT, _NOW) is (not change)
    assert is_trusted(device, _ACCOUNT, 30, _NOW) is (not change)
    assert not is_known(device, None, _NOW)
