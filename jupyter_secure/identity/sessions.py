"""Sessions: what a login gives, how long it lives, and when it counts as elevated.

The cookie holds a random token and nothing else. The server keeps its digest, so that reading the
state does not let anyone log in. A session belongs to one run of the server: the vault is sealed
when a server starts, so a session that outlived its run would be a login without the keys.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

#: How far a clock may be set back before what it granted ends (small steps are NTP's business).
CLOCK_TOLERANCE = timedelta(minutes=2)
#: How long the token of before a step up still finds the session, un-elevated: requests that were
#: under way when the cookie changed must not come back as "not logged in".
GRACE = timedelta(seconds=20)


@dataclass(frozen=True)
class Session:
    """One login in one browser.

    ``id_digest`` is the SHA-256 of the cookie's token; ``public_id`` names the session to people
    and programs and grants nothing. ``address`` is where it was last seen from. After a step up the
    cookie's token is another: ``previous_digest`` is the one before and ``rotated_at`` when it was
    changed. ``device`` is the public id of the known device it was begun on.
    """

    id_digest: bytes
    public_id: str
    username: str
    created_at: datetime
    last_seen_at: datetime
    elevated_until: datetime | None
    address: str
    user_agent: str
    run_id: str
    previous_digest: bytes | None = None
    rotated_at: datetime | None = None
    device: str | None = None


@dataclass(frozen=True)
class SessionPolicy:
    """How long things last.

    Each limit must be positive: zero would mean "never" to some readers. Only trusting devices may
    be 0, which is to trust none.
    """

    idle_minutes: float = 60
    max_hours: float = 12
    elevation_minutes: float = 10
    #: For how many days a trusted device is not asked for a code; 0 trusts none.
    trusted_device_days: int = 0

    def __post_init__(self) -> None:
        limits = (self.idle_minutes, self.max_hours, self.elevation_minutes)
        # Written so that nan, which compares false with everything, is refused too.
        if not all(limit > 0 for limit in limits):
            raise ValueError("session limits must be positive")
        if self.trusted_device_days < 0:
            raise ValueError("a device cannot be trusted for less than no time")


class SessionStore(Protocol):
    """Where sessions are kept. Every method may raise ``StateUnusable``."""

    def add(self, session: Session, generation: int | None = None) -> bool:
        """Keep a new session, unless its account is not of that ``generation`` any more."""
        ...

    def by_digest(self, id_digest: bytes) -> Session | None:
        """Return the session of that digest, live or not. Read on every request: quick."""
        ...

    def by_previous_digest(self, id_digest: bytes) -> Session | None:
        """Return the session whose token this was before the last step up."""
        ...

    def rotate(
        self, session: Session, id_digest: bytes, now: datetime, elevated_until: datetime | None
    ) -> bool:
        """Give ``session`` another digest, and elevate it in the same moment unless ``None``.

        Atomic: of any number of callers who saw the same digest one gets ``True``. False also if
        it is gone.
        """
        ...

    def touch(self, public_id: str, now: datetime, address: str) -> bool:
        """Note that it was seen; never moves back in time. False if it is gone."""
        ...

    def elevate(self, public_id: str, until: datetime) -> bool:
        """Note until when it is elevated. False if it is gone."""
        ...

    def remove(self, public_id: str) -> bool:
        """Forget one session; say whether it was there."""
        ...

    def remove_many(self, public_ids: Collection[str]) -> None:
        """Forget these sessions, in one go."""
        ...

    def remove_created_before(self, moment: datetime) -> int:
        """Forget every run's sessions that were created before ``moment``; return how many."""
        ...

    def of_run(self, run_id: str) -> tuple[Session, ...]:
        """Return the sessions of one run of the server, oldest first."""
        ...


def new_token() -> str:
    """Return a fresh session token: 256 random bits, safe in a cookie."""
    return secrets.token_urlsafe(32)


def digest_token(token: str) -> bytes:
    """Return what is kept of a token. 256 random bits need no slow hash and no salt."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def expires_at(session: Session, policy: SessionPolicy) -> datetime:
    """Return when the session ends whatever happens."""
    return session.created_at + timedelta(hours=policy.max_hours)


def idle_expires_at(session: Session, policy: SessionPolicy) -> datetime:
    """Return when the session ends if nobody does anything."""
    return session.last_seen_at + timedelta(minutes=policy.idle_minutes)


def seconds_left(session: Session, policy: SessionPolicy, now: datetime) -> int:
    """Return the whole seconds until the session ends by either limit; 0 if it has ended."""
    if not is_live(session, policy, now):
        return 0
    ends = min(expires_at(session, policy), idle_expires_at(session, policy))
    return int((ends - now).total_seconds())


def is_live(session: Session, policy: SessionPolicy, now: datetime) -> bool:
    """Say whether the session still counts.

    A clock that was set back ends it: else setting the clock would prolong a login.
    """
    newest = max(session.created_at, session.last_seen_at)
    return newest - CLOCK_TOLERANCE <= now < expires_at(session, policy) and now < idle_expires_at(
        session, policy
    )


def limit_reached(session: Session, policy: SessionPolicy, now: datetime) -> str:
    """Return the word for the limit that ended a session."""
    if now >= expires_at(session, policy):
        return "max-hours"
    return "idle" if now >= idle_expires_at(session, policy) else "clock"


def is_superseded(session: Session) -> bool:
    """Say whether ``session`` was found by the token that it had before its last step up."""
    return session.id_digest == session.previous_digest


def in_grace(session: Session, now: datetime) -> bool:
    """Say whether the token of before the last step up still finds the session.

    A clock that was set back does not give it a second life.
    """
    return session.rotated_at is not None and timedelta(0) <= now - session.rotated_at < GRACE


def elevated_seconds_left(session: Session, policy: SessionPolicy, now: datetime) -> int:
    """Return for how many more seconds, rounded up, the session counts as elevated; 0 if not.

    More than ``elevation_minutes`` ahead can only mean that the clock was set back: that is 0 too.
    """
    if session.elevated_until is None:
        return 0
    left = session.elevated_until - now
    if not timedelta(0) < left <= timedelta(minutes=policy.elevation_minutes) + CLOCK_TOLERANCE:
        return 0
    return -(-left // timedelta(seconds=1))
