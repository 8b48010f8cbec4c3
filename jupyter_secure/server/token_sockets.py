"""The open sockets of each access token, so that they end with it, or with what it may do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from weakref import WeakSet

from tornado.iostream import IOStream

from jupyter_secure.identity.access_tokens import AccessToken
from jupyter_secure.identity.roles import Right

Rights = frozenset[Right]


class TokenSockets:
    """Websockets by the token that opened them and what it might do then.

    Lives on the event loop; not for other threads.
    """

    def __init__(self, rights_of: Callable[[str], Rights]) -> None:
        """``rights_of`` says what the token of a public id may do now; nothing if it has ended."""
        self._rights_of = rights_of
        self._streams: defaultdict[tuple[str, Rights], WeakSet[IOStream]] = defaultdict(WeakSet)

    def keep(self, token: AccessToken, rights: Rights, stream: IOStream) -> None:
        """Remember ``stream`` as opened by ``token``."""
        self._streams[token.public_id, rights].add(stream)

    def sweep(self) -> int:
        """Close the sockets of tokens that have ended, or may do less; return how many were open.

        Whoever revoked the token, in another process too. Raises ``StateUnusable``.
        """
        closed = 0
        for key, streams in list(self._streams.items()):
            still_open = [stream for stream in streams if not stream.closed()]
            public_id, rights = key
            if still_open and rights <= self._rights_of(public_id):
                continue
            del self._streams[key]
            for stream in still_open:
                stream.close()
            closed += len(still_open)
        return closed
