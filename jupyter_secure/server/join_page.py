"""The page that a one-time link leads to: a password, an authenticator, recovery codes."""

from __future__ import annotations

from jupyter_server.auth.decorator import allow_unauthenticated
from markupsafe import Markup

from jupyter_secure.app.accounts.address import JOIN
from jupyter_secure.app.accounts.join import Join, Joined
from jupyter_secure.audit.events import Event
from jupyter_secure.errors import LinkUnusable, SecureError
from jupyter_secure.identity.links import Purpose
from jupyter_secure.server.account import qr_svg
from jupyter_secure.server.http_errors import status_of
from jupyter_secure.server.page import Page
from jupyter_secure.server.said import said_of

#: How long the cookie lives that takes the link's place, in seconds: the steps take minutes.
COOKIE_SECONDS = 15 * 60


class JoinHandler(Page):
    """Open to everyone who has a link; nothing is changed by looking."""

    @property
    def _join(self) -> Join:
        return self.runtime.state.join

    @property
    def _address(self) -> str:
        return str(self.request.remote_ip)

    @allow_unauthenticated
    async def get(self) -> None:
        """Take the link out of the address, or show the step that comes next."""
        try:
            token = self.get_query_argument("link", "")
            if token:
                await self._take(token)
            else:
                await self._show(self._ticket())
        except SecureError as error:
            self._refuse(error)

    @allow_unauthenticated
    async def post(self) -> None:
        """Take a step."""
        ticket, code = self._ticket(), self._field("code")
        try:
            if code:
                done: Joined | None = await self._in_login_thread(
                    self._join.second_step, ticket, code, self._address
                )
            else:
                done = await self._in_login_thread(
                    self._join.first_step,
                    ticket,
                    self._field("password"),
                    self._field("again"),
                    self._address,
                )
        except SecureError as error:
            await self._again(ticket, error)
            return
        if done is None:
            self.redirect(f"{self.base_url}{JOIN}", status=303)
            return
        said = said_of(self.request)
        said.target, said.details["purpose"] = done.username, done.purpose.value
        if done.purpose is Purpose.INVITATION:
            address = str(self.request.remote_ip)
            said.also.append(Event("user:add", address=address, target=done.username))
        self._forget()
        # Sessions of before a reset have ended with it.
        self.runtime.close_ended()
        self.log.info("%s used a link (%s).", done.username, done.purpose.value)
        self._render(
            "joined.html", done=done, login=f"{self.base_url}login", codes=done.recovery_codes
        )

    async def _take(self, token: str) -> None:
        """Put the link into a cookie, so that it leaves the address, the history and the log."""
        ticket = self._join.ticket(token)
        await self._in_login_thread(self._join.link, ticket, self._address)
        cookies = self.runtime.cookies
        self.set_cookie(
            cookies.join,
            ticket,
            path=cookies.base_url,
            secure=True,
            httponly=True,
            samesite="Strict",
            max_age=COOKIE_SECONDS,
        )
        clean = f"{self.base_url}{JOIN}"
        if self.request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
            self.redirect(clean, status=303)
            return
        # A link that was followed from another site, such as a mail's: a redirect would count as
        # coming from there, and the Strict cookie would stay behind. This page goes on by itself.
        self.set_header("Refresh", f"0; url={clean}")
        self._render("join_arrived.html", onward=clean)

    async def _show(self, ticket: str) -> None:
        link = await self._in_login_thread(self._join.link, ticket, self._address)
        self._step(ticket, link.username, link.purpose.value, role=link.role)

    def _step(
        self, ticket: str, username: str, purpose: str, *, role: str = "", error: str = ""
    ) -> None:
        enrolment = self._join.enrolment(ticket)
        again = self.get_query_argument("step", "") == "password"
        action = f"{self.base_url}{JOIN}"
        if enrolment is None or again:
            self._render(
                "join.html",
                action=action,
                username=username,
                purpose=purpose,
                role=role,
                error=error,
            )
            return
        self._render(
            "join_code.html",
            action=action,
            username=username,
            purpose=purpose,
            qr=Markup(qr_svg(enrolment.totp_uri)),  # noqa: S704  # made by us, of modules only
            uri=enrolment.totp_uri,
            secret=" ".join(
                enrolment.totp_secret[at : at + 4] for at in range(0, len(enrolment.totp_secret), 4)
            ),
            start_over=f"{action}?step=password",
            error=error,
        )

    async def _again(self, ticket: str, error: SecureError) -> None:
        """Show the same step with what was wrong; or that the link does not work any more."""
        try:
            link = await self._in_login_thread(self._join.link, ticket, self._address)
        except SecureError as gone:
            self._refuse(gone)
            return
        self._answer(error)
        self._step(
            ticket, link.username, link.purpose.value, role=link.role, error=self._say(error)
        )

    def _refuse(self, error: SecureError) -> None:
        self._answer(error)
        if isinstance(error, LinkUnusable):
            self._forget()
        self._render("join_refused.html", message=self._say(error), login=f"{self.base_url}login")

    def _answer(self, error: SecureError) -> None:
        self.set_status(status_of(error), error.reason)
        self._tell_when(error)

    def _ticket(self) -> str:
        cookies = self.runtime.cookies
        return cookies.read(self.request, cookies.join) or ""

    def _forget(self) -> None:
        cookies = self.runtime.cookies
        self.clear_cookie(
            cookies.join, path=cookies.base_url, secure=True, httponly=True, samesite="Strict"
        )
