"""One-time links: an invitation, or the way back for who lost a password or a second factor.

A link holds a random token and nothing else; what is kept is its digest, so that reading the state
lets nobody in. With an invitation goes the root key, sealed under a key that only the token gives:
so whoever is invited can make a slot of their own while nobody is logged in. What the link is good
for is bound to that seal, so that a changed row opens nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from jupyter_secure.crypto import aead, kdf
from jupyter_secure.errors import InvalidInput, LinkUnusable

DEFAULT_HOURS = 24.0
#: A week. The longer a link lies in somebody's mail, the more people may have read it.
MAX_HOURS = 168.0
#: Longer texts are no token of ours and are not worth hashing.
MAX_TOKEN = 128
_KEY_PURPOSE = b"jsec/link/v1"


class Purpose(str, Enum):
    """What a link is good for."""

    INVITATION = "invitation"
    PASSWORD = "password"  # noqa: S105  # a word, not a password
    TWO_FACTOR = "two-factor"


@dataclass(frozen=True)
class Link:
    """One link that was made and not used yet.

    ``role`` is that of the account to be made, empty for the other purposes. ``root_sealed`` opens
    with the token only; for a purpose that needs no root key it holds nothing, and still binds.
    """

    digest: bytes
    public_id: str
    purpose: Purpose
    username: str
    role: str
    root_sealed: bytes
    created_by: str
    created_at: datetime
    expires_at: datetime

    def is_current(self, now: datetime) -> bool:
        """Say whether it still counts; a clock that was set back ends it."""
        return self.created_at - timedelta(minutes=2) <= now < self.expires_at


class LinkStore(Protocol):
    """Where links are kept. Every method may raise ``StateUnusable``."""

    def get(self, digest: bytes) -> Link | None:
        """Return the link of that digest, expired or not."""
        ...

    def list(self) -> tuple[Link, ...]:
        """Return all links, by the account they are for."""
        ...

    def remove_expired(self, now: datetime) -> int:
        """Forget what has expired, and the root keys that are sealed in it; return how many."""
        ...


def lifetime(hours: float) -> timedelta:
    """Return how long a link is to live. Raises ``InvalidInput``."""
    # Written so that nan, which compares false with everything, is refused too.
    if not 0 < hours <= MAX_HOURS:
        raise InvalidInput(
            "A link cannot live that long." if hours > MAX_HOURS else "A link must live a while.",
            remedy=f"Choose up to {MAX_HOURS:g} hours.",
        )
    return timedelta(hours=hours)


def make(
    *,
    purpose: Purpose,
    username: str,
    role: str,
    root: bytes,
    vault_id: bytes,
    created_by: str,
    now: datetime,
    lives: timedelta,
) -> tuple[str, Link]:
    """Return a new link's token, 256 random bits, and what is kept of it.

    ``root`` is the root key for a purpose that makes a slot, else empty.
    """
    token = secrets.token_urlsafe(32)
    link = Link(
        digest=digest_of(token),
        public_id=secrets.token_hex(8),
        purpose=purpose,
        username=username,
        role=role,
        root_sealed=b"",
        created_by=created_by,
        created_at=now,
        expires_at=now + lives,
    )
    sealed = aead.seal(_key(token), _context(link, vault_id), root)
    return token, replace(link, root_sealed=sealed)


def digest_of(token: str) -> bytes:
    """Return what is kept of a token. 256 random bits need no slow hash and no salt."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def opened(link: Link, token: str, vault_id: bytes) -> bytes:
    """Return the root key that ``link`` holds, empty if it holds none.

    Raises ``LinkUnusable`` for another token, another vault's link, and a row that was changed.
    """
    try:
        return aead.open_sealed(_key(token), _context(link, vault_id), link.root_sealed)
    except aead.InvalidSeal:
        raise LinkUnusable from None


def _key(token: str) -> bytes:
    # Of the text: any text gives a key, and only the one that was made gives the right one.
    return kdf.hkdf(token.encode(errors="surrogatepass"), purpose=_KEY_PURPOSE)


def _context(link: Link, vault_id: bytes) -> bytes:
    said = [
        link.purpose.value,
        link.username,
        link.role,
        link.created_by,
        link.created_at.isoformat(),
        link.expires_at.isoformat(),
    ]
    return b"jsec/link/v1" + vault_id + json.dumps(said).encode()
