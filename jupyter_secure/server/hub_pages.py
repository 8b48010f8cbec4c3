"""Logging in and out behind JupyterHub: its login first, then ours."""

from __future__ import annotations

from urllib.parse import urlencode

from jupyter_server.auth.decorator import allow_unauthenticated

from jupyter_secure.audit.events import Event, Outcome, Who
from jupyter_secure.errors import RecordUnwritable, SecureError, WrongCredentials
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.sessions import Session
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.http_errors import to_http
from jupyter_secure.server.hub_door import LOGIN_SECONDS, HubDoor, HubSilent
from jupyter_secure.server.login import LoginHandler, LogoutHandler
from jupyter_secure.server.page import Page, safe_next
from jupyter_secure.server.said import said_of
from jupyter_secure.server.threads import run_sync

_JOIN = "jupyter-secure/join"


class HubPage(Page):
    """A page that knows the Hub."""

    @property
    def door(self) -> HubDoor:
        """The Hub's door; the provider that serves these pages has made it."""
        door = self.runtime.door
        assert isinstance(door, HubDoor)
        return door

    def _account_of_visitor(self) -> Account | None:
        visitor = self.door.visitor(self.request)
        if visitor is None or visitor.account is None:
            return None
        return self.runtime.state.accounts.get(visitor.account)

    def _to_the_hub(self) -> None:
        """Send the browser to the Hub's login."""
        cookies = self.runtime.cookies
        began = self.door.begin(self._next())
        self.set_cookie(
            cookies.hub_login,
            began.kept,
            path=self.base_url,
            secure=True,
            httponly=True,
            samesite="Lax",  # the Hub, or whoever it asks, may be another site
            max_age=LOGIN_SECONDS,
        )
        self.redirect(began.address)

    def _refuse(self, message: str, reason: str, status: int = 403) -> None:
        said_of(self.request).reason = reason
        self.set_status(status)
        self._render("refused.html", message=message)

    def _no_account(self, hub_name: str) -> None:
        self.log.warning("JupyterHub let %s in, who has no account here.", hub_name)
        said_of(self.request).target = hub_name  # the Hub has said it; nobody typed it here
        self._refuse(
            f"JupyterHub knows you as {hub_name}, and no account of this server is yours. "
            "Its owner can invite you, or name your account in SecureConfig.hub_accounts.",
            "no-account",
        )


class HubLoginHandler(HubPage, LoginHandler):
    """Our login page, for whom the Hub has let in."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Show the step that comes next; the first one is the Hub's."""
        visitor = self.door.visitor(self.request)
        if self.current_user is not None:
            self.redirect(self._next())
        elif visitor is None:
            self._to_the_hub()
        elif self._account_of_visitor() is None:
            self._no_account(visitor.hub_name)
        else:
            await super().get()

    @allow_unauthenticated
    async def post(self) -> None:
        """Take one of our steps."""
        visitor = self.door.visitor(self.request)
        if visitor is None:
            self.redirect(self._here("login"), status=303)
        elif self._account_of_visitor() is None:
            self._no_account(visitor.hub_name)
        else:
            await super().post()

    def _field(self, name: str) -> str:
        """Return a field of the form; who it is, the Hub has said."""
        account = self._account_of_visitor() if name == "username" else None
        return super()._field(name) if account is None else account.username

    async def _enter(self, token: str, session: Session) -> None:
        visitor = self.door.visitor(self.request)
        if (
            visitor is None
            or visitor.account != session.username
            or not self.door.visitors.begin(visitor, session.public_id)
        ):
            # Another account's passkey, say. Nothing came in by it: the gate lets no session in
            # that no visitor has.
            self.runtime.end_session(session.public_id)
            raise WrongCredentials
        await super()._enter(token, session)


