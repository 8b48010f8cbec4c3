"""Which account a user of JupyterHub's has here."""

from __future__ import annotations

import pytest

from jupyter_secure.identity.hub_accounts import account_for

NAMED = {"bob@example.org": "bob", "Eve": "EVE"}


@pytest.mark.parametrize(
    ("hub_name", "account"),
    [
        ("alice", "alice"),
        ("bob@example.org", "bob"),
        ("Eve", "eve"),
        # Accounts that stand in a pair are nobody else's.
        ("bob", None),
        ("eve", None),
        # Names that only look or sound like an account's.
        ("Alice", None),
        ("ALICE", None),
        (" alice", None),
        ("alice ", None),
        ("ａｌｉｃｅ", None),
        ("alice\u200b", None),
        ("", None),
        ("a" * 65, None),
        ("alice\0", None),
    ],
)
def test_account(hub_name: str, account: str | None) -> None:
    """A user has the account that was named for them, or the one of the very same name."""
    assert account_for(hub_name, NAMED) == account


def test_useless_pair() -> None:
    """A pair that names no possible account gives its user none."""
    assert account_for("x", {"x": ""}) is None
    assert account_for("alice", {"x": ""}) == "alice"
