"""Setting up an authenticator, or another one, in a session that is elevated already."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_secure.app.login.budget import Budget
from jupyter_secure.app.login.second_factor import as_typed
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.errors import NotFound, WrongCode
from jupyter_secure.identity import enrolments as rules
from jupyter_secure.identity import totp
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.enrolments import Enrolment, EnrolmentStore
from jupyter_secure.identity.factors import FactorStore
from jupyter_secure.identity.sessions import Session
from jupyter_secure.identity.throttle import PER_CODE, Attempts, elevation_key
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class NewAuthenticator:
    """What goes into the authenticator; shown to its owner and kept nowhere in clear."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


class Enrolments:
    """Safe for several threads. Methods block for a moment, and raise ``VaultSealed``.

    The authenticator of before stays in force until a code of the new one has come.
    """

    def __init__(
        self,
        *,
        vault: Vault,
        store: EnrolmentStore,
        factors: FactorStore,
        attempts: Attempts,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        self._vault = vault
        self._store = store
        self._factors = factors
        self._budget = Budget(attempts, clock, elevation_key, PER_CODE)
        self._sessions = sessions
        self._clock = clock

    def begin(self, session: Session) -> NewAuthenticator:
        """Return a new secret, to be confirmed within ``rules.LASTS``; forget any begun before."""
        self._sessions.require_current(session)
        name, secret = session.username, totp.new_secret()
        sealed = totp.seal_secret(self._vault.derive(totp.SECRET_PURPOSE), name, secret)
        self._store.put(Enrolment(name, sealed, self._clock()))
        return NewAuthenticator(secret, totp.provisioning_uri(secret, name))

    def begun(self, session: Session) -> NewAuthenticator | None:
        """Return what was begun and may still be confirmed, to be shown once more."""
        secret = self._secret(self._store.get(session.username))
        if secret is None:
            return None
        return NewAuthenticator(secret, totp.provisioning_uri(secret, session.username))

    def confirm(self, session: Session, code: str) -> tuple[str, Session]:
        """Put the new authenticator in force; return the cookie's new token and the session.

        The code's time step is used up: neither it nor an earlier one logs in. Every other session
        of the account ends. Raises ``WrongCode``, ``TooManyTries``, ``Conflict``, or ``NotFound``
        if nothing was begun or it took too long.
        """
        self._sessions.require_current(session)
        name, now = session.username, self._clock()
        begun = self._store.get(name)
        secret = self._secret(begun)
        if begun is None or secret is None:
            raise NotFound(
                "There is no authenticator to confirm.",
                why="It took too long, or another one was begun since.",
                remedy="Begin again.",
            )
        typed = as_typed(code)
        with self._budget.one_try(name, None):
            step = totp.matching_step(secret, typed, now)
            if step is None:
                distant = totp.distant_step(secret, typed, now)
                present = int(now.timestamp()) // totp.STEP_SECONDS
                off = None if distant is None else (distant - present) * totp.STEP_SECONDS
                raise WrongCode(off)
        if not self._factors.put_totp(name, begun.secret_sealed, step, session.public_id):
            raise NotFound(
                "There is no authenticator to confirm.",
                why="It was confirmed already, or another one was begun.",
                remedy="Look at the account page.",
            )
        return self._sessions.rotate(session)

    def _secret(self, begun: Enrolment | None) -> str | None:
        if begun is None:
            return None
        if not rules.is_current(begun, self._clock()):
            self._store.remove(begun.username)
            return None
        key = self._vault.derive(totp.SECRET_PURPOSE)
        try:
            return totp.open_secret(key, begun.username, begun.secret_sealed)
        except InvalidSeal:
            return None
