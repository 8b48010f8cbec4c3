"""Elevating a session: someone who is logged in confirms a second factor."""

from __future__ import annotations

from jupyter_secure.app.login import second_factor
from jupyter_secure.app.login.budget import Budget
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.errors import WrongCode
from jupyter_secure.identity import totp
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.sessions import Session
from jupyter_secure.identity.throttle import Attempts, elevation_key
from jupyter_secure.vault.vault import Vault


class Elevate:
    """Call it with a session and a code. Wrong ones are counted apart from those at the login."""

    def __init__(
        self,
        *,
        vault: Vault,
        accounts: AccountStore,
        attempts: Attempts,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        self._vault = vault
        self._accounts = accounts
        self._budget = Budget(attempts, clock, elevation_key)
        self._sessions = sessions
        self._clock = clock

    def __call__(self, session: Session, code: str) -> Session:
        """Return the session, elevated. ``code`` is six digits or a recovery code.

        Raises ``WrongCode``, ``TooManyTries``, or ``NotFound`` if the session ended meanwhile.
        """
        key = self._vault.derive(totp.SECRET_PURPOSE)
        with self._budget.one_try(session.username, None):
            if not second_factor.accept(self._accounts, session.username, code, key, self._clock()):
                raise WrongCode
        return self._sessions.elevate(session)
