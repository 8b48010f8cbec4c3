from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_secure.errors import TooManyTries
from jupyter_secure.identity import throttle, totp
from jupyter_secure.identity.throttle import (
    PER_ACCOUNT,
    PER_ADDRESS,
    PER_CODE,
    AttemptPolicy,
    Tally,
)

START = datetime(2030, 1, 1, tzinfo=timezone.utc)


def after(seconds: float) -> datetime:
    """Return the moment that long after the start."""
    return START + timedelta(seconds=seconds)


def fail(tally: Tally | None, times: int, now: datetime) -> tuple[Tally, datetime]:
    """Let that many tries fail, each as soon as it may be made."""
    for _ in range(times):
        if tally is not None and tally.blocked_until is not None:
            now = max(now, tally.blocked_until)
        tally = throttle.reserve(tally, PER_ACCOUNT, now)
    assert tally is not None
    return tally, now


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        (PER_ACCOUNT, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]),
        (PER_ADDRESS, [0] * 19 + [30, 60, 120, 240, 480, 900, 900]),
    ],
    ids=["account", "address"],
)
def test_waits(policy: AttemptPolicy, waits: list[int]) -> None:
    """The free tries cost nothing; each further one doubles the wait, up to a quarter hour."""
    tally, now, seen = None, START, []
    for _ in waits:
        tally = throttle.reserve(tally, policy, now)
        until = tally.blocked_until or now
        seen.append(int((until - now).total_seconds()))
        now = until
    assert seen == waits


def test_wait_is_told_and_not_prolonged() -> None:
    """A try during the wait is told how long, rounded up, and does not lengthen it."""
    tally, now = fail(None, 5, START)
    for _ in range(100):
        with pytest.raises(TooManyTries) as caught:
            throttle.reserve(tally, PER_ACCOUNT, now + timedelta(seconds=12.5))
        assert caught.value.retry_after == 18
    assert throttle.reserve(tally, PER_ACCOUNT, now + timedelta(seconds=30)).count == 6


def test_forgotten_after_a_day() -> None:
    """A tally is forgotten a day after its first try, and not a second earlier."""
    tally = throttle.reserve(None, PER_ACCOUNT, START)
    assert throttle.reserve(tally, PER_ACCOUNT, after(86_399)).count == 2
    assert throttle.reserve(tally, PER_ACCOUNT, after(86_400)).count == 1


def test_no_wait_is_cut_short_by_forgetting() -> None:
    """A wait that reaches past the day is served to its end."""
    tally = Tally(count=12, since=START, blocked_until=after(86_700))
    with pytest.raises(TooManyTries):
        throttle.reserve(tally, PER_ACCOUNT, after(86_500))


def test_clock_set_back_a_little() -> None:
    """A clock that jumps back a minute leaves the wait standing."""
    tally, now = fail(None, 9, START)
    with pytest.raises(TooManyTries):
        throttle.reserve(tally, PER_ACCOUNT, now - timedelta(seconds=60))


def test_clock_set_back_without_a_wait() -> None:
    """A clock that jumps back makes nobody wait who had not to."""
    tally, now = fail(None, 2, START)
    assert throttle.reserve(tally, PER_ACCOUNT, now - timedelta(seconds=60)).count == 3


def test_clock_set_back_a_year() -> None:
    """A clock that was a year ahead locks nobody out for a year, and keeps the count."""
    tally, now = fail(None, 9, START)
    earlier = now - timedelta(days=365)
    tally = throttle.reserve(tally, PER_ACCOUNT, earlier)
    assert tally.count == 10
    assert tally.blocked_until == earlier + timedelta(minutes=15)
    # From here on the corrected clock counts: the tally does get forgotten.
    assert throttle.reserve(tally, PER_ACCOUNT, earlier + timedelta(days=1)).count == 1


def test_a_right_try_gives_back_only_itself() -> None:
    """After a refund the tally and the wait are as if the right try had not been made."""
    before, now = fail(None, 3, START)
    reserved = throttle.reserve(before, PER_ACCOUNT, now)
    after_refund = throttle.refund(reserved, PER_ACCOUNT, reserved)
    assert after_refund.count == 3
    assert after_refund == before


