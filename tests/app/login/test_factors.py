from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.app.login.waiting import Pending
from jupyter_secure.errors import Conflict, NotFound, WrongCredentials
from jupyter_secure.identity.passkeys import Passkey

if TYPE_CHECKING:
    from conftest import Place

InParallel = Callable[[int, Callable[[], object]], list[object]]
HERE = "192.0.2.7"


def add_passkey(place: Place, number: int = 1, name: str = "alice") -> str:
    """Give an account a passkey, as a record only."""
    public_id = f"key{number}"
    place.passkeys.add(
        Passkey(public_id.encode(), public_id, name, "Key", b"sealed", 0, place.now), 10, None
    )
    return public_id


def test_what_an_account_has(place: Place) -> None:
    """An authenticator, passkeys and recovery codes are counted; recovery codes are no factor."""
    assert place.factors.of("alice").totp
    assert (place.factors.of("alice").count, place.factors.of("alice").recovery_codes) == (1, 10)
    add_passkey(place)
    assert place.factors.of("alice").count == 2
    assert place.factors.of("bob").passkeys == 0
    assert place.factors.of("mallory").count == 0


def test_the_last_factor_stays(place: Place) -> None:
    """Neither the only authenticator nor then the only passkey can be removed."""
    _, session = place.enter()
    with pytest.raises(Conflict, match="last second factor"):
        place.factors.remove_totp(session)
    key = add_passkey(place)
    _, session = place.enter(code=place.code(steps=1))
    _, session = place.factors.remove_totp(session)
    with pytest.raises(NotFound):
        place.factors.remove_totp(session)
    with pytest.raises(Conflict, match="last second factor"):
        place.factors.remove_passkey(session, key)
    assert place.factors.of("alice").count == 1


def test_of_two_who_remove_one_each_one_succeeds(place: Place, in_parallel: InParallel) -> None:
    """However many remove the two factors of an account at once, one factor is left."""
    key = add_passkey(place)
    works = [
        lambda: place.factor_store.remove_totp("alice", None),
        lambda: place.factor_store.remove_passkey("alice", key, None),
    ] * 6

    def one() -> bool:
        return works.pop()()

    in_parallel(12, one)
    assert place.factors.of("alice").count == 1


def test_a_change_ends_every_other_session(place: Place) -> None:
    """Other sessions of the account end; the one that made the change goes on by a new token."""
    other, _ = place.enter()
    place.wait(seconds=30)
    old, session = place.enter()
    bobs, _ = place.enter("bob")
    new, _ = place.factors.changed(session)
    assert place.sessions.authenticate(new) is not None
    assert place.sessions.authenticate(other) is None
    assert place.sessions.authenticate(bobs) is not None
    assert [one.username for one in place.sessions.sweep()] == ["alice"]
    place.wait(seconds=20)
    assert place.sessions.authenticate(old) is None


def test_a_change_ends_half_finished_logins(place: Place) -> None:
    """Whoever gave the password before it was changed cannot finish the login after that."""
    pending: Pending = place.log_in.first_step("alice", place.person("alice").password, HERE)
    place.factor_store.raise_generation("alice", None)
    code = place.code()
    with pytest.raises(WrongCredentials):
        place.log_in.second_step(pending, code, HERE, "Browser/1")
    assert place.log_in.pending(pending.token) is None
    place.enter(code=code)  # the code was not used up


def test_a_change_forgets_the_devices(place: Place) -> None:
    """After a change of password or factors no browser is known any more."""
    _, session = place.enter()
    token = place.devices.remember(session, None)
    assert place.devices.known(token, "alice") is not None
    place.factor_store.raise_generation("alice", session.public_id)
    assert place.devices.known(token, "alice") is None
    assert place.devices.list("alice") == ()


def test_removing_what_is_not_there(place: Place) -> None:
    """A passkey that is not there, or another account's, is not found; nothing else ends."""
    add_passkey(place)
    theirs = add_passkey(place, 2, "bob")
    token, session = place.enter()
    for public_id in ("made up", theirs):
        with pytest.raises(NotFound):
            place.factors.remove_passkey(session, public_id)
    assert place.sessions.authenticate(token) == session
    assert place.factors.of("bob").count == 2


def test_renewed_recovery_codes(place: Place) -> None:
    """Ten new codes work, once each, and those of before do not; nothing else changes."""
    token, session = place.enter()
    codes = place.factors.renew_recovery_codes(session)
    assert len(set(codes)) == place.factors.of("alice").recovery_codes == 10
    with pytest.raises(WrongCredentials):
        place.enter(code=place.person("alice").recovery_codes[0])
    place.enter(code=codes[0])
    with pytest.raises(WrongCredentials):
        place.enter(code=codes[0])
    assert place.factors.of("alice").recovery_codes == 9
    assert place.sessions.authenticate(token) is not None


def test_a_change_at_the_last_moment_counts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login whose code was right a moment before the change leaves no session behind."""
    pending = place.log_in.first_step("alice", place.person("alice").password, HERE)
    real = place.accounts.accept_step

    def accepted(username: str, step: int) -> bool:
        place.factor_store.raise_generation(username, None)
        return real(username, step)

    monkeypatch.setattr(place.accounts, "accept_step", accepted)
    with pytest.raises(WrongCredentials):
        place.log_in.second_step(pending, place.code(), HERE, "Browser/1")
    assert place.sessions.live() == ()
    assert not place.vault.is_open
