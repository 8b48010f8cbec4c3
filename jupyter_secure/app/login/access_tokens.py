"""Making, finding and revoking access tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from jupyter_secure.errors import NotFound
from jupyter_secure.identity import access_tokens as rules
from jupyter_secure.identity.access_tokens import AccessToken, AccessTokenStore
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.roles import Right
from jupyter_secure.identity.throttle import AttemptPolicy, Tally, address_key, reserve

#: Wrong tokens from one address. A token cannot be guessed; this keeps a broken script quiet.
WRONG_TOKENS = AttemptPolicy(free=20, longest_wait=timedelta(minutes=5))
#: For how long an expired token is still listed, as expired, before it is forgotten.
KEPT_AFTER_EXPIRY = timedelta(days=30)
_MOST_ADDRESSES = 10_000
_MAX_ADDRESS = 64


class AccessTokens:
    """The access tokens of one state. ``find`` is for the event loop; the rest for any thread."""

    def __init__(self, *, store: AccessTokenStore, accounts: AccountStore, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        # In memory and not stored: what cannot be guessed needs no budget that survives a restart,
        # and nobody may make the server write to its disk by sending it wrong tokens.
        self._wrong: dict[str, Tally] = {}

    def create(
        self, username: str, name: str, rights: Iterable[Right], folder: str, days: float
    ) -> tuple[str, AccessToken]:
        """Make a token; return its text, which nothing keeps, and what is kept of it.

        The caller has checked a second factor. Raises ``InvalidInput``, ``Refused``, ``Conflict``
        or ``NotFound``.
        """
        account = self._accounts.get(username)
        if account is None:
            raise NotFound(f"There is no account “{username}” any more.")
        now = self._clock()
        text, token = rules.make(
            username=username,
            role=account.role,
            name=name,
            rights=rights,
            folder=folder,
            days=days,
            now=now,
        )
        self._store.remove_expired(now - KEPT_AFTER_EXPIRY)
        self._store.add(token, rules.MOST_PER_ACCOUNT)
        return text, token

    def find(self, text: str, address: str) -> tuple[AccessToken, frozenset[Right]] | None:
        """Return the valid token with that text and its rights at this moment, or ``None``.

        Raises ``TooManyTries`` for a wrong one after many from that address; a right one gets in
        all the same.
        """
        digest = rules.digest_of(text)
        found = None if digest is None else self._store.by_digest(digest)
        now = self._clock()
        if found is not None and rules.is_valid(found[0], now):
            token, role = found
            return token, rules.rights_now(token, role)
        self._count_wrong(address)
        return None

    def rights_of(self, public_id: str) -> frozenset[Right]:
        """Return what the token of that id may do at this moment: nothing if it has ended."""
        found = self._store.by_public_id(public_id)
        if found is None or not rules.is_valid(found[0], self._clock()):
            return frozenset()
        return rules.rights_now(*found)

    def note_use(self, token: AccessToken, address: str) -> None:
        """Note that a token was used, if that was not noted a moment ago."""
        now = self._clock()
        if token.last_used_at is None or now - token.last_used_at >= rules.NOTED_EVERY:
            self._store.note_use(token.public_id, now, address[:_MAX_ADDRESS])

    def list(self, username: str | None = None) -> tuple[AccessToken, ...]:
        """Return the tokens of one account, or of all; expired ones for a while too."""
        return self._store.list(username)

    def is_expired(self, token: AccessToken) -> bool:
        """Say whether the token has expired."""
        return not rules.is_valid(token, self._clock())

    def revoke(self, public_id: str, username: str | None) -> None:
        """End a token of ``username``, or whosever it is; ``NotFound`` if there is none.

        Another account's is not found either: whether it exists is nobody's business.
        """
        if not self._store.remove(public_id, username):
            raise NotFound(
                "There is no such access token.", remedy="It may have been revoked already."
            )

    def _count_wrong(self, address: str) -> None:
        key = address_key(address)
        tally = self._wrong.get(key)
        tally = reserve(tally, WRONG_TOKENS, self._clock())
        self._wrong.pop(key, None)
        self._wrong[key] = tally
        if len(self._wrong) > _MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]  # the one that was quiet for longest
