"""Elevating a session: someone who is logged in confirms a second factor."""

from __future__ import annotations

from typing import Any

from jupyter_secure.app.login import second_factor
from jupyter_secure.app.login.budget import Budget
from jupyter_secure.app.login.drift import Drift
from jupyter_secure.app.login.passkey_answers import PasskeyAnswer, PasskeyAnswers
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.identity import passkeys, totp
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.challenges import Purpose
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.relying_party import RelyingParty
from jupyter_secure.identity.sessions import Session
from jupyter_secure.identity.throttle import PER_CODE, Attempts, elevation_key
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
        passkey_answers: PasskeyAnswers,
        drift: Drift | None = None,
    ) -> None:
        self._drift = drift or Drift()
        self._passkeys = passkey_answers
        self._vault = vault
        self._accounts = accounts
        self._budget = Budget(attempts, clock, elevation_key, PER_CODE)
        self._sessions = sessions
        self._clock = clock

    def __call__(self, session: Session, code: str | PasskeyAnswer) -> tuple[str, Session]:
        """Return the cookie's new token and the session, elevated.

        ``code`` is six digits, a recovery code or a passkey's answer to ``ask_passkey``. Raises
        ``WrongCode``, ``WrongPasskey``, ``TooManyTries``, ``NotFound`` if the session ended
        meanwhile, or ``Conflict`` if its cookie was changed.
        """
        self._sessions.require_current(session)
        name = session.username
        if isinstance(code, PasskeyAnswer):
            key = self._vault.derive(passkeys.PURPOSE)
            with self._budget.one_try(name, None):
                self._passkeys.accept(code, Purpose.ELEVATE, session.public_id, name, key)
            return self._sessions.elevate(session)
        key = self._vault.derive(totp.SECRET_PURPOSE)
        with self._budget.one_try(name, None):
            now = self._clock()
            if not second_factor.accept(self._accounts, name, code, key, now, self._drift):
                raise second_factor.explain(self._accounts, name, code, key, now, self._drift)
        return self._sessions.elevate(session)

    def has_passkey(self, session: Session, place: RelyingParty) -> bool:
        """Say whether a passkey can take the place of a code. Raises ``VaultSealed``."""
        key = self._vault.derive(passkeys.PURPOSE)
        return self._passkeys.has_any(session.username, place, key)

    def ask_passkey(self, session: Session, place: RelyingParty) -> dict[str, Any]:
        """Return the options for a passkey in the place of a code, good for this session only.

        Raises ``NotFound`` if the account has none for this place, or ``VaultSealed``.
        """
        key = self._vault.derive(passkeys.PURPOSE)
        return self._passkeys.ask(Purpose.ELEVATE, session.public_id, place, session.username, key)
