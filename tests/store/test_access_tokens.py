from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import delete, update

from jupyter_secure.errors import Conflict, NotFound, StateUnusable
from jupyter_secure.identity.access_tokens import AccessToken
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.store import schema
from jupyter_secure.store.access_tokens import DatabaseAccessTokens
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.database import Database

NOW = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
TOKEN = AccessToken(
    digest=b"d" * 32,
    public_id="ab12",
    username="alice",
    name="nightly",
    rights=frozenset({Right.READ, Right.EXECUTE}),
    folder="a/b",
    created_at=NOW,
    expires_at=NOW + timedelta(days=1),
)


@pytest.fixture
def store(database: Database) -> DatabaseAccessTokens:
    """Return a store of two accounts; Alice has a token."""
    for name in ("alice", "bob"):
        DatabaseAccounts(database).add(Account(name, name, b"x", -1, True, NOW), ())
    store = DatabaseAccessTokens(database)
    store.add(TOKEN, 2)
    return store


def test_round_trip(store: DatabaseAccessTokens) -> None:
    """A token comes back as it was kept, with its account's role; another digest gives none."""
    assert store.by_digest(TOKEN.digest) == (TOKEN, Role.OWNER)
    assert store.by_public_id("ab12") == (TOKEN, Role.OWNER)
    assert store.by_digest(b"e" * 32) is None
    assert store.list() == store.list("alice") == (TOKEN,)
    assert store.list("bob") == ()


def test_the_role_is_the_present_one(store: DatabaseAccessTokens, database: Database) -> None:
    """A role that changes is another one at the next look."""
    with database.writing() as connection:
        connection.execute(update(schema.accounts).values(role="viewer"))
    assert store.by_digest(TOKEN.digest) == (TOKEN, Role.VIEWER)
    with database.writing() as connection:
        connection.execute(update(schema.accounts).values(role="emperor"))
    with pytest.raises(StateUnusable):
        store.by_digest(TOKEN.digest)


def test_a_limited_number(store: DatabaseAccessTokens) -> None:
    """An account has as many as are allowed, and one that is gone has none."""
    second = replace(TOKEN, digest=b"e" * 32, public_id="cd34")
    store.add(second, 2)
    with pytest.raises(Conflict, match="2 access tokens"):
        store.add(replace(TOKEN, digest=b"f" * 32, public_id="ef56"), 2)
    with pytest.raises(NotFound):
        store.add(replace(TOKEN, digest=b"f" * 32, public_id="ef56", username="eve"), 2)


def test_removing(store: DatabaseAccessTokens, database: Database) -> None:
    """Another account's is not removed; expired ones are; an account takes its own along."""
    assert not store.remove("ab12", "bob")
    assert store.remove("ab12", "alice")
    assert not store.remove("ab12", None)
    store.add(TOKEN, 2)
    assert store.remove_expired(TOKEN.expires_at) == 0
    assert store.remove_expired(TOKEN.expires_at + timedelta(seconds=1)) == 1
    store.add(TOKEN, 2)
    with database.writing() as connection:
        connection.execute(delete(schema.accounts).where(schema.accounts.c.username == "alice"))
    assert store.by_digest(TOKEN.digest) is None


def test_use_never_moves_back(store: DatabaseAccessTokens) -> None:
    """The last use is the latest there was."""
    store.note_use("ab12", NOW, "192.0.2.1")
    store.note_use("ab12", NOW - timedelta(hours=1), "192.0.2.2")
    (token,) = store.list()
    assert (token.last_used_at, token.address) == (NOW, "192.0.2.1")
