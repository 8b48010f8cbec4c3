"""Whom JupyterHub has let in: the outer door, before our own login and beside our sessions.

A visitor is one browser that came back from the Hub's login. Only a visitor may begin a session
here, and a session ends with its visitor: when the Hub says no, when it has not answered for too
long, or when the person logs out. Kept in memory only; not safe for several threads, the server
calls it on its event loop.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from jupyter_secure.identity.sessions import digest_token

#: For how long a visitor stays whom the Hub cannot be asked about: as long as the Hub's own
#: programs go by its last answer (``HubAuth.cache_max_age``).
UNANSWERED_SECONDS = 300.0
# Each has been through the Hub's login, so this many are browsers that were left open.
_MOST = 200
_MAX_TOKEN = 128


@dataclass(eq=False)
class Visitor:
    """Someone whom the Hub let in.

    ``hub_name`` is the Hub's name for them and ``account`` the account they have here, if any.
    ``proof`` is the Hub's token for this login, which it is asked about; it never leaves memory.
    ``hub_session`` is a digest of what tells the browser's login at the Hub from a later one.
    """

    hub_name: str
    account: str | None
    proof: str = field(repr=False)
    hub_session: bytes
    since: float
    vouched_at: float
    sessions: set[str] = field(default_factory=set)


class Visitors:
    """The visitors of one server."""

    def __init__(self, max_hours: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``max_hours`` is how long one stays at most; ``clock`` counts seconds, never back."""
        self._max_seconds = max_hours * 3600
        self._clock = clock
        self._by_digest: dict[bytes, Visitor] = {}

    def arrive(
        self, hub_name: str, account: str | None, proof: str, hub_session: bytes = b""
    ) -> tuple[str, Visitor]:
        """Note a new visitor; return the token for their cookie, and the visitor."""
        now = self._clock()
        token = secrets.token_urlsafe(32)
        idle = [digest for digest, one in self._by_digest.items() if not one.sessions]
        if len(self._by_digest) >= _MOST and idle:
            del self._by_digest[idle[0]]  # the one who came first
        visitor = Visitor(hub_name, account, proof, hub_session, since=now, vouched_at=now)
        self._by_digest[digest_token(token)] = visitor
        return token, visitor

    def find(self, token: str | None) -> Visitor | None:
        """Return the visitor whose cookie holds ``token``, or ``None``."""
        if not token or len(token) > _MAX_TOKEN:
            return None
        visitor = self._by_digest.get(digest_token(token))
        return visitor if visitor is not None and self._may_stay(visitor) else None

    def begin(self, visitor: Visitor, session: str) -> bool:
        """Note that ``session`` (its public id) is this visitor's; ``False`` if they have left."""
        if visitor not in self._by_digest.values() or not self._may_stay(visitor):
            return False
        visitor.sessions.add(session)
        return True

    def vouches_for(self, session: str) -> bool:
        """Say whether the session is that of a visitor who is still there."""
        return any(
            session in one.sessions and self._may_stay(one) for one in self._by_digest.values()
        )

    def present(self) -> tuple[Visitor, ...]:
        """Return all of them, those who may not stay too."""
        return tuple(self._by_digest.values())

    def vouched(self, visitor: Visitor) -> None:
        """Note that the Hub has said yes once more."""
        visitor.vouched_at = self._clock()

    def leave(self, visitor: Visitor) -> frozenset[str]:
        """Forget a visitor; return the sessions that end with that."""
        for digest, one in tuple(self._by_digest.items()):
            if one is visitor:
                del self._by_digest[digest]
        return frozenset(visitor.sessions)

    def of_session(self, session: str) -> Visitor | None:
        """Return the visitor whose session it is."""
        return next((one for one in self._by_digest.values() if session in one.sessions), None)

    def overdue(self) -> tuple[Visitor, ...]:
        """Return those who may not stay any longer."""
        return tuple(one for one in self._by_digest.values() if not self._may_stay(one))

    def forget_sessions(self, ended: Iterable[str]) -> None:
        """Forget sessions that have ended; whoever had them may log in again."""
        for visitor in self._by_digest.values():
            visitor.sessions.difference_update(ended)

    def _may_stay(self, visitor: Visitor) -> bool:
        now = self._clock()
        return (
            now - visitor.since < self._max_seconds
            and now - visitor.vouched_at < UNANSWERED_SECONDS
        )
