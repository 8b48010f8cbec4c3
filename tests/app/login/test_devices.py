from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.app.login.budget import clear_tries
from jupyter_secure.errors import NotFound, TooManyTries, WrongCredentials
from jupyter_secure.identity.devices import KNOWN_FOR, MAX_PER_ACCOUNT
from jupyter_secure.identity.sessions import SessionPolicy, digest_token, new_token

if TYPE_CHECKING:
    from conftest import Place

HERE, ELSEWHERE = "192.0.2.7", "198.51.100.1"


def remembered(place: Place, name: str = "alice", **options: bool) -> str:
    """Log in completely and return what the device's cookie then holds."""
    _, session = place.enter(name)
    place.wait(seconds=30)
    return place.devices.remember(session, None, **options)


def hammer(place: Place, name: str = "alice", times: int = 5) -> None:
    """Guess at an account from elsewhere until it has to wait."""
    for number in range(times):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step(name, "wrong", f"203.0.113.{number}")


# ── the owner keeps a way in ────────────────────────────────────────────────────────────────────


def test_a_known_device_gets_in_while_others_hammer(place: Place) -> None:
    """Guessing from elsewhere makes strangers wait, not who has logged in on this device before."""
    token, password = remembered(place), place.person("alice").password
    hammer(place)
    with pytest.raises(TooManyTries):
        place.log_in.first_step("alice", password, HERE)
    pending = place.log_in.first_step("alice", password, HERE, token)
    place.log_in.second_step(pending, place.code(), HERE, "Browser/1")
    with pytest.raises(TooManyTries):  # whose guesses are not given back by that
        place.log_in.first_step("alice", password, ELSEWHERE)


def test_a_known_device_gets_in_from_a_blocked_address(place: Place) -> None:
    """Nor does whoever shares the owner's address keep the owner out."""
    token = remembered(place)
    for number in range(20):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step(f"name {number}", "wrong", HERE)
    with pytest.raises(TooManyTries):
        place.log_in.first_step("bob", place.person("bob").password, HERE)
    place.log_in.first_step("alice", place.person("alice").password, HERE, token)


def test_a_known_device_has_limits_of_its_own(place: Place) -> None:
    """A stolen device cookie buys five tries and then the same waits, and only on its account."""
    token = remembered(place)
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step("alice", "wrong", HERE, token)
    with pytest.raises(TooManyTries):
        place.log_in.first_step("alice", place.person("alice").password, HERE, token)
    place.log_in.first_step("alice", place.person("alice").password, HERE)
    hammer(place, "bob")
    with pytest.raises(TooManyTries):
        place.log_in.first_step("bob", place.person("bob").password, HERE, token)


def test_codes_on_a_known_device(place: Place) -> None:
    """Wrong codes count on the device, in another tally than its wrong passwords."""
    token, password = remembered(place), place.person("alice").password
    for _ in range(5):
        pending = place.log_in.first_step("alice", password, HERE, token)
        with pytest.raises(WrongCredentials):
            place.log_in.second_step(pending, place.wrong_code(), HERE, "")
    pending = place.log_in.first_step("alice", password, HERE, token)
    with pytest.raises(TooManyTries):
        place.log_in.second_step(pending, place.code(), HERE, "")
    pending = place.log_in.first_step("alice", password, HERE)
    place.log_in.second_step(pending, place.code(), HERE, "")


def test_a_recovery_code_gets_in_while_others_hammer(place: Place) -> None:
    """With a recovery code beside the password the account's wait does not hold its owner."""
    person = place.person("alice")
    spare = person.recovery_codes[0]
    hammer(place)
    for number in range(20):  # and the address that they share
        with pytest.raises(WrongCredentials):
            place.log_in.first_step(f"name {number}", "wrong", HERE)
    pending = place.log_in.first_step("alice", person.password, HERE, None, spare)
    assert place.accounts.remaining_recovery_codes("alice") == 10
    place.log_in.second_step(pending, spare, HERE, "Browser/1")
    hammer(place, times=5)
    for useless in (spare, place.person("bob").recovery_codes[0], "abcd-efgh-ijkl-mnop", ""):
        with pytest.raises(TooManyTries):
            place.log_in.first_step("alice", person.password, HERE, None, useless)


