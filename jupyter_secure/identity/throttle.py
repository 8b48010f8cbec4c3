"""Limits on guessing: a few free tries, then a wait that doubles.

A try is counted *before* it is verified and given back if it was right, so that tries made in
parallel cannot slip through between the check and the count. Tries made during a wait are refused
unverified and not counted: nobody can prolong another's wait by hammering.

Passwords and codes are counted apart. Tries from a device that the account has logged in on before
are counted on that device and on nothing else, so that whoever guesses from elsewhere does not keep
the owner out.

Only a complete login clears the tally that it drew on. A right first step gives back its own try
and no more, so a known password does not buy more guesses at the code; and tallies are stored, so a
restart does not either.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Protocol

from jupyter_secure.errors import TooManyTries


@dataclass(frozen=True)
class AttemptPolicy:
    """``free`` wrong tries cost nothing; each further one waits twice as long as the last."""

    free: int
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(minutes=15)
    forget_after: timedelta = timedelta(hours=24)

    def wait_after(self, count: int) -> timedelta:
        """Return how long to wait after the try that made the tally ``count``."""
        if count < self.free:
            return timedelta(0)
        doublings = min(count - self.free, 16)
        return min(self.first_wait * (1 << doublings), self.longest_wait)


PER_ACCOUNT = AttemptPolicy(free=5)
#: Slower and remembered for longer: there are only a million codes, and whoever tries one has the
#: password, so a stranger who knows a name cannot make its owner wait this long.
PER_CODE = AttemptPolicy(free=5, longest_wait=timedelta(hours=2), forget_after=timedelta(days=7))
#: After this long no policy remembers a tally.
LONGEST_MEMORY = timedelta(days=7)
#: More, because one address can be many people behind one router.
PER_ADDRESS = AttemptPolicy(free=20)


@dataclass(frozen=True)
class Tally:
    """What is counted for one key: the tries, since when, and until when to wait, if at all."""

    count: int
    since: datetime
    blocked_until: datetime | None


class Attempts(Protocol):
    """Where tallies are kept. Every method may raise ``StateUnusable``: then nobody gets in."""

    def reserve(self, key: str, policy: AttemptPolicy, now: datetime) -> Tally:
        """Count one try, atomically; raises ``TooManyTries`` if it must wait instead."""
        ...

    def refund(self, key: str, policy: AttemptPolicy, reserved: Tally) -> None:
        """Give back the try that ``reserve`` answered ``reserved`` for: it was right."""
        ...

    def clear(self, key: str) -> None:
        """Forget the tally: someone logged in completely."""
        ...


def reserve(tally: Tally | None, policy: AttemptPolicy, now: datetime) -> Tally:
    """Return the tally with one more try, or raise ``TooManyTries``.

    ``None`` stands for a key without a tally. A tally is forgotten ``forget_after`` its first try,
    but never in the middle of a wait.
    """
    if tally is not None and tally.blocked_until is not None and now < tally.blocked_until:
        left = tally.blocked_until - now
        # A wait longer than the longest means that the clock was set back: a clock that was
        # wrong for a moment must not lock the owner out for a year.
        if left <= policy.longest_wait:
            raise TooManyTries(-(-left // timedelta(seconds=1)))
    if tally is None or now - tally.since >= policy.forget_after:
        tally = Tally(count=0, since=now, blocked_until=None)
    count = tally.count + 1
    wait = policy.wait_after(count)
    # A clock that was set back keeps the count: it must not refill the budget either.
    return Tally(count, min(tally.since, now), now + wait if wait else None)


def most_tries(policy: AttemptPolicy, span: timedelta) -> int:
    """Return how many wrong tries fit into ``span`` for who makes each as early as it may be.

    Begins with a budget of which nothing was used.
    """
    start = now = datetime(2000, 1, 1, tzinfo=timezone.utc)
    tally: Tally | None = None
    tries = 0
    while now < start + span:
        tally = reserve(tally, policy, now)
        tries += 1
        now = tally.blocked_until or now
    return tries


def refund(tally: Tally, policy: AttemptPolicy, reserved: Tally) -> Tally:
    """Return the tally without the try that was ``reserved``.

    The wait that this try brought on ends with it. A wait that a later, wrong try brought on
    stays.
    """
    if tally.since != reserved.since or tally.count == 0:
        return tally  # it was forgotten or cleared meanwhile: there is nothing to give back
    count = tally.count - 1
    if count < policy.free or tally.blocked_until == reserved.blocked_until:
        return Tally(count, tally.since, None)
    return replace(tally, count=count)


def account_key(username: str) -> str:
    """Return the key of an account. A digest: people type passwords into the name field."""
    return "account:" + hashlib.sha256(username.encode(errors="surrogatepass")).hexdigest()


def code_key(username: str) -> str:
    """Return the key of an account's tries at the code of the second step.

    Apart from those at the password: only who has that gets here.
    """
    return account_key(username).replace("account:", "code:", 1)


def spare_key(username: str) -> str:
    """Return the key of an account's tries at the password by who holds a recovery code."""
    return account_key(username).replace("account:", "spare:", 1)


def elevation_key(username: str) -> str:
    """Return the key of an account's tries to elevate, which only its own sessions can make.

    Apart from logging in: a stranger who guesses at a login must not keep out who is in.
    """
    return account_key(username).replace("account:", "elevation:", 1)


def passphrase_key(username: str) -> str:
    """Return the key of an account's tries at the passphrases of files, of all files together.

    Apart from logging in and elevating, whose tries nobody else may use up.
    """
    return account_key(username).replace("account:", "passphrase:", 1)


def change_key(username: str) -> str:
    """Return the key of an account's tries to confirm its password before changing it."""
    return account_key(username).replace("account:", "change:", 1)


#: The tallies of one account; its devices have theirs besides.
ACCOUNT_KEYS = (account_key, code_key, spare_key, elevation_key, passphrase_key, change_key)


def device_key(digest: bytes, key: str = "account") -> str:
    """Return the key of a known device, by its digest, for what the tries are at."""
    return f"{key}-device:{digest.hex()}"


def address_key(address: str) -> str:
    """Return the key of a client address: an IPv4 address, or the /64 of an IPv6 one.

    A /64 is what one household gets, so its 2^64 addresses share one budget. What is no IP address
    (a UNIX socket) shares one key too.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "address:local"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return f"address:{ipaddress.ip_network((ip, 64), strict=False)}"
        return f"address:{ip.ipv4_mapped}"
    return f"address:{ip}"
