"""The page that asks for a second factor once more, before what needs it."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_secure.app.login.passkey_answers import PasskeyAnswer
from jupyter_secure.errors import (
    InvalidInput,
    SecureError,
    StateUnusable,
    VaultSealed,
)
from jupyter_secure.server.http_errors import status_of
from jupyter_secure.server.page import Page
from jupyter_secure.server.passkeys import place_of_request
from jupyter_secure.server.said import factor_of, said_of

CONFIRM = "jupyter-secure/confirm"


class ConfirmHandler(Page):
    """Takes a code or a passkey, lifts the session, and goes back to where it was needed."""

    @authenticated
    async def get(self) -> None:
        """Ask, unless it was confirmed a moment ago."""
        if self.runtime.state.sessions.elevated_seconds_left(self.session) > 0:
            self.redirect(self._next(), status=303)
            return
        self._ask()

    @authenticated
    async def post(self) -> None:
        """Check the answer."""
        try:
            passkey = self._field("passkey")
            said_of(self.request).details["factor"] = (
                "passkey" if passkey else factor_of(self._field("code"))
            )
            answer = PasskeyAnswer.from_text(passkey) if passkey else self._field("code")
            token, session = await self._in_login_thread(
                self.runtime.state.elevate, self.session, answer
            )
        except SecureError as error:
            self.set_status(status_of(error))
            self._tell_when(error)
            self._ask(self._say(error))
            return
        self.runtime.rotated(self, token, session, changed=False)
        self.redirect(self._next(), status=303)

    def _ask(self, error: str = "") -> None:
        factors = self.runtime.state.factors.of(self.session.username)
        passkey = self._has_passkey_here()
        self._render(
            "confirm.html",
            script="passkeys.js" if passkey else None,
            action=self._here(CONFIRM),
            back=self._next(),
            username=self.session.username,
            # A recovery code is taken wherever a code is; without either there is only the passkey.
            asks_code=factors.totp or factors.recovery_codes > 0 or not passkey,
            totp=factors.totp,
            passkey_options=(
                f"{self.base_url}jupyter-secure/api/elevate/options" if passkey else ""
            ),
            error=error,
        )

    def _has_passkey_here(self) -> bool:
        try:
            place = place_of_request(self.request)
            return self.runtime.state.elevate.has_passkey(self.session, place)
        except (InvalidInput, StateUnusable, VaultSealed):
            return False  # an address of numbers, say; a code is there for these
