from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_secure.app.login import second_factor
from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity import totp

if TYPE_CHECKING:
    from conftest import Place


@pytest.fixture
def key(place: Place) -> bytes:
    """The key of the accounts' secrets."""
    alice = place.person("alice")
    root = place.foundation.keyring.open_with_password(alice.name, alice.password)
    key = root.derive(totp.SECRET_PURPOSE)
    root.wipe()
    return key


def test_code_counts_once(place: Place, key: bytes) -> None:
    """A code is right once, however it is typed."""
    code = place.code()
    typed = f" {code[:3]} {code[3:]}\n"
    assert second_factor.accept(place.accounts, "alice", typed, key, place.now)
    assert not second_factor.accept(place.accounts, "alice", code, key, place.now)


def test_recovery_code_counts_once(place: Place, key: bytes) -> None:
    """So does a recovery code, of its own account only."""
    code = place.person("alice").recovery_codes[0]
    assert not second_factor.accept(place.accounts, "bob", code, key, place.now)
    assert second_factor.accept(place.accounts, "alice", code.upper(), key, place.now)
    assert not second_factor.accept(place.accounts, "alice", code, key, place.now)


@pytest.mark.parametrize("code", ["", " ", "abc", "12345", "1234567", "١٢٣٤٥٦", "\ud800"])
def test_what_is_no_code(place: Place, key: bytes, code: str) -> None:
    """What is neither a code nor a recovery code is wrong, and no error."""
    assert not second_factor.accept(place.accounts, "alice", code, key, place.now)


def test_code_of_another(place: Place, key: bytes) -> None:
    """Another account's code is wrong."""
    code = place.code("bob")
    assert not second_factor.accept(place.accounts, "alice", code, key, place.now)
    assert second_factor.accept(place.accounts, "bob", code, key, place.now)


def test_what_does_not_belong_together(place: Place, key: bytes) -> None:
    """An account that is missing, or whose secret another key sealed, is told as such."""
    with pytest.raises(StateUnusable, match="no second factor"):
        second_factor.accept(place.accounts, "carol", place.code(), key, place.now)
    with pytest.raises(StateUnusable, match="cannot be read"):
        second_factor.accept(place.accounts, "alice", place.code(), bytes(32), place.now)
