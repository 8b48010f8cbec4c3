"""Says in the log what becomes of the server's certificate: renewed, unusable, soon to expire."""

from __future__ import annotations

import time
from datetime import datetime
from logging import Logger

from jupyter_secure.identity.clock import Clock
from jupyter_secure.transport.certificates import RENEW_WITHIN_DAYS, Certificate
from jupyter_secure.transport.tls import ServerCertificate

_A_DAY = 86_400.0


class CertificateWatch:
    """Looks at the certificate every few seconds, and speaks only when there is news."""

    def __init__(self, certificate: ServerCertificate, clock: Clock, log: Logger) -> None:
        self.certificate = certificate
        self._clock = clock
        self._log = log
        self._known: Certificate = certificate.pair
        self._complained_of = ""
        self._warned_at: float | None = None
        self._warn()

    def look(self) -> None:
        """Take a renewed certificate, and say so; warn once a day while one is due."""
        self.certificate.look(again=True)
        if self.certificate.pair is not self._known:
            self._known = self.certificate.pair
            self._warned_at = None
            self._log.info(
                "A new certificate is in use, good until %s (SHA-256 %s…).",
                f"{self._known.facts.not_after:%d %B %Y}",
                self._known.facts.fingerprint_sha256[:16],
            )
        problem = str(self.certificate.problem or "")
        if problem and problem != self._complained_of:
            self._log.error("The certificate was not exchanged; the old one stays: %s", problem)
        self._complained_of = problem
        self._warn()

    def _warn(self) -> None:
        # By the clock that nobody sets: a warning a day, also when the date jumps.
        now = time.monotonic()
        if self._warned_at is not None and now - self._warned_at < _A_DAY:
            return
        self._warned_at = now
        if due := warning(self._known, self._clock()):
            self._log.warning("%s", due)


def warning(pair: Certificate, now: datetime) -> str:
    """Return what to say of a certificate that expires soon or has expired, else nothing."""
    days = pair.days_left(now)
    if now >= pair.facts.not_after:
        return (
            f"The certificate {pair.certfile} expired on {pair.facts.not_after:%d %B %Y}: "
            "browsers refuse it. Renew it; this server takes the new one by itself."
        )
    if days < RENEW_WITHIN_DAYS:
        left = "less than a day" if days < 1 else f"{days} day{'' if days == 1 else 's'}"
        return (
            f"The certificate {pair.certfile} expires in {left}. Renew it "
            "(`jupyter secure certificate show` says how); this server takes the new one by itself."
        )
    return ""
