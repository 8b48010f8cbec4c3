"""Challenges for passkeys: made here, good for one answer, to one question, for a few minutes.

They are kept in memory: a server that was restarted has asked nobody anything. W3C Web
Authentication Level 3, section 13.4.3.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.relying_party import RelyingParty

#: As long as a login waits for its second step.
GOOD_FOR = timedelta(minutes=5)
CHALLENGE_BYTES = 32
#: Of strangers, who may ask for as many as they like. The oldest go first.
MOST_KEPT = 2000


class Purpose(Enum):
    """What a passkey's answer is for. An answer to one question is none to another."""

    REGISTER = "register"
    SECOND_STEP = "second-step"
    LOG_IN = "log-in"
    ELEVATE = "elevate"
    OPEN_VAULT = "open-vault"


@dataclass(frozen=True)
class Challenge:
    """One question. ``bound_to`` names what the answer is for: a session, a login, a passkey."""

    value: bytes = field(repr=False)
    purpose: Purpose
    bound_to: str
    place: RelyingParty
    made_at: datetime
    user_handle: bytes = field(default=b"", repr=False)

    def is_current(self, now: datetime) -> bool:
        """Say whether it may still be answered; a clock that was set back ends it."""
        return self.made_at <= now < self.made_at + GOOD_FOR


class Challenges:
    """Those that wait for an answer; safe for several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Strangers' apart: they must not push out those of people who are logged in.
        self._strangers: dict[bytes, Challenge] = {}
        self._known: dict[bytes, Challenge] = {}

    def make(
        self, purpose: Purpose, bound_to: str, place: RelyingParty, user_handle: bytes = b""
    ) -> Challenge:
        """Ask something new. What was asked for the same thing before counts no more."""
        challenge = Challenge(
            secrets.token_bytes(CHALLENGE_BYTES),
            purpose,
            bound_to,
            place,
            self._clock(),
            user_handle,
        )
        kept = self._of(purpose)
        with self._lock:
            if purpose is not Purpose.LOG_IN:
                asked = (purpose, bound_to)
                for one in [v for v in kept.values() if (v.purpose, v.bound_to) == asked]:
                    del kept[one.value]
            for old in list(kept)[: max(0, len(kept) - MOST_KEPT + 1)]:
                del kept[old]
            kept[challenge.value] = challenge
        return challenge

    def take(self, value: bytes, purpose: Purpose, bound_to: str) -> Challenge | None:
        """Return the challenge with that value, which is used up by this, if it was for that."""
        with self._lock:
            challenge = self._of(purpose).pop(value, None)
        if challenge is None or not challenge.is_current(self._clock()):
            return None
        fits = challenge.purpose is purpose and challenge.bound_to == bound_to
        return challenge if fits else None

    def _of(self, purpose: Purpose) -> dict[bytes, Challenge]:
        return self._strangers if purpose is Purpose.LOG_IN else self._known
