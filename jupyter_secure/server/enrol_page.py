"""The page on which someone who is logged in sets up an authenticator, or another one."""

from __future__ import annotations

from markupsafe import Markup
from tornado.web import authenticated

from jupyter_secure.errors import ElevationRequired, SecureError
from jupyter_secure.server.account import qr_svg
from jupyter_secure.server.account_page import ACCOUNT, confirm_first
from jupyter_secure.server.elevation import require_elevated
from jupyter_secure.server.http_errors import status_of
from jupyter_secure.server.page import Page

ENROL = "jupyter-secure/enrol"


def grouped(secret: str, size: int = 4) -> str:
    """Return a secret in groups, for typing it off the screen."""
    return " ".join(secret[at : at + size] for at in range(0, len(secret), size))


class EnrolHandler(Page):
    """Shows a new secret and takes the first code; until then the authenticator before counts."""

    @authenticated
    async def get(self) -> None:
        """Show what was begun, or begin."""
        try:
            require_elevated(self)
            self._show()
        except SecureError as error:
            self._refuse(error)

    @authenticated
    async def post(self) -> None:
        """Put the new authenticator in force if the code is right."""
        state = self.runtime.state
        try:
            require_elevated(self)
            if self._field("do") == "again":
                state.enrolments.begin(self.session)
                self.redirect(f"{self.base_url}{ENROL}", status=303)
                return
            token, session = await self._in_login_thread(
                state.enrolments.confirm, self.session, self._field("code")
            )
        except ElevationRequired as error:
            self._refuse(error)
        except SecureError as error:
            self.set_status(status_of(error))
            self._tell_when(error)
            try:
                self._show(self._say(error))
            except SecureError as other:
                self._refuse(other)
        else:
            self.runtime.rotated(self, token, session)
            self.log.info("%s set up an authenticator.", session.username)
            self.redirect(f"{self.base_url}{ACCOUNT}?done=totp#authenticator", status=303)

    def _show(self, error: str = "") -> None:
        state = self.runtime.state
        new = state.enrolments.begun(self.session) or state.enrolments.begin(self.session)
        self._render(
            "enrol.html",
            action=f"{self.base_url}{ENROL}",
            back=f"{self.base_url}{ACCOUNT}",
            replaces=state.factors.of(self.session.username).totp,
            # Made of our own secret and nothing that anyone typed.
            qr=Markup(qr_svg(new.uri)),  # noqa: S704
            secret=grouped(new.secret),
            uri=new.uri,
            error=error,
        )

    def _refuse(self, error: SecureError) -> None:
        if isinstance(error, ElevationRequired):
            confirm_first(self, ENROL)
            return
        self.set_status(status_of(error))
        self._render("refused.html", message=self._say(error))