class HubCallbackHandler(HubPage):
    """Where the Hub sends the browser after its login."""

    @allow_unauthenticated
    async def get(self) -> None:
        """See who came, and show them the next door or let them in."""
        cookies = self.runtime.cookies
        if self.current_user is not None:
            self.redirect(self.base_url)
            return
        kept = cookies.read(self.request, cookies.hub_login)
        cookies.clear(self, cookies.hub_login)
        came = self.door.came_back(kept, self.get_query_argument("state", ""))
        code = self.get_query_argument("code", "")
        if came is None or not code:
            self._refuse(
                "That login was not begun in this browser, took too long, or was refused by "
                "JupyterHub. Open the server's address again.",
                "not-begun-here",
            )
            return
        verifier, next_url = came[0], safe_next(came[1], self.base_url)
        try:
            found = await self.door.identify(code, verifier, self.request)
        except HubSilent as error:
            self.log.warning("JupyterHub did not say who came: %s", error)
            self._refuse(
                "JupyterHub could not say who you are. Try again in a moment.", "hub-silent", 502
            )
            return
        if found is None:
            self._refuse("JupyterHub does not let you use this server.", "refused-by-hub")
            return
        token, visitor = found
        cookies.set(self, cookies.hub, token)
        self.log.info("JupyterHub let %s in.", visitor.hub_name)
        account = self._account(visitor.account)
        if next_url.partition("?")[0] == f"{self.base_url}{_JOIN}":
            self.redirect(next_url)
        elif account is None:
            self._no_account(visitor.hub_name)
        elif self._hub_suffices(account):
            try:
                await self._let_in(account, token)
            except SecureError as error:
                raise to_http(error) from error
            self.redirect(next_url)
        else:
            self.redirect(f"{self.base_url}login?{urlencode({'next': next_url})}")

    def _account(self, name: str | None) -> Account | None:
        return self.runtime.state.accounts.get(name) if name is not None else None

    def _hub_suffices(self, account: Account) -> bool:
        """Say whether no password is to be asked for: it was wished, and none is needed."""
        runtime = self.runtime
        return (
            runtime.config.hub_login == "hub"
            # Open by a key file from the start; not because somebody else is logged in.
            and runtime.state.sessions.stays_open
            and account.confirmed
        )

    async def _let_in(self, account: Account, visitor_token: str) -> None:
        """Begin a session on the Hub's word; it is not elevated."""
        runtime = self.runtime
        address = str(self.request.remote_ip)
        begin, root = runtime.state.sessions.begin, runtime.state.vault.root()
        token, session = await run_sync(
            begin,
            account.username,
            root,
            address,
            self.request.headers.get("User-Agent", "")[:200],
            account.generation,
        )
        visitor = self.door.visitors.find(visitor_token)
        who = Who(account.username, session.public_id)
        entered = Event("session:begin", Outcome.SUCCESS, who, address, reason="jupyterhub")
        try:
            await runtime.state.recorder.write(entered)
            if visitor is None or not self.door.visitors.begin(visitor, session.public_id):
                raise WrongCredentials
        except (RecordUnwritable, WrongCredentials):
            runtime.end_session(session.public_id)
            raise
        runtime.cookies.set(self, runtime.cookies.session, token)
        self.log.info("%s logged in, on JupyterHub's word.", account.username)


class HubLogoutHandler(HubPage, LogoutHandler):
    """Ends the session here, and the login at the Hub."""

    def _end(self) -> None:
        session = admission_of(self.request).session
        visitor = (
            self.door.visitors.of_session(session.public_id)
            if session is not None
            else self.door.visitor(self.request)
        )
        self.runtime.cookies.clear(self, self.runtime.cookies.hub)
        super()._end()
        if visitor is not None:
            self.door.leave(visitor, "logged out")

    def _go(self) -> None:
        if self.request.method == "GET":
            self.redirect(self.door.logout_url, status=302)
        else:
            # A form of ours may lead to this origin only, and the Hub may have another.
            self.set_header("Refresh", f"0; url={self.door.logout_url}")
            self.finish()
