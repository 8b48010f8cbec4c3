from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_secure.app.login.waiting import Pending
from jupyter_secure.crypto import kdf
from jupyter_secure.errors import (
    StateUnusable,
    TooManyTries,
    VaultSealed,
    WrongCredentials,
)
from jupyter_secure.identity import totp
from jupyter_secure.identity.accounts import Account
from jupyter_secure.vault.envelope import FileClass
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

if TYPE_CHECKING:
    from conftest import Place

InParallel = Callable[[int, Callable[[], object]], list[object]]
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.1"


def begin(place: Place, name: str = "alice", address: str = HERE) -> Pending:
    """Take the first step."""
    return place.log_in.first_step(name, place.person(name).password, address)


def finish(place: Place, pending: Pending, code: str, address: str = HERE) -> str:
    """Take the second step; return the cookie's token."""
    return place.log_in.second_step(pending, code, address, "Browser/1")[0]


# ── the way in ──────────────────────────────────────────────────────────────────────────────────


def test_both_steps(place: Place) -> None:
    """A password and a code open the vault and give a session that its token finds."""
    pending = begin(place)
    assert not place.vault.is_open
    assert place.log_in.pending(pending.token) == pending
    token, session = place.log_in.second_step(pending, place.code(), HERE, "Browser/1")
    assert place.vault.is_open
    assert place.sessions.authenticate(token) == session
    assert (session.username, session.address, session.user_agent) == ("alice", HERE, "Browser/1")
    assert session.elevated_until is None
    blob = place.vault.seal_bytes(b"hello", file_class=FileClass.CONTENT)
    assert place.vault.open_bytes(blob, expect=FileClass.CONTENT).data == b"hello"


def test_token_is_not_kept(place: Place) -> None:
    """Nothing in the state would let its reader log in."""
    token, _ = place.enter()
    place.database.close()
    files = list(place.path.parent.glob("state.db*"))
    kept = b"".join(file.read_bytes() for file in files)
    assert files
    assert token.encode() not in kept
    assert place.person("alice").secret.encode() not in kept


@pytest.mark.parametrize("typed", ["Alice", " ALICE ", "ａlice"])
def test_name_as_people_type_it(place: Place, typed: str) -> None:
    """The name is found however it is typed."""
    assert place.log_in.first_step(typed, "correct horse battery", HERE).username == "alice"


def test_code_as_people_type_it(place: Place) -> None:
    """A code in two groups, as authenticators show it, is right."""
    code = place.code()
    assert finish(place, begin(place), f" {code[:3]} {code[3:]} ")


def test_first_code_confirms_the_enrolment(place: Place) -> None:
    """An account that was set up without a code is confirmed by its first login."""
    before = place.accounts.get("alice")
    place.enter()
    after = place.accounts.get("alice")
    assert before is not None
    assert after is not None
    assert (before.confirmed, after.confirmed) == (False, True)


def test_recovery_code(place: Place) -> None:
    """A recovery code stands in for a code, once."""
    spare = place.person("alice").recovery_codes[0]
    place.enter(code=spare.upper())
    assert place.accounts.remaining_recovery_codes("alice") == 9
    with pytest.raises(WrongCredentials):
        place.enter(code=spare)
    place.enter(code=place.person("alice").recovery_codes[1])


def test_second_session(place: Place) -> None:
    """Another login opens another session beside the first."""
    first, _ = place.enter()
    second, _ = place.enter("bob")
    assert place.sessions.authenticate(first) is not None
    assert place.sessions.authenticate(second) is not None