def test_right_password_buys_no_guesses_at_the_code() -> None:
    """Alternating a right first step and a wrong code waits as wrong codes alone do."""
    tally, now, guesses = None, START, 0
    end = after(3600)
    while now < end:
        try:
            reserved = throttle.reserve(tally, PER_ACCOUNT, now)
            tally = throttle.refund(reserved, PER_ACCOUNT, reserved)
            tally = throttle.reserve(tally, PER_ACCOUNT, now)
            guesses += 1
        except TooManyTries as refused:
            now += timedelta(seconds=refused.retry_after)
    assert guesses == 12  # 5 free, then after 30, 90, 210, 450, 930, 1830, 2730 seconds


def test_refund_spares_anothers_wait() -> None:
    """A right try that is slow does not cut short the wait that wrong ones brought on meanwhile."""
    slow, began = fail(None, 7, START)
    meanwhile, _ = fail(slow, 1, began)
    refunded = throttle.refund(meanwhile, PER_ACCOUNT, slow)
    assert refunded.count == 7
    assert refunded.blocked_until == meanwhile.blocked_until


def test_refund_of_what_was_forgotten() -> None:
    """A refund for a tally that was cleared meanwhile gives nothing back to the new one."""
    old = throttle.reserve(None, PER_ACCOUNT, START)
    new, _ = fail(None, 2, after(10))
    assert throttle.refund(new, PER_ACCOUNT, old) == new


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "address:192.0.2.7"),
        ("::ffff:192.0.2.7", "address:192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "address:2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "address:2001:db8:1:2::/64"),
        ("fe80::1%eth0", "address:fe80::/64"),
        ("unix", "address:local"),
        ("", "address:local"),
    ],
)
def test_address_keys(address: str, key: str) -> None:
    """An IPv6 household shares one key; what is no address shares one too."""
    assert throttle.address_key(address) == key


def test_account_keys_hide_the_name() -> None:
    """What was typed as a name, perhaps a password, is not kept."""
    key = throttle.account_key("hunter2")
    assert "hunter2" not in key
    assert key == throttle.account_key("hunter2") != throttle.account_key("hunter3")
    assert throttle.account_key("\udc80").startswith("account:")


@pytest.mark.parametrize(
    ("policy", "days", "most"),
    [(PER_ACCOUNT, 1, 104), (PER_CODE, 1, 23), (PER_CODE, 7, 95), (PER_ADDRESS, 1, 119)],
    ids=["passwords", "codes", "codes in a week", "address"],
)
def test_wrong_tries_that_an_attacker_gets(policy: AttemptPolicy, days: int, most: int) -> None:
    """The numbers in docs/explanation/how-login-works.md are what the policies give."""
    assert throttle.most_tries(policy, timedelta(days=days)) == most


def test_a_week_of_codes_is_written_down() -> None:
    """The page names the numbers that the policies give, and the chance they are of a code."""
    page = Path(__file__).parents[2] / "docs" / "explanation" / "how-login-works.md"
    text = page.read_text()
    week = throttle.most_tries(PER_CODE, timedelta(days=7))
    right = 2 * totp.WINDOW + 1
    year = 1 - (1 - right / 10**totp.DIGITS) ** (week * 365 / 7)
    for number in (
        f"{throttle.most_tries(PER_ACCOUNT, timedelta(days=1))} wrong passwords",
        f"{throttle.most_tries(PER_CODE, timedelta(days=1))} wrong codes",
        f"{week} in a week",
        f"{100 * year:.1f} %",
    ):
        assert number in text, number


def test_each_kind_of_try_has_a_tally_of_its_own() -> None:
    """Who uses up one kind of tries keeps nobody from another, on a known device neither."""
    keys = [key(name) for key in throttle.ACCOUNT_KEYS for name in ("alice", "bob")]
    keys += [throttle.device_key(bytes(32), kind) for kind in ("account", "code")]
    keys += [throttle.address_key(one) for one in ("192.0.2.7", "2001:db8::1", "alice")]
    assert len(set(keys)) == len(keys) == 17
