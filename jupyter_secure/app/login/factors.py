"""The second factors of an account: which it has, and what follows from changing one.

Whatever changes a password or a factor ends here: the account's generation goes up, every other
session of it ends, its devices are forgotten, and the session that did it gets another token. The
last second factor is never removed, and this is the place that sees to it.
"""

from __future__ import annotations

from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.errors import NotFound
from jupyter_secure.identity import recovery_codes
from jupyter_secure.identity.factors import FactorSet, FactorStore, last_factor
from jupyter_secure.identity.sessions import Session


class Factors:
    """Safe for several threads. Methods block for a moment.

    Those that return a token return it for the cookie of the session that asked. Each asks for a
    session whose cookie is the present one (``Sessions.require_current``) and raises ``Conflict``
    for another.
    """

    def __init__(self, *, store: FactorStore, sessions: Sessions) -> None:
        self._store = store
        self._sessions = sessions

    def of(self, username: str) -> FactorSet:
        """Return which second factors the account has."""
        return self._store.of(username)

    def end_others(self, session: Session) -> None:
        """Do all that follows from a change but the new token, in one transaction."""
        self._sessions.require_current(session)
        self._store.raise_generation(session.username, session.public_id)

    def changed(self, session: Session) -> tuple[str, Session]:
        """Follow up a change that was made by ``session``: of a password, or a factor added."""
        self.end_others(session)
        return self._sessions.rotate(session)

    def remove_totp(self, session: Session) -> tuple[str, Session]:
        """Remove the authenticator; ``Conflict`` if it is the last factor, or ``NotFound``."""
        self._sessions.require_current(session)
        if not self._store.remove_totp(session.username, session.public_id):
            if not self._store.of(session.username).totp:
                raise NotFound("This account has no authenticator.")
            raise last_factor()
        return self._sessions.rotate(session)

    def remove_passkey(self, session: Session, public_id: str) -> tuple[str, Session]:
        """Remove a passkey; ``Conflict`` if it is the last factor, or ``NotFound``."""
        self._sessions.require_current(session)
        if not self._store.remove_passkey(session.username, public_id, session.public_id):
            if self._store.of(session.username).count < 2:  # one must be left
                raise last_factor()
            raise NotFound("There is no such passkey.", remedy="It may have been removed already.")
        return self._sessions.rotate(session)

    def renew_recovery_codes(self, session: Session) -> tuple[str, ...]:
        """Return ten new recovery codes, to be shown once; the ones before are worthless now."""
        codes = recovery_codes.generate()
        self._store.replace_recovery_codes(session.username, recovery_codes.digests(codes))
        return codes
