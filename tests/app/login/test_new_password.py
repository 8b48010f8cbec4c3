from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_secure.app.login.new_password import NewPassword
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SecureError,
    StateUnusable,
    StorageFailed,
    TooManyTries,
    WeakPassword,
    WrongCredentials,
    WrongKey,
    WrongPassword,
)
from jupyter_secure.vault.keyring import Keyring

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Place

NEW = "an otter under Hay bridge"
HERE = "192.0.2.7"


class Kept:
    """The place of vault.json."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def change(self, change: Callable[[Keyring], Keyring]) -> Keyring:
        self.keyring = change(self.keyring)
        return self.keyring


@pytest.fixture
def kept(place: Place) -> Kept:
    """Return what the password is changed in."""
    kept = Kept(place.foundation.keyring)
    place.log_in._keyring = lambda: kept.keyring
    return kept


@pytest.fixture
def new_password(place: Place, kept: Kept) -> NewPassword:
    """Return the use case."""
    return NewPassword(
        change=kept.change,
        factors=place.factors,
        attempts=place.attempts,
        sessions=place.sessions,
        clock=place.clock,
        profile=OWASP_MINIMUM,
    )


def test_the_new_one_counts_and_everyone_else_is_out(
    place: Place, kept: Kept, new_password: NewPassword
) -> None:
    """The new password opens the vault, the old one does not, and other sessions end."""
    other, _ = place.enter()
    place.wait(seconds=30)
    _, session = place.enter()
    token, _ = new_password(session, place.person("alice").password, NEW)
    assert place.sessions.authenticate(token) is not None
    assert place.sessions.authenticate(other) is None
    kept.keyring.open_with_password("alice", NEW).wipe()
    with pytest.raises(WrongKey):
        kept.keyring.open_with_password("alice", place.person("alice").password)
    with pytest.raises(WrongCredentials):
        place.log_in.first_step("alice", place.person("alice").password, HERE)
    place.log_in.first_step("alice", NEW, HERE)
    place.log_in.first_step("bob", place.person("bob").password, HERE)


@pytest.mark.parametrize(
    ("current", "new", "error"),
    [
        ("wrong horse battery", NEW, WrongPassword),
        ("x" * 100_000, NEW, WrongPassword),
        ("correct horse battery", "password12", WeakPassword),
        ("correct horse battery", "short", WeakPassword),
        ("correct horse battery", "correct horse battery", WeakPassword),
        ("correct horse battery", "x" * 5000, InvalidInput),
        ("correct horse battery", "\udc80" * 20, InvalidInput),
    ],
)
def test_refused(
    place: Place,
    kept: Kept,
    new_password: NewPassword,
    current: str,
    new: str,
    error: type[SecureError],
) -> None:
    """What will not do changes nothing and ends no session."""
    token, session = place.enter()
    before = kept.keyring
    with pytest.raises(error):
        new_password(session, current, new)
    assert kept.keyring is before
    assert place.sessions.authenticate(token) == session


def test_guessing_the_present_one_is_slowed(place: Place, new_password: NewPassword) -> None:
    """After five wrong ones the right one waits; logging in goes on meanwhile."""
    _, session = place.enter()
    right = place.person("alice").password
    for _ in range(5):
        with pytest.raises(WrongPassword):
            new_password(session, "wrong horse battery", NEW)
    with pytest.raises(TooManyTries):
        new_password(session, right, NEW)
    place.log_in.first_step("alice", right, HERE)
    place.wait(seconds=30)
    new_password(session, right, NEW)


def test_the_token_of_before_a_step_up_changes_nothing(
    place: Place, kept: Kept, new_password: NewPassword
) -> None:
    """A cookie that was replaced seconds ago does not change the password."""
    old, session = place.enter()
    place.sessions.rotate(session)
    before, keyring = place.sessions.authenticate(old), kept.keyring
    assert before is not None
    with pytest.raises(Conflict):
        new_password(before, place.person("alice").password, NEW)
    assert kept.keyring is keyring


# ── a change that is cut in two ─────────────────────────────────────────────────────────────────


def _fail(*_: object) -> None:
    raise StateUnusable("The database is locked.")


def test_a_database_that_fails_changes_nothing(
    place: Place, kept: Kept, new_password: NewPassword, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the other sessions cannot be ended the password stays what it was."""
    other, _ = place.enter()
    place.wait(seconds=30)
    token, session = place.enter()
    before = kept.keyring
    monkeypatch.setattr(place.factor_store, "raise_generation", _fail)
    with pytest.raises(StateUnusable):
        new_password(session, place.person("alice").password, NEW)
    assert kept.keyring is before
    assert place.sessions.authenticate(other) is not None
    assert place.sessions.authenticate(token) == session


