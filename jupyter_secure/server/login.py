"""The pages for logging in and out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import MissingArgumentError

from jupyter_secure.errors import InvalidInput, SecureError, TooManyTries, WrongCredentials
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.http_errors import as_http, to_http
from jupyter_secure.server.pages import render
from jupyter_secure.server.runtime import Runtime, runtime_of

_Answer = TypeVar("_Answer")

# A path on this host: one slash at the start, and nothing that a browser would read as another
# host (a second slash, a backslash) or as the end of a header (control characters).
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def safe_next(url: str, base_url: str) -> str:
    """Return ``url`` if it is a path of this server, else ``base_url``."""
    if _LOCAL_PATH.fullmatch(url) and url.startswith(base_url):
        return url
    return base_url


class _Page(JupyterHandler):
    @property
    def runtime(self) -> Runtime:
        return runtime_of(self.settings["serverapp"])

    def _field(self, name: str) -> str:
        """Return a field of the form; never of the query, which is written to logs."""
        try:
            return self.get_body_argument(name, "", strip=False)
        except MissingArgumentError:
            return ""

    def _here(self, page: str, **query: str) -> str:
        query = {"next": self._next(), **query}
        return f"{self.base_url}{page}?{urlencode(query)}"

    def _next(self) -> str:
        return safe_next(self.get_query_argument("next", self.base_url), self.base_url)

    def _render(self, name: str, **values: object) -> None:
        self.finish(render(self, name, xsrf=self.xsrf_token.decode(), **values))


class LoginHandler(_Page):
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
                self._ask_code(pending.username)
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
            self._again(str(WrongCredentials()))
        except TooManyTries as error:
            self.set_status(429)
            self.set_header("Retry-After", str(error.retry_after))
            self._again(str(error))
        except SecureError as error:
            raise to_http(error) from error

    async def _take_steps(self) -> None:
        password, code = self._field("password"), self._field("code")
        if password or not code:
            pending = await self._first_step(self._field("username"), password)
            if not code:
                self.redirect(self._here("login", step="code"), status=303)
                return
        else:
            pending = self._pending()
            if pending is None:
                raise WrongCredentials
        await self._second_step(pending, code)

    def _again(self, error: str) -> None:
        pending = None if self._field("password") else self._pending()
        if pending is not None:
            self._ask_code(pending.username, error)
        else:
            self._ask_password(error)

    def _pending(self) -> Any:
        cookies = self.runtime.cookies
        token = cookies.read(self.request, cookies.login)
        return self.runtime.state.log_in.pending(token) if token else None

    async def _first_step(self, username: str, password: str) -> Any:
        pending = await self._in_login_thread(
            self.runtime.state.log_in.first_step, username, password, str(self.request.remote_ip)
        )
        self.runtime.cookies.set(self, self.runtime.cookies.login, pending.token)
        return pending

    async def _second_step(self, pending: Any, code: str) -> None:
        token, session = await self._in_login_thread(
            self.runtime.state.log_in.second_step,
            pending,
            code,
            str(self.request.remote_ip),
            self.request.headers.get("User-Agent", "")[:200],
        )
        before = admission_of(self.request).session
        if before is not None:
            # A browser has one session: whoever logs in again leaves none behind.
            self.runtime.end_session(before.public_id)
        cookies = self.runtime.cookies
        cookies.clear(self, cookies.login)
        cookies.set(self, cookies.session, token)
        self.log.info("%s logged in.", session.username)
        self.redirect(self._next(), status=302)

    async def _in_login_thread(self, work: Callable[..., _Answer], *args: object) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(
            self.runtime.login_thread, partial(work, *args)
        )

    def _ask_password(self, error: str = "") -> None:
        self._render(
            "login.html", action=self._here("login"), username=self._field("username"), error=error
        )

    def _ask_code(self, username: str, error: str = "") -> None:
        self._render(
            "code.html",
            action=self._here("login", step="code"),
            start_over=self._here("login"),
            username=username,
            error=error,
        )


class LogoutHandler(_Page):
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
        self.redirect(f"{self.base_url}login", status=302)