def test_a_recovery_code_gets_past_a_blocked_second_step(place: Place) -> None:
    """When the wrong codes have run out, a recovery code still gets in."""
    person = place.person("alice")
    for _ in range(5):
        pending = place.log_in.first_step("alice", person.password, HERE)
        with pytest.raises(WrongCredentials):
            place.log_in.second_step(pending, place.wrong_code(), HERE, "")
    pending = place.log_in.first_step("alice", person.password, HERE)
    with pytest.raises(TooManyTries):
        place.log_in.second_step(pending, place.code(), HERE, "")
    place.log_in.second_step(pending, person.recovery_codes[0], HERE, "")


def test_who_holds_a_recovery_code_guesses_no_faster(place: Place) -> None:
    """A recovery code gives five tries at the password, as everyone has, and is not used up."""
    spare = place.person("alice").recovery_codes[0]
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step("alice", "wrong", HERE, None, spare)
    with pytest.raises(TooManyTries):
        place.log_in.first_step("alice", "wrong", HERE, None, spare)
    assert place.accounts.remaining_recovery_codes("alice") == 10


def test_whoever_runs_the_server_can_clear_the_tries(place: Place) -> None:
    """After clearing, account and device have their tries back."""
    token = remembered(place)
    hammer(place)
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            place.log_in.first_step("alice", "wrong", HERE, token)
    clear_tries(place.attempts, "alice", [one.digest for one in place.devices.list("alice")])
    for device in (token, None):
        place.log_in.first_step("alice", place.person("alice").password, HERE, device)


# ── being known ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("token", [None, "", "nonsense", "x" * 100_000, "\udc80"])
def test_unknown_tokens(place: Place, token: str | None) -> None:
    """What was not given out names no device, whatever it looks like."""
    remembered(place)
    assert place.devices.known(token, "alice") is None


def test_only_of_its_account(place: Place) -> None:
    """A device of one account is none of another's."""
    token = remembered(place)
    assert place.devices.known(token, "alice") is not None
    assert place.devices.known(token, "bob") is None


def test_a_device_is_forgotten_when_it_is_not_used(place: Place) -> None:
    """A device is known for half a year from the last login on it."""
    token = remembered(place)
    place.now += KNOWN_FOR / 2
    _, session = place.enter()
    assert place.devices.remember(session, token) == token
    place.now += KNOWN_FOR * 0.9
    assert place.devices.known(token, "alice") is not None
    place.now += KNOWN_FOR * 0.1
    assert place.devices.known(token, "alice") is None
    assert place.devices.list("alice") == ()


def test_a_planted_token_is_not_taken_over(place: Place) -> None:
    """A token that someone put into the browser, or another account's, is replaced by a new one."""
    bobs = remembered(place, "bob")
    for planted in (new_token(), bobs, "x"):
        _, session = place.enter()
        place.wait(seconds=30)
        assert place.devices.remember(session, planted) != planted
    assert place.devices.known(bobs, "bob") is not None


def test_only_the_digest_is_kept(place: Place) -> None:
    """Nothing in the state would make a browser a known one."""
    token = remembered(place)
    place.database.close()
    kept = b"".join(file.read_bytes() for file in place.path.parent.glob("state.db*"))
    assert token.encode() not in kept
    assert digest_token(token) in kept


def test_the_session_knows_its_device(place: Place) -> None:
    """The list of sessions can tell on which device each was begun."""
    token, session = place.enter()
    place.devices.remember(session, None)
    (device,) = place.devices.list("alice")
    found = place.sessions.authenticate(token)
    assert found is not None
    assert found.device == device.public_id
    assert device.name == "Browser"


def test_forgetting_one_and_all(place: Place) -> None:
    """A forgotten device is unknown at once; another account's cannot be forgotten."""
    tokens = [remembered(place) for _ in range(3)]
    remembered(place, "bob")
    (bobs,) = place.devices.list("bob")
    with pytest.raises(NotFound):
        place.devices.forget("alice", bobs.public_id)
    newest = place.devices.list("alice")[0]
    place.devices.forget("alice", newest.public_id)
    assert [place.devices.known(one, "alice") is None for one in tokens] == [False, False, True]
    assert place.devices.forget_all("alice") == 2
    assert len(place.devices.list("bob")) == 1