def test_a_disk_that_fails_ends_the_others_only(
    place: Place, kept: Kept, new_password: NewPassword
) -> None:
    """Where vault.json cannot be written the old password stays, and nobody is let in by it."""
    other, _ = place.enter()
    place.wait(seconds=30)
    token, session = place.enter()
    before = kept.keyring

    def cut_short(change: Callable[[Keyring], Keyring]) -> None:
        change(kept.keyring)
        raise StorageFailed("vault.json could not be written.")

    new_password._change = cut_short
    with pytest.raises(StorageFailed):
        new_password(session, place.person("alice").password, NEW)
    assert kept.keyring is before
    assert place.sessions.authenticate(other) is None
    assert place.sessions.authenticate(token) is not None


def test_a_database_that_fails_afterwards_is_told_in_words(
    place: Place, kept: Kept, new_password: NewPassword, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the cookie could not be replaced, the error says that the password is new."""
    other, _ = place.enter()
    place.wait(seconds=30)
    _, session = place.enter()
    change = kept.change

    def then_fail(function: Callable[[Keyring], Keyring]) -> Keyring:
        changed = change(function)
        monkeypatch.setattr(place.store, "rotate", _fail)
        return changed

    new_password._change = then_fail
    with pytest.raises(StateUnusable, match="The password was changed"):
        new_password(session, place.person("alice").password, NEW)
    kept.keyring.open_with_password("alice", NEW).wipe()
    assert place.sessions.authenticate(other) is None


def test_a_login_by_the_old_password_during_the_change_ends(
    place: Place, kept: Kept, new_password: NewPassword
) -> None:
    """Who logs in by the old password, in another process, just before it is replaced is out."""
    _, session = place.enter()
    place.wait(seconds=30)
    change, entered = kept.change, []

    def meanwhile(function: Callable[[Keyring], Keyring]) -> Keyring:
        def made(keyring: Keyring) -> Keyring:
            changed = function(keyring)
            entered.append(place.enter()[0])
            return changed

        return change(made)

    new_password._change = meanwhile
    new_password(session, place.person("alice").password, NEW)
    assert place.sessions.authenticate(entered[0]) is None


def test_a_request_that_waited_changes_nothing_for_a_session_that_ended(
    place: Place, kept: Kept, new_password: NewPassword
) -> None:
    """Neither a session that was ended nor one that stepped up while this waited sets a password.

    The second would be told to try again, with the password changed.
    """
    _, session = place.enter()
    before, password = kept.keyring, place.person("alice").password
    place.sessions.rotate(session)
    with pytest.raises(Conflict):
        new_password(session, password, NEW)
    place.sessions.end(session.public_id)
    with pytest.raises(NotFound):
        new_password(session, password, NEW)
    assert kept.keyring is before


def test_a_far_too_long_one_costs_no_work(
    place: Place, new_password: NewPassword, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is far too long to be the present password is wrong without a derivation."""
    _, session = place.enter()

    def derive(*_: object) -> None:
        raise AssertionError("a key was derived")

    monkeypatch.setattr(Keyring, "open_with_password", derive)
    with pytest.raises(WrongPassword):
        new_password(session, "x" * 1_000_000, NEW)
