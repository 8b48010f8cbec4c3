"""The pages for logging in and out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated

from jupyter_secure.app.login.passkey_answers import PasskeyAnswer
from jupyter_secure.app.login.waiting import Pending
from jupyter_secure.audit.events import Event, Who
from jupyter_secure.errors import (
    InvalidInput,
    PasswordNeeded,
    SecureError,
    StateUnusable,
    TooManyTries,
    WrongCredentials,
    WrongPasskey,
)
from jupyter_secure.identity.devices import KNOWN_FOR
from jupyter_secure.identity.sessions import Session
from jupyter_secure.server.admission import admission_of, who_of
from jupyter_secure.server.http_errors import as_http, to_http
from jupyter_secure.server.page import Page
from jupyter_secure.server.passkeys import LOGIN_OPTIONS, place_of_request
from jupyter_secure.server.said import factor_of, passed, said_of, trying
from jupyter_secure.server.threads import run_sync

_TOO_MANY = 429


class LoginHandler(Page):
    """Password, then code, then in."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Show the step that comes next."""
        if self.current_user:
            self.redirect(self._next())
            return
        if self.get_query_argument("step", "") == "code":
            pending = self._pending()
            if pending is not None:
                self._ask_code(pending)
                return
        self._ask_password()

    @allow_unauthenticated
    async def post(self) -> None:
        """Take one step, or both at once."""
        try:
            await self._take_steps()
        except (WrongCredentials, InvalidInput):
            # One text for all of them: which part was wrong helps only who should not get in.
            self.set_status(401)
            self._again(self._say(WrongPasskey() if self._field("passkey") else WrongCredentials()))
        except PasswordNeeded as error:
            self.set_status(423)
            self._again(self._say(error))
        except TooManyTries as error:
            self.set_status(_TOO_MANY)
            self._tell_when(error)
            self._again(self._say(error))
        except SecureError as error:
            raise to_http(error) from error

    async def _take_steps(self) -> None:
        password, code = self._field("password"), self._field("code")
        if passkey := self._field("passkey"):
            await self._with_passkey(PasskeyAnswer.from_text(passkey))
            return
        if password or not code:
            trying(self.request, "login:password")
            pending = await self._first_step(self._field("username"), password)
            if not code and self.runtime.state.log_in.is_trusted(pending):
                passed(self.request, pending.username, "trusted-device")
                without_code = self.runtime.state.log_in.without_code
                address = str(self.request.remote_ip)
                await self._enter(
                    *await self._in_login_thread(without_code, pending, address, self._user_agent())
                )
                return
            if not code:
                self.redirect(self._here("login", step="code"), status=303)
                return
            passed(self.request, pending.username)
        else:
            pending = self._pending()
            if pending is None:
                raise WrongCredentials
        await self._second_step(pending, code)

    def _again(self, error: str) -> None:
        pending = None if self._field("password") else self._pending()
        if pending is not None:
            self._ask_code(pending, error)
        else:
            self._ask_password(error)

    def _pending(self) -> Any:
        cookies = self.runtime.cookies
        token = cookies.read(self.request, cookies.login)
        return self.runtime.state.log_in.pending(token) if token else None

    async def _first_step(self, username: str, password: str) -> Any:
        cookies = self.runtime.cookies
        pending = await self._in_login_thread(
            self.runtime.state.log_in.first_step,
            username,
            password,
            str(self.request.remote_ip),
            cookies.read(self.request, cookies.device),
            self._field("code"),
        )
        cookies.set(self, cookies.login, pending.token)
        return pending

    async def _with_passkey(self, answer: PasskeyAnswer) -> None:
        """Take the second step with a passkey, or with one alone, both steps."""
        if self.get_query_argument("step", "") == "code":
            pending = self._pending()
            if pending is None:
                raise WrongCredentials
            await self._second_step(pending, answer)
            return
        log_in = self.runtime.state.passkey.log_in
        address, user_agent = str(self.request.remote_ip), self._user_agent()
        trying(self.request, "login:passkey")
        token, session = await run_sync(log_in, answer.value, address, user_agent)
        passed(self.request, session.username, "passkey")
        await self._enter(token, session)

    def _user_agent(self) -> str:
        return self.request.headers.get("User-Agent", "")[:200]

    async def _second_step(self, pending: Any, code: str | PasskeyAnswer) -> None:
        factor = factor_of(code)
        trying(self.request, f"login:{factor}")
        token, session = await self._in_login_thread(
            self.runtime.state.log_in.second_step,
            pending,
            code,
            str(self.request.remote_ip),
            self._user_agent(),
        )
        passed(self.request, pending.username, factor)
        await self._enter(token, session)

    async def _enter(self, token: str, session: Session) -> None:
        said = said_of(self.request)
        said.who = Who(session.username, session=session.public_id)
        before = admission_of(self.request).session
        if before is not None:
            ended = Event("session:end", who=who_of(self.request), reason="logged-in-again")
            said.also.append(replace(ended, address=str(self.request.remote_ip)))
            # A browser has one session: whoever logs in again leaves none behind.
            self.runtime.end_session(before.public_id)
        cookies = self.runtime.cookies
        cookies.clear(self, cookies.login)
        cookies.set(self, cookies.session, token)
        await self._remember_device(session)
        self.log.info("%s logged in.", session.username)
        self.redirect(self._next(), status=302)

    async def _remember_device(self, session: Session) -> None:
        cookies, devices = self.runtime.cookies, self.runtime.state.devices
        before = cookies.read(self.request, cookies.device)
        trust = bool(self._field("trust"))
        try:
            token = await run_sync(partial(devices.remember, session, before, trust=trust))
        except SecureError:
            # A full disk, say: whoever could make room must get in.
            self.log.exception("Could not note the device of a login.")
        else:
            cookies.keep(self, cookies.device, token, KNOWN_FOR.days)
            if trust and devices.trusted_days:
                said = said_of(self.request)
                assert said.who is not None  # since the session began
                trusted = Event("account:device-trust", who=said.who)
                said.also.append(replace(trusted, address=str(self.request.remote_ip)))

    def _ask_password(self, error: str = "") -> None:
        self._render(
            "login.html",
            script="passkeys.js",
            action=self._here("login"),
            username=self._field("username"),
            error=error,
            spare=self.get_status() == _TOO_MANY,
            passkey_options=f"{self.base_url}{LOGIN_OPTIONS}",
        )

    def _ask_code(self, pending: Pending, error: str = "") -> None:
        username = pending.username
        offered = self._offers_passkey(pending)
        self._render(
            "code.html",
            script="passkeys.js" if offered else None,
            passkey_options=f"{self.base_url}{LOGIN_OPTIONS}?step=code" if offered else "",
            action=self._here("login", step="code"),
            start_over=self._here("login"),
            trusted_days=self.runtime.state.devices.trusted_days,
            username=username,
            error=error,
        )

    def _offers_passkey(self, pending: Pending) -> bool:
        try:
            place = place_of_request(self.request)
            return self.runtime.state.log_in.has_passkey(pending, place)
        except (InvalidInput, StateUnusable):
            return False  # an address, or a record that was altered: a code is there for these


