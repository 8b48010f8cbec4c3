"""Access tokens: how scripts and editors get in, where nobody can type a code.

A token is made by someone who has just confirmed a second factor, is shown once, and may do a part
of what its account may: the rights that it names, in one folder if it names one, until a day that
it always has. It never stands for the person: nothing of identity is open to it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from jupyter_secure.errors import InvalidInput, Refused
from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.identity.sessions import CLOCK_TOLERANCE

#: What a token begins with, so that scanners of repositories and logs find one that leaked.
PREFIX = "jst_"
DEFAULT_DAYS, MOST_DAYS = 90, 366
MAX_NAME, MAX_FOLDER = 64, 1024
#: More than anyone has scripts for; a list that nobody can look over protects nobody.
MOST_PER_ACCOUNT = 100
#: The last use is written no more often than this: each time costs a write to the disk.
NOTED_EVERY = timedelta(minutes=1)
#: What a token may be given. Accounts and keys are for people.
GRANTABLE = frozenset({Right.READ, Right.WRITE, Right.EXECUTE, Right.AUDIT})

_FORM = re.compile(r"jst_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True)
class AccessToken:
    """What is kept of a token.

    ``digest`` is the SHA-256 of its text; ``public_id`` names it to people and programs and grants
    nothing. ``folder`` is relative to the served folder, ``/``-separated; ``""`` is all of it.
    ``address`` is where it was last used from.
    """

    digest: bytes
    public_id: str
    username: str
    name: str
    rights: frozenset[Right]
    folder: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    address: str = ""


class AccessTokenStore(Protocol):
    """Where tokens are kept. Every method may raise ``StateUnusable``: then none opens anything."""

    def add(self, token: AccessToken, most: int) -> None:
        """Keep a new token. Raises ``Conflict`` if its account has ``most`` already."""
        ...

    def by_digest(self, digest: bytes) -> tuple[AccessToken, Role] | None:
        """Return the token of that digest, valid or not, and its account's role as it is now.

        Read on every request that brings a token: quick.
        """
        ...

    def by_public_id(self, public_id: str) -> tuple[AccessToken, Role] | None:
        """Return the same for the id."""
        ...

    def list(self, username: str | None = None) -> tuple[AccessToken, ...]:
        """Return the tokens of one account, or all, by account and age."""
        ...

    def remove(self, public_id: str, username: str | None) -> bool:
        """Forget a token of ``username``, or whosever it is; say whether it was there."""
        ...

    def remove_expired(self, moment: datetime) -> int:
        """Forget every token that expired before ``moment``; return how many."""
        ...

    def note_use(self, public_id: str, now: datetime, address: str) -> None:
        """Keep when and where it was last used; never moves back in time."""
        ...


def new_text() -> str:
    """Return a fresh token: 256 random bits after the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(text: str) -> bytes | None:
    """Return the 32-byte digest under which a token is kept; ``None`` if it does not look like one.

    256 random bits need no slow hash and no salt, and a look-up by digest tells nothing by the time
    it takes: nobody can choose a digest that is almost right.
    """
    return hashlib.sha256(text.encode("ascii")).digest() if _FORM.fullmatch(text) else None


def is_valid(token: AccessToken, now: datetime) -> bool:
    """Say whether the token still counts. A clock that was set back does not prolong it."""
    return token.created_at - CLOCK_TOLERANCE <= now < token.expires_at


def rights_now(token: AccessToken, role: Role) -> frozenset[Right]:
    """Return what the token may do at this moment: never more than its account."""
    return token.rights & role.rights & GRANTABLE


def make(
    *,
    username: str,
    role: Role,
    name: str,
    rights: Iterable[Right],
    folder: str,
    days: float,
    now: datetime,
) -> tuple[str, AccessToken]:
    """Return a new token's text, and what is kept of it.

    Raises ``InvalidInput``, and ``Refused`` for a right that the account does not have.
    """
    wanted = frozenset(rights)
    if not wanted:
        raise InvalidInput("The token has no rights.", remedy="Give it at least one: read.")
    if not wanted <= GRANTABLE:
        raise InvalidInput(
            "An access token cannot manage accounts and keys.",
            remedy="Choose from read, write, execute and audit.",
        )
    if missing := wanted - role.rights:
        raise Refused(
            f"“{username}” may not {' or '.join(sorted(one.value for one in missing))}.",
            why=f"Its role is {role.value}, and a token may do no more than its account.",
            remedy="Leave that right out, or ask an owner for another role.",
        )
    if not 0 < days <= MOST_DAYS:  # nan too
        raise InvalidInput(
            "The token must expire.", remedy=f"Choose a number of days up to {MOST_DAYS}."
        )
    text = new_text()
    digest = digest_of(text)
    assert digest is not None
    return text, AccessToken(
        digest=digest,
        public_id=secrets.token_hex(8),
        username=username,
        name=_checked_name(name),
        rights=wanted,
        folder=checked_folder(folder),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )


def checked_folder(folder: str) -> str:
    """Return the folder as it is kept; ``InvalidInput`` for one that is not below the served one.

    >>> checked_folder("/a//b/")
    'a/b'
    """
    parts = [part for part in folder.split("/") if part]
    hidden = any(not part.isprintable() or part in (".", "..") or "\\" in part for part in parts)
    if hidden or len(folder) > MAX_FOLDER:
        raise InvalidInput(
            "That is not a folder that a token can be for.",
            remedy="Name one below the served folder, as in “reports/2024”.",
        )
    return "/".join(parts)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput(
            "The token needs a name.",
            why="It is how you find it again, to revoke it.",
            remedy=f"Use 1 to {MAX_NAME} characters that can be seen, as in “nightly report”.",
        )
    return name
