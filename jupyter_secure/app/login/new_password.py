"""Changing a password in the browser, by who is logged in and knows the present one."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_secure.app.login.budget import Budget
from jupyter_secure.app.login.factors import Factors
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import StateUnusable, WeakPassword, WrongKey, WrongPassword
from jupyter_secure.identity import passwords
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.sessions import Session
from jupyter_secure.identity.throttle import Attempts, change_key
from jupyter_secure.vault.keyring import Keyring


class NewPassword:
    """Call it with a session, the present password and the new one. Takes some tenths of a second.

    Wrong ones are counted apart from those at the login.
    """

    def __init__(
        self,
        *,
        change: Callable[[Callable[[Keyring], Keyring]], object],
        factors: Factors,
        attempts: Attempts,
        sessions: Sessions,
        clock: Clock,
        profile: Argon2idProfile = RFC_9106_LOW_MEMORY,
    ) -> None:
        """``change`` replaces vault.json by what the function makes of it."""
        self._change = change
        self._factors = factors
        self._budget = Budget(attempts, clock, change_key)
        self._sessions = sessions
        self._profile = profile

    def __call__(self, session: Session, current: str, new: str) -> tuple[str, Session]:
        """Replace the account's slot; return the cookie's new token and the session.

        Every other session of the account ends, and its devices are forgotten. Raises
        ``WrongPassword``, ``TooManyTries``, ``WeakPassword``, ``InvalidInput``, ``Conflict``,
        ``NotFound`` if the session has ended, ``StateUnusable`` or ``StorageFailed``. Then the
        password is as it was, unless the error says that it was changed.
        """
        self._sessions.require_current(session)
        name = session.username
        passwords.check_strength(new, name)
        if new == current:
            raise WeakPassword("That is the present password.", remedy="Choose another.")

        def change(keyring: Keyring) -> Keyring:
            with self._budget.one_try(name, None):
                if not passwords.is_acceptable_size(current):
                    raise WrongPassword
                try:
                    root = keyring.open_with_password(name, current)
                except WrongKey:
                    raise WrongPassword from None
            try:
                changed = keyring.replace_password(root, name, new, profile=self._profile)
            finally:
                root.wipe()
            # Tried before the old slot is given up: one that does not open locks the account out.
            changed.open_with_password(name, new).wipe()
            # Before vault.json is written: a database that fails must not leave a new password and
            # the sessions of who knew the old one.
            self._factors.end_others(session)
            return changed

        self._change(change)
        try:
            # Once more: what logged in by the old password in between, in another process, ends.
            return self._factors.changed(session)
        except StateUnusable as error:
            raise StateUnusable(
                "The password was changed, and your other sessions have ended; this one kept its "
                "cookie.",
                why=error.why or error.what,
                remedy="Log out, and log in with the new password.",
            ) from error
