"""An authenticator that is being set up: in force only once a code of it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

#: How long the secret that is on the screen may be confirmed.
LASTS = timedelta(minutes=15)


@dataclass(frozen=True)
class Enrolment:
    """``secret_sealed`` is sealed as that of an account is (``totp.seal_secret``)."""

    username: str
    secret_sealed: bytes
    began_at: datetime


class EnrolmentStore(Protocol):
    """Where enrolments are kept, one of an account. Every method may raise ``StateUnusable``."""

    def get(self, username: str) -> Enrolment | None:
        """Return what the account has begun."""
        ...

    def put(self, enrolment: Enrolment) -> None:
        """Keep it, in the place of any that was begun before."""
        ...

    def remove(self, username: str) -> None:
        """Forget it."""
        ...


def is_current(enrolment: Enrolment, now: datetime) -> bool:
    """Say whether it may still be confirmed. A clock that was set back ends it."""
    return timedelta(0) <= now - enrolment.began_at < LASTS