def test_no_more_devices_than_anyone_has(place: Place) -> None:
    """A script that logs in afresh each time does not fill the table."""
    for _ in range(MAX_PER_ACCOUNT + 3):
        token = remembered(place)
    assert len(place.devices.list("alice")) == MAX_PER_ACCOUNT
    assert place.devices.known(token, "alice") is not None


def test_a_device_of_before_a_change_is_not_brought_back(place: Place) -> None:
    """A login that finishes while the password is changed leaves no known device."""
    _, session = place.enter()
    account = place.accounts.get("alice")
    real = place.accounts.get
    place.factor_store.raise_generation("alice", None)
    place.devices._accounts.get = lambda _: account  # type: ignore[method-assign]  # the moment before
    token = place.devices.remember(session, None)
    place.devices._accounts.get = real  # type: ignore[method-assign]
    assert place.devices.known(token, "alice") is None


# ── trust ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def trusting(place: Place) -> Iterator[Place]:
    """Return the same place where devices may be trusted for thirty days."""
    policy = SessionPolicy(trusted_device_days=30)
    other = type(place)(place.path, place.foundation, "trusting", place.now, policy)
    yield other
    other.close()


def trusted(place: Place, token: str | None, name: str = "alice") -> bool:
    pending = place.log_in.first_step(name, place.person(name).password, HERE, token)
    return place.log_in.is_trusted(pending)


def test_a_trusted_device_needs_no_code(trusting: Place) -> None:
    """The password alone gives a session on it, which is not elevated."""
    token = remembered(trusting, trust=True)
    password = trusting.person("alice").password
    pending = trusting.log_in.first_step("alice", password, HERE, token)
    cookie, session = trusting.log_in.without_code(pending, HERE, "Browser/1")
    assert trusting.sessions.authenticate(cookie) == session
    assert trusting.sessions.elevated_seconds_left(session) == 0
    with pytest.raises(WrongCredentials):
        trusting.log_in.without_code(pending, HERE, "Browser/1")


def test_trust_is_off_unless_it_is_switched_on(place: Place, trusting: Place) -> None:
    """Without the setting nobody can ask for it, and what was granted before counts no more."""
    assert not trusted(place, remembered(place, trust=True))
    place.wait(seconds=30)
    trusting.now = place.now
    token = remembered(trusting, trust=True)
    assert trusted(trusting, token)
    assert not trusted(place, token)


def test_trust_has_to_be_asked_for(trusting: Place) -> None:
    """A device that is merely known is asked for a code."""
    token = remembered(trusting)
    assert not trusted(trusting, token)
    pending = trusting.log_in.first_step("alice", trusting.person("alice").password, HERE, token)
    with pytest.raises(WrongCredentials):
        trusting.log_in.without_code(pending, HERE, "Browser/1")


@pytest.mark.parametrize("waits", [{"days": 30}, {"minutes": -5}])
def test_trust_runs_out(trusting: Place, waits: dict[str, float]) -> None:
    """After its days, and when the clock was set back, a code is asked for again."""
    token = remembered(trusting, trust=True)
    assert trusted(trusting, token)
    trusting.wait(**waits)
    assert not trusted(trusting, token)


def test_a_shorter_limit_holds_at_once(trusting: Place) -> None:
    """What was granted for longer than is allowed now is none."""
    token = remembered(trusting, trust=True)
    trusting.devices.trusted_days = 7
    assert not trusted(trusting, token)


def test_trust_ends_with_a_change_or_by_hand(trusting: Place) -> None:
    """A change of password or factors ends it, and so does forgetting the device."""
    for end in (
        lambda: trusting.factor_store.raise_generation("alice", None),
        lambda: trusting.devices.forget_all("alice"),
    ):
        token = remembered(trusting, trust=True)
        password = trusting.person("alice").password
        pending = trusting.log_in.first_step("alice", password, HERE, token)
        assert trusting.log_in.is_trusted(pending)
        end()
        with pytest.raises(WrongCredentials):
            trusting.log_in.without_code(pending, HERE, "Browser/1")
        assert not trusted(trusting, token)


def test_anothers_trusted_device_is_none(trusting: Place) -> None:
    """Trust is an account's: on the same browser another account is asked for its code."""
    assert not trusted(trusting, remembered(trusting, trust=True), "bob")
