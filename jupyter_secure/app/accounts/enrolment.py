"""A second factor from the beginning: a secret, its picture's text, recovery codes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from jupyter_secure.identity import recovery_codes, totp
from jupyter_secure.identity.team import NewFactor


@dataclass(frozen=True)
class Enrolment:
    """What a person is shown once, and what is kept of it. In memory only, until it is kept."""

    username: str
    totp_secret: str = field(repr=False)
    totp_uri: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)
    sealed: bytes = field(repr=False)
    step: int = totp.NO_STEP
    confirmed: bool = False

    @classmethod
    def begin(cls, key: bytes, username: str) -> Enrolment:
        """Make one; ``key`` is what the root key derives for ``totp.SECRET_PURPOSE``."""
        secret = totp.new_secret()
        return cls(
            username=username,
            totp_secret=secret,
            totp_uri=totp.provisioning_uri(secret, username),
            recovery_codes=recovery_codes.generate(),
            sealed=totp.seal_secret(key, username, secret),
        )

    def confirm(self, code: str, now: datetime) -> Enrolment | None:
        """Return it confirmed, or ``None`` for a wrong code.

        The code's time step counts as used: the same code does not log in afterwards.
        """
        step = totp.matching_step(self.totp_secret, "".join(code.split()), now)
        return None if step is None else replace(self, step=step, confirmed=True)

    @property
    def factor(self) -> NewFactor:
        """What is kept of it."""
        return NewFactor(self.sealed, self.step, self.confirmed, self.digests)

    @property
    def digests(self) -> tuple[bytes, ...]:
        """What is kept of the recovery codes."""
        return recovery_codes.digests(self.recovery_codes)
