"""Logging in: a password opens the vault's slot, a code admits its holder.

The root key that the password gave waits in memory, in neither a cookie nor a file, until a code
comes or five minutes have passed. Whatever is wrong is answered with one and the same error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jupyter_secure.app.login import second_factor
from jupyter_secure.app.login.budget import Budget
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.errors import InvalidInput, VaultSealed, WrongCredentials, WrongKey
from jupyter_secure.identity import totp
from jupyter_secure.identity.accounts import AccountStore, normalise_username
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.passwords import is_acceptable_size
from jupyter_secure.identity.sessions import Session, digest_token, new_token
from jupyter_secure.identity.throttle import Attempts, elevation_key
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

PENDING_FOR = timedelta(minutes=5)
#: More half-finished logins of one account than anyone has windows for are not kept.
PENDING_PER_ACCOUNT = 5
# Names that cannot be an account share this one. No account has it, as no name is empty.
_NOBODY = ""


@dataclass(frozen=True)
class Pending:
    """A login that waits for its code. ``token`` goes into a cookie and names it to us."""

    token: str = field(repr=False)
    username: str
    expires_at: datetime


@dataclass(frozen=True)
class _Waiting:
    pending: Pending
    root: RootKey
    began_at: datetime

    def is_current(self, now: datetime) -> bool:
        # A clock that was set back ends it, rather than giving it more time.
        return self.began_at <= now < self.pending.expires_at


class LogIn:
    """Takes people through the two steps; safe for several threads. Methods block."""

    def __init__(
        self,
        *,
        keyring: Callable[[], Keyring],
        accounts: AccountStore,
        attempts: Attempts,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        """``keyring`` reads the present vault.json, so that a changed password counts at once."""
        self._keyring = keyring
        self._accounts = accounts
        self._budget = Budget(attempts, clock)
        self._elevating = Budget(attempts, clock, elevation_key)
        self._sessions = sessions
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[bytes, _Waiting] = {}

    def first_step(self, username: str, password: str, address: str) -> Pending:
        """Check the password; return the login that waits for the code.

        Raises ``WrongCredentials`` or ``TooManyTries``; an unknown name costs the same work as a
        known one. Takes a tenth of a second or more.
        """
        self.sweep()
        try:
            name = normalise_username(username)
        except InvalidInput:
            name = _NOBODY
        with self._budget.one_try(name, address):
            root = self._open(name, password)
        now = self._clock()
        pending = Pending(new_token(), name, now + PENDING_FOR)
        with self._lock:
            same = [key for key, one in self._waiting.items() if one.pending.username == name]
            for key in same[: max(0, len(same) - PENDING_PER_ACCOUNT + 1)]:
                self._waiting.pop(key).root.wipe()
            self._waiting[digest_token(pending.token)] = _Waiting(pending, root, now)
        return pending

    def pending(self, token: str) -> Pending | None:
        """Return the login that ``token`` names if it still waits for its code."""
        waiting = self._find(token)
        return None if waiting is None else waiting.pending

    def second_step(
        self, pending: Pending, code: str, address: str, user_agent: str
    ) -> tuple[str, Session]:
        """Check the code; open the vault and return the cookie's token and the new session.

        ``code`` is six digits or a recovery code. After a wrong one the login goes on waiting;
        a right one ends it. Raises ``WrongCredentials`` or ``TooManyTries``.
        """
        waiting = self._find(pending.token)
        if waiting is None or waiting.pending.username != pending.username:
            with self._budget.one_try(None, address):
                raise WrongCredentials
        with self._budget.one_try(pending.username, address):
            if not self._accept(waiting, code) or not self._claim(waiting):
                raise WrongCredentials
        try:
            token, session = self._sessions.begin(
                pending.username, waiting.root, address, user_agent
            )
        finally:
            waiting.root.wipe()
        self._budget.clear(pending.username)
        self._elevating.clear(pending.username)
        return token, session

    def sweep(self) -> None:
        """Wipe the keys of logins that waited too long. Call it every few seconds."""
        now = self._clock()
        with self._lock:
            for key, waiting in list(self._waiting.items()):
                if not waiting.is_current(now):
                    del self._waiting[key]
                    waiting.root.wipe()

    def close(self) -> None:
        """Wipe the keys of every login that waits."""
        with self._lock:
            for waiting in self._waiting.values():
                waiting.root.wipe()
            self._waiting.clear()

    def _open(self, name: str, password: str) -> RootKey:
        if not is_acceptable_size(password):
            raise WrongCredentials
        try:
            return self._keyring().open_with_password(name, password)
        except WrongKey:
            raise WrongCredentials from None

    def _find(self, token: str) -> _Waiting | None:
        with self._lock:
            waiting = self._waiting.get(digest_token(token))
        return waiting if waiting is not None and waiting.is_current(self._clock()) else None

    def _accept(self, waiting: _Waiting, code: str) -> bool:
        try:
            key = waiting.root.derive(totp.SECRET_PURPOSE)
        except VaultSealed:
            return False  # a parallel request finished this login, or its time ran out just now
        return second_factor.accept(
            self._accounts, waiting.pending.username, code, key, self._clock()
        )

    def _claim(self, waiting: _Waiting) -> bool:
        """Take the login out; of any number of requests with right codes one gets it."""
        with self._lock:
            key = digest_token(waiting.pending.token)
            return self._waiting.pop(key, None) is not None