# ── wrong credentials: one answer, whatever was wrong ───────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong horse battery"),
        ("alice", "staple paper clip"),  # Bob's
        ("alice", ""),
        ("alice", "x" * 5000),
        ("alice", "correct horse battery\udc80"),
        ("mallory", "correct horse battery"),
        ("", ""),
        ("a/b", "correct horse battery"),
        ("\ud800", "correct horse battery"),
        ("x" * 5000, "correct horse battery"),
    ],
)
def test_wrong_first_step(place: Place, name: str, password: str) -> None:
    """Whatever is wrong with name or password, the answer is the same."""
    with pytest.raises(WrongCredentials) as caught:
        place.log_in.first_step(name, password, HERE)
    assert str(caught.value) == str(WrongCredentials())
    assert caught.value.__cause__ is None
    assert not place.vault.is_open


@pytest.mark.parametrize(
    "code",
    [
        lambda place: place.wrong_code(),
        lambda place: place.code(steps=-2),
        lambda place: place.code(steps=2),
        lambda place: place.code("bob"),
        lambda place: "".join(chr(ord(c) - 0x30 + 0xFF10) for c in place.code()),
        lambda place: place.code() + "0",
        lambda place: place.code()[:5],
        lambda place: place.person("bob").recovery_codes[0],
        lambda _: "abcd-efgh-ijkl-mnop",
        lambda _: "",
        lambda _: "\udc80" * 16,
    ],
    ids=[
        "wrong",
        "expired",
        "early",
        "another's",
        "full-width",
        "long",
        "short",
        "another's recovery code",
        "recovery code nobody has",
        "empty",
        "not text",
    ],
)
def test_wrong_second_step(place: Place, code: Callable[[Place], str]) -> None:
    """A wrong code gives no session and leaves the vault sealed; the right one still works."""
    pending = begin(place)
    with pytest.raises(WrongCredentials):
        finish(place, pending, code(place))
    assert not place.vault.is_open
    assert place.sessions.live() == ()
    assert finish(place, pending, place.code())


