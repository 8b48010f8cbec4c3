from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.app.login import access_tokens
from jupyter_secure.app.login.access_tokens import WRONG_TOKENS, AccessTokens
from jupyter_secure.errors import NotFound, TooManyTries
from jupyter_secure.identity.access_tokens import AccessToken
from jupyter_secure.identity.roles import Right, Role

if TYPE_CHECKING:
    from conftest import Place

HERE = "192.0.2.7"
READ = (Right.READ,)


class Memory:
    """Tokens without a database, of accounts with one role; counts what is written."""

    def __init__(self) -> None:
        self.kept: dict[str, AccessToken] = {}
        self.role = Role.OWNER
        self.noted = 0

    def add(self, token: AccessToken, most: int) -> None:
        assert len(self.kept) < most
        self.kept[token.public_id] = token

    def by_digest(self, digest: bytes) -> tuple[AccessToken, Role] | None:
        found = [one for one in self.kept.values() if one.digest == digest]
        return (found[0], self.role) if found else None

    def by_public_id(self, public_id: str) -> tuple[AccessToken, Role] | None:
        token = self.kept.get(public_id)
        return None if token is None else (token, self.role)

    def list(self, username: str | None = None) -> tuple[AccessToken, ...]:
        return tuple(one for one in self.kept.values() if username in (None, one.username))

    def remove(self, public_id: str, username: str | None) -> bool:
        token = self.kept.get(public_id)
        if token is None or username not in (None, token.username):
            return False
        del self.kept[public_id]
        return True

    def remove_expired(self, moment: object) -> int:
        del moment
        return 0

    def note_use(self, public_id: str, now: object, address: str) -> None:
        self.noted += 1
        self.kept[public_id] = replace(
            self.kept[public_id],
            last_used_at=now,  # type: ignore[arg-type]  # a time
            address=address,
        )


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def tokens(place: Place, memory: Memory) -> AccessTokens:
    place.enter()  # so that there is Alice
    return AccessTokens(store=memory, accounts=place.accounts, clock=place.clock)


def test_found_until_it_ends(place: Place, tokens: AccessTokens) -> None:
    """A token is found by its text with its rights, till its last moment."""
    text, token = tokens.create("alice", "t", READ, "", 1)
    assert tokens.find(text, HERE) == (token, frozenset(READ))
    assert tokens.rights_of(token.public_id) == frozenset(READ)
    place.wait(hours=24)
    assert tokens.find(text, HERE) is None
    assert tokens.rights_of(token.public_id) == frozenset()
    assert tokens.is_expired(token)


def test_the_account_and_its_role(tokens: AccessTokens, memory: Memory) -> None:
    """Nobody's account gets no token, and a role that shrinks shrinks what was made."""
    with pytest.raises(NotFound):
        tokens.create("nobody", "t", READ, "", 1)
    text, token = tokens.create("alice", "t", (Right.READ, Right.EXECUTE), "", 1)
    memory.role = Role.VIEWER
    assert tokens.find(text, HERE) == (token, frozenset(READ))
    memory.role = Role.AUDITOR
    assert tokens.find(text, HERE) == (token, frozenset())


def test_use_is_noted_once_a_minute(place: Place, tokens: AccessTokens, memory: Memory) -> None:
    """Using a token all the time writes once a minute."""
    text, _ = tokens.create("alice", "t", READ, "", 1)
    for _ in range(12):
        found = tokens.find(text, HERE)
        assert found is not None
        tokens.note_use(found[0], HERE + "x" * 100)
        place.wait(seconds=10)
    assert memory.noted == 2
    (token,) = tokens.list("alice")
    assert len(token.address) == 64


def test_revoking(tokens: AccessTokens) -> None:
    """Only its own account ends a token, or whoever may end any."""
    text, token = tokens.create("alice", "t", READ, "", 1)
    with pytest.raises(NotFound):
        tokens.revoke(token.public_id, "bob")
    tokens.revoke(token.public_id, "alice")
    assert tokens.find(text, HERE) is None
    with pytest.raises(NotFound):
        tokens.revoke(token.public_id, None)


def test_many_addresses_fill_no_memory(
    tokens: AccessTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of addresses without end only the last are remembered."""
    monkeypatch.setattr(access_tokens, "_MOST_ADDRESSES", 10)
    for number in range(40):
        assert tokens.find("wrong", f"192.0.2.{number}") is None
    assert list(tokens._wrong) == [f"address:192.0.2.{number}" for number in range(30, 40)]


def test_wrong_ones_wait_by_address(place: Place, tokens: AccessTokens) -> None:
    """Many wrong tokens from an address bring on a wait, for wrong ones and for that address."""
    text, _ = tokens.create("alice", "t", READ, "", 1)
    for count in range(WRONG_TOKENS.free):
        assert tokens.find(f"jst_{count:043d}", HERE) is None
    with pytest.raises(TooManyTries):
        tokens.find("jst_" + "x" * 43, HERE)
    assert tokens.find(text, HERE) is not None
    assert tokens.find("jst_" + "x" * 43, "192.0.2.8") is None
    place.wait(seconds=timedelta(minutes=5).seconds)
    assert tokens.find("no token", HERE) is None
