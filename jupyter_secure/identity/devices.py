"""Devices: browsers in which someone has logged in completely before.

A browser that is known has its own budget of tries, so that whoever guesses at an account from
elsewhere does not keep its owner out (OWASP, "Slow Down Online Guessing Attacks with Device
Cookies"). One that is trusted as well is not asked for a code. Both end with the account's
generation: with a change of its password or of a second factor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from jupyter_secure.identity.accounts import Account

#: How long a device is known after the last login on it.
KNOWN_FOR = timedelta(days=180)
#: More devices of one account than anyone has are not kept; the ones used longest ago go.
MAX_PER_ACCOUNT = 20


@dataclass(frozen=True)
class Device:
    """One browser, known by the token in its cookie. ``digest`` is the token's SHA-256.

    ``public_id`` names it to people and grants nothing; ``trusted_until`` is ``None`` for a device
    that is asked for a code at each login.
    """

    digest: bytes
    public_id: str
    username: str
    generation: int
    name: str
    address: str
    created_at: datetime
    last_used_at: datetime
    trusted_until: datetime | None


class DeviceStore(Protocol):
    """Where devices are kept. Every method may raise ``StateUnusable``."""

    def by_digest(self, digest: bytes) -> Device | None:
        """Return the device of that digest, still known or not."""
        ...

    def of_account(self, username: str) -> tuple[Device, ...]:
        """Return an account's devices, the one used last first."""
        ...

    def put(self, device: Device, session: str, most: int) -> None:
        """Keep or replace ``device`` if its account is still of its generation.

        Notes it as the device of the session with the public id ``session``. Of more than ``most``
        of the account those used longest ago are forgotten.
        """
        ...

    def remove(self, username: str, public_id: str) -> bool:
        """Forget one device of an account; say whether it was there."""
        ...

    def remove_all(self, username: str) -> int:
        """Forget all of an account; return how many there were."""
        ...


def is_known(device: Device, account: Account | None, now: datetime) -> bool:
    """Say whether ``device`` is a known one of ``account``."""
    return (
        account is not None
        and device.username == account.username
        and device.generation == account.generation
        and now < device.last_used_at + KNOWN_FOR
    )


def is_trusted(device: Device, account: Account | None, days: int, now: datetime) -> bool:
    """Say whether ``device`` need not be asked for a code where trust lasts ``days`` days.

    What was granted under a longer limit, or before the clock was set back, is none.
    """
    return (
        is_known(device, account, now)
        and device.trusted_until is not None
        and timedelta(0) < device.trusted_until - now <= timedelta(days=days)
    )


# The first that occurs decides: Edge and Opera also say Chrome, and Chrome also says Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PROGRAM = re.compile(r"[\w.+-]{1,40}", re.ASCII)


def name_of(user_agent: str) -> str:
    """Return what to call a device in a list: ``Firefox on Linux``, or the program's own name.

    A client may say of itself what it likes, so this is a hint and nothing to rely on.
    """
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    program = _PROGRAM.match(user_agent.partition("/")[0])
    return program[0] if program else "Unknown device"
