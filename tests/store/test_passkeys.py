from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from jupyter_secure.errors import Conflict
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.passkeys import Passkey
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.database import Database
from jupyter_secure.store.passkeys import DatabasePasskeys

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
PHONE = Passkey(b"phone", "00" * 8, "alice", "phone", b"sealed", 0, NOW)
KEY = Passkey(b"key", "11" * 8, "alice", "key", b"sealed", 7, NOW + timedelta(seconds=1))


@pytest.fixture
def passkeys(database: Database) -> DatabasePasskeys:
    accounts = DatabaseAccounts(database)
    for name in ("alice", "bob"):
        accounts.add(Account(name, name, b"", -1, True, NOW), [])
    return DatabasePasskeys(database)


def test_they_are_kept_in_order(passkeys: DatabasePasskeys) -> None:
    """Passkeys are found by their credential, and listed by account, oldest first."""
    passkeys.add(KEY, 5, None)
    passkeys.add(PHONE, 5, None)
    assert passkeys.get(b"key") == KEY
    assert passkeys.get(b"none") is None
    assert passkeys.of_account("alice") == (PHONE, KEY)
    assert passkeys.of_account("bob") == ()


def test_a_credential_is_kept_once_and_so_many(passkeys: DatabasePasskeys) -> None:
    """The same credential, and more than the limit, are refused, and leave what was there."""
    passkeys.add(PHONE, 2, None)
    with pytest.raises(Conflict, match="already"):
        passkeys.add(replace(PHONE, username="bob", public_id="22" * 8), 2, None)
    passkeys.add(KEY, 2, None)
    with pytest.raises(Conflict, match="2 passkeys"):
        passkeys.add(replace(KEY, credential_id=b"third", public_id="33" * 8), 2, None)
    assert passkeys.of_account("alice") == (PHONE, KEY)
    assert passkeys.of_account("bob") == ()


def test_adding_raises_the_generation(passkeys: DatabasePasskeys, database: Database) -> None:
    """A passkey more is a change of the account's factors."""
    passkeys.add(PHONE, 2, None)
    accounts = DatabaseAccounts(database)
    account, other = accounts.get("alice"), accounts.get("bob")
    assert account is not None
    assert other is not None
    assert (account.generation, other.generation) == (1, 0)


@pytest.mark.parametrize(
    ("before", "count", "accepted"),
    [(0, 0, True), (0, 1, True), (7, 8, True), (7, 7, False), (7, 6, False), (7, 0, False)],
)
def test_the_counter_only_goes_up(
    passkeys: DatabasePasskeys, before: int, count: int, accepted: bool
) -> None:
    """A use counts if its counter is higher, or if the passkey never counts."""
    passkeys.add(replace(PHONE, sign_count=before), 2, None)
    assert passkeys.use(b"phone", count, NOW) is accepted
    found = passkeys.get(b"phone")
    assert found is not None
    assert found.last_used_at == (NOW if accepted else None)
    assert found.sign_count == (count if accepted else before)


def test_it_is_renamed_by_its_account(passkeys: DatabasePasskeys) -> None:
    """Another account's passkey has no name to change."""
    passkeys.add(PHONE, 2, None)
    rename: Callable[[str, str, str], bool] = passkeys.rename
    assert rename("alice", PHONE.public_id, "tablet")
    assert not rename("bob", PHONE.public_id, "mine")
    assert not rename("alice", KEY.public_id, "none")
    assert passkeys.of_account("alice")[0].name == "tablet"
