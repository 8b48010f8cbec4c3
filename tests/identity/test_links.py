from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from jupyter_secure.errors import InvalidInput, LinkUnusable
from jupyter_secure.identity import links
from jupyter_secure.identity.links import Link, Purpose

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
ROOT, VAULT = bytes(range(32)), b"v" * 16


def made(root: bytes = ROOT) -> tuple[str, Link]:
    return links.make(
        purpose=Purpose.INVITATION,
        username="bob",
        role="editor",
        root=root,
        vault_id=VAULT,
        created_by="alice",
        now=NOW,
        lives=timedelta(hours=24),
    )


def test_the_token_opens_it() -> None:
    """The token gives the root key back; what is kept of it gives nothing."""
    token, link = made()
    assert len(token) == 43
    assert links.opened(link, token, VAULT) == ROOT
    assert links.digest_of(token) == link.digest
    assert ROOT not in link.root_sealed
    assert token not in repr(link)
    empty, other = made(b"")
    assert links.opened(other, empty, VAULT) == b""
    assert empty != token


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": Purpose.PASSWORD},
        {"username": "alice"},
        {"role": "owner"},
        {"created_by": "bob"},
        {"created_at": NOW + timedelta(seconds=1)},
        {"expires_at": NOW + timedelta(hours=25)},
        {"root_sealed": b""},
    ],
)
def test_what_it_says_is_bound(changed: dict[str, object]) -> None:
    """Another word in the row, another token or another vault: it opens nothing."""
    token, link = made()
    with pytest.raises(LinkUnusable):
        links.opened(replace(link, **changed), token, VAULT)  # type: ignore[arg-type]  # a table's values
    for other in ("", token[:-1], token + "A", "\ud800"):
        with pytest.raises(LinkUnusable):
            links.opened(link, other, VAULT)
    with pytest.raises(LinkUnusable):
        links.opened(link, token, b"w" * 16)


@pytest.mark.parametrize(
    ("minutes", "current"), [(-3, False), (-1, True), (0, True), (1439, True), (1440, False)]
)
def test_expiry(minutes: int, current: bool) -> None:
    """It counts from when it was made until it expires, give or take what clocks do."""
    assert made()[1].is_current(NOW + timedelta(minutes=minutes)) is current


@pytest.mark.parametrize("hours", [0, -1, float("nan"), float("inf"), 168.1])
def test_lifetimes_that_are_refused(hours: float) -> None:
    """None at all, backwards, endless, or more than a week."""
    with pytest.raises(InvalidInput):
        links.lifetime(hours)


def test_lifetimes() -> None:
    """A part of an hour, and a week."""
    assert links.lifetime(0.5) == timedelta(minutes=30)
    assert links.lifetime(links.MAX_HOURS) == timedelta(days=7)