@pytest.mark.parametrize("name", ["alice", "mallory", "a/b", ""])
def test_unknown_name_costs_the_same(
    place: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that nobody has costs one derivation of the same profile, as a known one does."""
    profiles = []
    real = kdf.argon2id

    def counting(password: bytes, salt: bytes, profile: kdf.Argon2idProfile) -> bytes:
        profiles.append(profile)
        return real(password, salt, profile)

    monkeypatch.setattr(kdf, "argon2id", counting)
    with pytest.raises(WrongCredentials):
        place.log_in.first_step(name, "wrong horse battery", HERE)
    assert profiles == [place.foundation.keyring.slots[0].profile]


# ── replay ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("used", "tried"),
    [(0, 0), (1, 0), (1, 1), (0, -1), (-1, -1)],
    ids=["same twice", "t+1 then t", "t+1 twice", "t then t-1", "t-1 twice"],
)
def test_no_step_twice_nor_an_earlier_one(place: Place, used: int, tried: int) -> None:
    """After a code was accepted, neither it nor an earlier one is, though still in the window."""
    first, second = place.code(steps=used), place.code(steps=tried)
    place.enter(code=first)
    with pytest.raises(WrongCredentials):
        place.enter(code=second)


def test_next_code_works(place: Place) -> None:
    """The next code logs in again."""
    place.enter()
    place.wait(seconds=30)
    place.enter()


def test_clock_jumps_back(place: Place) -> None:
    """When the clock is set back, the codes that were used do not work a second time."""
    spent = []
    for _ in range(4):
        spent.append(place.code())
        place.enter()
        place.wait(seconds=30)
    place.wait(seconds=-120)
    for code in spent:
        with pytest.raises(WrongCredentials):
            place.enter(code=code)
        place.wait(seconds=30)
    # Whoever cannot wait for the clock has the recovery codes.
    place.enter(code=place.person("alice").recovery_codes[0])


def test_code_that_confirmed_the_enrolment(place: Place) -> None:
    """The code that set-up asked for does not log in."""
    person, code = place.person("alice"), place.code()
    step = totp.matching_step(person.secret, code, place.now)
    assert step is not None
    assert place.accounts.accept_step("alice", step)
    with pytest.raises(WrongCredentials):
        place.enter(code=code)


@pytest.mark.parametrize("kind", ["code", "recovery code"])
@pytest.mark.parametrize("pendings", [1, 3])
def test_fifty_at_once(place: Place, in_parallel: InParallel, kind: str, pendings: int) -> None:
    """Of fifty parallel posts of one code, over one pending login or several, one gets in."""
    waiting = [begin(place) for _ in range(pendings)]
    code = place.code() if kind == "code" else place.person("alice").recovery_codes[0]
    turn = iter(range(50))
    outcomes = in_parallel(50, lambda: finish(place, waiting[next(turn) % pendings], code))
    tokens = [one for one in outcomes if isinstance(one, str)]
    assert len(tokens) == 1
    assert len(place.sessions.live()) == 1
    assert {type(one) for one in outcomes} <= {str, WrongCredentials, TooManyTries}
    assert place.vault.is_open


def test_one_login_gives_one_session(place: Place, in_parallel: InParallel) -> None:
    """Different right codes, posted at once for one pending login, give one session."""
    pending = begin(place)
    codes = iter([place.code(), place.code(steps=1), *place.person("alice").recovery_codes[:2]])
    outcomes = in_parallel(4, lambda: finish(place, pending, next(codes)))
    assert sum(isinstance(one, str) for one in outcomes) == 1
    assert len(place.sessions.live()) == 1


# ── between the steps ───────────────────────────────────────────────────────────────────────────


def test_second_step_without_the_first(place: Place) -> None:
    """A pending login that was made up is none."""
    made_up = Pending("token", "alice", place.now + timedelta(minutes=5))
    with pytest.raises(WrongCredentials):
        finish(place, made_up, place.code())
    assert place.log_in.pending("token") is None


def test_another_name_between_the_steps(place: Place) -> None:
    """A login that was begun as one person cannot be finished as another."""
    pending = begin(place)
    with pytest.raises(WrongCredentials):
        finish(place, replace(pending, username="bob"), place.code("bob"))
    with pytest.raises(WrongCredentials):
        finish(place, replace(pending, username="bob"), place.code("alice"))
    with pytest.raises(WrongCredentials):
        finish(place, pending, place.code("bob"))
    assert place.sessions.live() == ()


@pytest.mark.parametrize(
    "passed", [timedelta(minutes=5), timedelta(hours=9), timedelta(minutes=-1)]
)
def test_pending_login_expires(place: Place, passed: timedelta) -> None:
    """A login that waited five minutes, or whose clock was set back, cannot be finished."""
    pending = begin(place)
    place.now += passed
    assert place.log_in.pending(pending.token) is None
    with pytest.raises(WrongCredentials):
        finish(place, pending, place.code())


def test_pending_login_is_used_once(place: Place) -> None:
    """After a login its first step admits nobody again."""
    pending = begin(place)
    finish(place, pending, place.code())
    place.wait(seconds=30)
    with pytest.raises(WrongCredentials):
        finish(place, pending, place.code())


def roots() -> list[RootKey]:
    """Return the root keys that are in memory and not wiped."""
    gc.collect()
    found = []
    for one in gc.get_objects():
        if isinstance(one, RootKey):
            try:
                one.derive(b"test")
            except VaultSealed:
                continue
            found.append(one)
    return found


def waiting_roots(place: Place) -> list[RootKey]:
    """Return the root keys that pending logins hold."""
    return [one.root for one in place.log_in._waiting._kept.values()]


def test_expired_login_is_wiped(place: Place) -> None:
    """The key that a forgotten login holds leaves memory at the next sweep."""
    begin(place)
    (root,) = waiting_roots(place)
    place.wait(minutes=5)
    place.log_in.sweep()
    assert waiting_roots(place) == []
    with pytest.raises(VaultSealed):
        root.derive(b"test")


@pytest.mark.parametrize("end", ["finish", "close"])
def test_finished_login_is_wiped(place: Place, end: str) -> None:
    """A login that was finished, or cut off by the server's end, keeps no key of its own."""
    pending = begin(place)
    (root,) = waiting_roots(place)
    if end == "finish":
        finish(place, pending, place.code())
    else:
        place.log_in.close()
    with pytest.raises(VaultSealed):
        root.derive(b"test")


def test_pending_logins_are_few(place: Place) -> None:
    """Only the newest few logins of one account wait; the keys of the others are wiped."""
    pendings = []
    first_root = None
    for _ in range(8):
        pendings.append(begin(place))
        first_root = first_root or waiting_roots(place)[0]
    begin(place, "bob")
    alive = [place.log_in.pending(one.token) is not None for one in pendings]
    assert alive == [False] * 3 + [True] * 5
    assert first_root is not None
    with pytest.raises(VaultSealed):
        first_root.derive(b"test")


def test_token_does_not_show(place: Place) -> None:
    """A pending login does not print its token."""
    pending = begin(place)
    assert pending.token not in repr(pending)


# ── the budget of tries ─────────────────────────────────────────────────────────────────────────


def spend(place: Place, count: int, address: str = HERE) -> None:
    """Enter wrong passwords for Alice."""
    for _ in range(count):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step("alice", "wrong", address)


def test_sixth_try_waits(place: Place) -> None:
    """After five wrong passwords even the right one waits, unverified, from any address."""
    spend(place, 5)
    for address in (HERE, ELSEWHERE):
        with pytest.raises(TooManyTries) as caught:
            begin(place, address=address)
        assert caught.value.retry_after == 30
    begin(place, "bob")  # another account goes on
    place.wait(seconds=30)
    begin(place)


def test_waiting_costs_no_derivation(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A try that must wait is refused before any work is done for it."""
    spend(place, 5)
    monkeypatch.setattr(kdf, "argon2id", lambda *_: pytest.fail("derived"))
    with pytest.raises(TooManyTries):
        begin(place)


def test_unknown_names_wait_too(place: Place) -> None:
    """Being made to wait does not tell which names exist."""
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step("mallory", "wrong", HERE)
    with pytest.raises(TooManyTries):
        place.log_in.first_step("mallory", "wrong", HERE)


def test_right_password_does_not_refill(place: Place) -> None:
    """Whoever knows the password gets five guesses at the code, however often it is entered."""
    for _ in range(5):
        pending = begin(place)
        with pytest.raises(WrongCredentials):
            finish(place, pending, place.wrong_code())
    with pytest.raises(TooManyTries):
        finish(place, begin(place), place.code())
    with pytest.raises(TooManyTries):
        finish(place, pending, place.code())


def test_restart_does_not_refill(place: Place) -> None:
    """The wait outlives the server and the database's being closed."""
    spend(place, 5)
    again = place.restarted()
    with pytest.raises(TooManyTries):
        begin(again)
    again.close()


def test_login_refills_the_account(place: Place) -> None:
    """A complete login forgets the account's wrong tries."""
    spend(place, 4)
    place.enter()
    spend(place, 5)


def test_own_login_does_not_refill_the_address(place: Place) -> None:
    """Someone with an account of their own cannot guess at others' for ever from one address."""
    for number in range(20):
        if number % 4 == 3:
            place.wait(seconds=30)
            place.enter("bob")
        with pytest.raises(WrongCredentials):
            place.log_in.first_step(f"victim{number}", "guess", HERE)
    with pytest.raises(TooManyTries):
        place.log_in.first_step("victim", "guess", HERE)
    with pytest.raises(TooManyTries):
        begin(place, "bob")


def test_made_up_logins_count_for_the_address(place: Place) -> None:
    """Codes posted without a first step use up the address's tries, and nobody's account."""
    made_up = Pending("token", "alice", place.now)
    for _ in range(20):
        with pytest.raises(WrongCredentials):
            finish(place, made_up, "000000")
    with pytest.raises(TooManyTries):
        finish(place, made_up, "000000")
    begin(place, address=ELSEWHERE)


def test_parallel_guesses_are_counted(place: Place, in_parallel: InParallel) -> None:
    """Thirty wrong codes at once are five guesses, and twenty-five are told to wait."""
    pending = begin(place)
    wrong = place.wrong_code()
    outcomes = in_parallel(30, lambda: finish(place, pending, wrong))
    kinds = [type(one) for one in outcomes]
    assert kinds.count(WrongCredentials) == 5
    assert kinds.count(TooManyTries) == 25


# ── state that does not fit ─────────────────────────────────────────────────────────────────────


def test_account_without_second_factor(place: Place, foundation: object) -> None:
    """A password without an account in the database logs nobody in, and says what is wrong."""
    lonely = type(place)(place.path.parent / "other.db", foundation)  # type: ignore[arg-type]  # the fixture's own value
    pending = begin(lonely)
    with pytest.raises(StateUnusable, match="do not belong together"):
        finish(lonely, pending, place.code())
    assert not lonely.vault.is_open
    lonely.close()


def test_secret_of_another_account(place: Place) -> None:
    """A secret that was moved from one account's row to another's does not open."""
    other = type(place)(place.path.parent / "other.db", place.foundation)
    swapped = place.foundation.sealed["bob"]
    other.accounts.add(Account("alice", "Alice", swapped, totp.NO_STEP, True, place.now), ())
    with pytest.raises(StateUnusable, match="second factor"):
        finish(other, begin(other), other.code("bob"))
    other.close()


def test_vault_file_replaced_while_running(place: Place) -> None:
    """The key of another vault opens nothing, and the administrator is told what happened."""
    foreign, root = Keyring.create("alice", "correct horse battery", profile=kdf.OWASP_MINIMUM)
    key = root.derive(totp.SECRET_PURPOSE)
    root.wipe()
    sealed = totp.seal_secret(key, "alice", place.person("alice").secret)
    other = type(place)(place.path.parent / "other.db", place.foundation)
    other.accounts.add(Account("alice", "Alice", sealed, totp.NO_STEP, True, place.now), ())
    other.foundation = replace(other.foundation, keyring=foreign)
    with pytest.raises(StateUnusable, match="another vault"):
        finish(other, begin(other), other.code())
    assert not other.vault.is_open
    assert other.sessions.live() == ()
    other.close()


def test_failing_database_lets_nobody_in(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the session cannot be written there is none, and no key of it stays in memory."""
    before = set(roots())  # modules of other tests may hold keys of their own
    pending = begin(place)
    assert set(roots()) - before

    def fail(*_: object) -> None:
        raise StateUnusable("The disk is full.")

    monkeypatch.setattr(place.store, "add", fail)
    with pytest.raises(StateUnusable):
        finish(place, pending, place.code())
    assert not place.vault.is_open
    assert not set(roots()) - before


def test_uncounted_tries_are_not_verified(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """When tries cannot be counted nobody gets in: the limit fails closed."""

    def fail(*_: object) -> None:
        raise StateUnusable("The disk is full.")

    monkeypatch.setattr(place.attempts, "reserve", fail)
    monkeypatch.setattr(kdf, "argon2id", lambda *_: pytest.fail("derived"))
    with pytest.raises(StateUnusable):
        begin(place)


def test_two_right_codes_for_one_login(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a code and a recovery code that finish one login at the same moment, one gets in."""
    pending, accept = begin(place), place.log_in._accept
    entered = []

    def meanwhile(*args: Any) -> bool:
        monkeypatch.setattr(place.log_in, "_accept", accept)
        entered.append(finish(place, pending, place.person("alice").recovery_codes[0]))
        return accept(*args) or True  # the key was wiped, had it not been claimed as well

    monkeypatch.setattr(place.log_in, "_accept", meanwhile)
    with pytest.raises(WrongCredentials):
        finish(place, pending, place.code())
    assert place.sessions.live() == (place.sessions.authenticate(entered[0]),)
