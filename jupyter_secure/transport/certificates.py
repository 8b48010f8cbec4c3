"""A certificate and its key as files, and whether a server can start with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jupyter_secure.crypto import x509
from jupyter_secure.errors import CertificateUnusable

# From here on the log, the panel and `jupyter secure status` ask for a new certificate. Whoever
# renews by hand needs a month's notice; certbot renews at the same moment.
RENEW_WITHIN_DAYS = 30


@dataclass(frozen=True)
class Certificate:
    """A pair that was read and fits together."""

    certfile: Path
    keyfile: Path
    facts: x509.CertificateFacts

    def days_left(self, now: datetime) -> int:
        """Return the whole days until it expires; negative once it has."""
        return (self.facts.not_after - now).days


def load(certfile: str | Path, keyfile: str | Path = "", *, now: datetime) -> Certificate:
    """Read and check a pair; ``keyfile`` may be empty when ``certfile`` holds the key too.

    Raises CertificateUnusable, naming the file and the remedy, when one cannot be read, is not what
    it should be, does not fit the other, or the certificate is not valid at ``now``.
    """
    cert_path = Path(certfile)
    key_path = Path(keyfile) if str(keyfile) not in ("", ".") else cert_path
    cert_pem = _read(cert_path, "certificate")
    key_pem = _read(key_path, "key")
    try:
        facts = x509.inspect(cert_pem)
    except CertificateUnusable as error:
        raise _naming(cert_path, error) from None
    try:
        fits = x509.matches(cert_pem, key_pem)
    except CertificateUnusable as error:
        raise _naming(key_path, error) from None
    if not fits:
        raise CertificateUnusable(
            f"The key {key_path} does not belong to the certificate {cert_path}.",
            remedy="Give the key that the certificate was made with.",
        )
    _check_dates(cert_path, facts, now)
    return Certificate(cert_path, key_path, facts)


def _check_dates(path: Path, facts: x509.CertificateFacts, now: datetime) -> None:
    if now >= facts.not_after:
        raise CertificateUnusable(
            f"The certificate {path} expired on {facts.not_after:%d %B %Y}.",
            remedy="Renew it, then start the server again.",
        )
    if now < facts.not_before:
        raise CertificateUnusable(
            f"The certificate {path} is not valid before {facts.not_before:%d %B %Y}.",
            remedy="Check this machine's clock, or use another certificate.",
        )


def _read(path: Path, kind: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateUnusable(
            f"The {kind} {path} cannot be read.",
            why=f"{error.strerror or type(error).__name__}.",
            remedy="Check the path, and that your account may read it.",
        ) from None


def _naming(path: Path, error: CertificateUnusable) -> CertificateUnusable:
    return CertificateUnusable(f"{path} cannot be used.", why=error.what, remedy=error.remedy)
