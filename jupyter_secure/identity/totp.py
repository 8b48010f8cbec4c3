"""Time-based one-time codes: RFC 6238 with SHA-1, six digits and steps of 30 seconds.

Those are the parameters that every authenticator app understands. A code matches within one step
of the server's clock, and finding the matching step is only half of accepting a code: the caller
must also have the step accepted by :meth:`AccountStore.accept_step`, which never accepts it twice.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta

import pyotp
from pyotp.exceptions import OTPVerificationError

from jupyter_secure.crypto import aead

STEP_SECONDS = 30
DIGITS = 6
#: Steps either side of now that still match: RFC 6238 section 5.2 advises at most one for delay.
WINDOW = 1
#: How far off a clock may be for us to tell its owner.
DRIFT = timedelta(minutes=10)
#: What the key that seals secrets is derived from the root key for.
SECRET_PURPOSE = b"jsec/totp/v1"
#: An account that has accepted no code yet: every step is later than this one.
NO_STEP = -1

# pyotp would compare full-width and other digits as if they were ASCII.
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """Return a random secret of 160 bits (RFC 4226 section 4, R6), in base32."""
    return pyotp.random_base32(32)


def is_code(text: str) -> bool:
    """Say whether ``text`` has the form of a code: six ASCII digits and nothing else."""
    return _CODE.fullmatch(text) is not None


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step (seconds since 1970 // 30) that ``code`` belongs to, or ``None``."""
    if not is_code(code):
        return None
    try:
        return _totp(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return None


def distant_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the step that ``code`` belongs to, up to ``DRIFT`` away from now and no match.

    For telling someone that a clock is wrong, never for accepting the code.
    """
    if not is_code(code):
        return None
    present, furthest = int(now.timestamp()) // STEP_SECONDS, DRIFT // timedelta(seconds=1)
    # The nearest first: a code that stands twice is more likely of the nearer one.
    for distance in range(WINDOW + 1, furthest // STEP_SECONDS + 1):
        for step in (present - distance, present + distance):
            if step >= 0 and hmac.compare_digest(_totp(secret).generate_otp(step), code):
                return step
    return None


def current_code(secret: str, now: datetime) -> str:
    """Return the code that an authenticator would show at ``now``."""
    return _totp(secret).at(now)


def provisioning_uri(secret: str, username: str, *, issuer: str = "Jupyter Secure") -> str:
    """Return the ``otpauth://`` address that goes into the QR code. It holds the secret."""
    return _totp(secret).provisioning_uri(name=username, issuer_name=issuer)


def seal_secret(key: bytes, username: str, secret: str) -> bytes:
    """Seal ``secret`` with the 32-byte key that the root key derives for ``SECRET_PURPOSE``.

    The name is bound: one account's secret does not open as another's.
    """
    return aead.seal(key, username.encode(), secret.encode("ascii"))


def open_secret(key: bytes, username: str, sealed: bytes) -> str:
    """Open what :func:`seal_secret` made; raises ``aead.InvalidSeal`` if it is not that."""
    return aead.open_sealed(key, username.encode(), sealed).decode("ascii")


def _totp(secret: str) -> pyotp.TOTP:
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