class LogoutHandler(Page):
    """Ends the session; a page of another site can't."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Log out when a page of ours asks; otherwise ask first."""
        admission = admission_of(self.request)
        if admission.session is None:
            self.redirect(f"{self.base_url}login")
        elif self._asked_by_our_page():
            self._end()
        else:
            self._render(
                "logout.html",
                action=f"{self.base_url}logout",
                back=self.base_url,
                username=admission.session.username,
            )

    def _asked_by_our_page(self) -> bool:
        """Tell JupyterLab's own "Log Out" from an image in some notebook's output."""
        headers = self.request.headers
        return (
            headers.get("Sec-Fetch-Site") == "same-origin"
            and headers.get("Sec-Fetch-Mode") == "navigate"
            and headers.get("Sec-Fetch-Dest") == "document"
        )

    @allow_unauthenticated
    async def post(self) -> None:
        """Log out."""
        self._end()

    def _end(self) -> None:
        session = admission_of(self.request).session
        if session is not None:
            with as_http():
                self.runtime.end_session(session.public_id)
            self.log.info("%s logged out.", session.username)
        self.runtime.cookies.clear(self, self.runtime.cookies.session)
        self._go()

    def _go(self) -> None:
        """Lead on, now that the session has ended."""
        self.redirect(f"{self.base_url}login", status=302)
