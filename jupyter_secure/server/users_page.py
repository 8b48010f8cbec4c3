"""The page on which an owner looks after accounts; it works without JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from tornado.web import authenticated

from jupyter_secure.app.accounts.address import JOIN, link_url
from jupyter_secure.app.accounts.team import MadeLink, Team
from jupyter_secure.errors import ElevationRequired, InvalidInput, SecureError
from jupyter_secure.identity.links import Purpose
from jupyter_secure.identity.roles import Role
from jupyter_secure.server.account_page import confirm_first
from jupyter_secure.server.elevation import require_elevated
from jupyter_secure.server.http_errors import status_of
from jupyter_secure.server.join_page import JoinHandler
from jupyter_secure.server.page import Page
from jupyter_secure.server.threads import run_sync
from jupyter_secure.server.users import address_of, require_owner

USERS = "jupyter-secure/users"


class UsersPageHandler(Page):
    """What an owner sees of everyone, and the forms that change it."""

    @property
    def _team(self) -> Team:
        return self.runtime.state.team

    @authenticated
    async def get(self) -> None:
        """Show the accounts, or one question about one of them."""
        try:
            require_owner(self)
            require_elevated(self)
        except SecureError as error:
            self._not_now(error)
            return
        name = self.get_query_argument("name", "")
        ask = self.get_query_argument("ask", "")
        if name and ask in ("remove", "role"):
            await self._ask(ask, name)
        else:
            await self._show(done=self.get_query_argument("done", ""), about=name)

    @authenticated
    async def post(self) -> None:
        """Do what one of the forms asks for."""
        try:
            owner = require_owner(self)
            require_elevated(self)
        except SecureError as error:
            self._not_now(error)
            return
        action = self._ACTIONS.get(self._field("do"))
        try:
            if action is None:
                raise InvalidInput("That form is not one of this page.")
            await action(self, owner)
        except SecureError as error:
            self.set_status(status_of(error))
            await self._show(error=self._say(error))
        finally:
            self.runtime.close_ended()

    def _not_now(self, error: SecureError) -> None:
        if isinstance(error, ElevationRequired):
            confirm_first(self, USERS)
            return
        self.set_status(status_of(error))
        self._render("refused.html", message=self._say(error))

    async def _invite(self, owner: str) -> None:
        root = self.runtime.state.vault.root()
        made = await run_sync(
            partial(
                self._team.invite,
                root,
                self._field("username"),
                self._role(),
                owner,
                hours=self._hours(),
            )
        )
        self.log.info("%s invited %s as %s.", owner, made.link.username, made.link.role)
        await self._show(made=made)

    async def _reset_password(self, owner: str) -> None:
        await self._reset(owner, Purpose.PASSWORD)

    async def _reset_two_factor(self, owner: str) -> None:
        await self._reset(owner, Purpose.TWO_FACTOR)

    async def _reset(self, owner: str, what: Purpose) -> None:
        root = self.runtime.state.vault.root()
        made = await run_sync(self._team.reset, root, self._field("id"), what, owner)
        self.log.info("%s made a link for a new %s of %s.", owner, what.value, made.link.username)
        await self._show(made=made)

    async def _set_role(self, owner: str) -> None:
        name, role = self._field("id"), self._role()
        # The form of one's own role says what that means.
        change = partial(
            self._team.set_role, name, role, owner, myself=self._field("myself") == "yes"
        )
        await run_sync(change)
        self.log.info("%s made %s %s.", owner, name, role.value)
        self._back("role", name)

    async def _remove(self, owner: str) -> None:
        name, locks = self._field("id"), self._field("locks")
        if locks not in ("take", "remove"):
            raise InvalidInput("Choose what becomes of the locks.")
        remove = partial(
            self._team.remove,
            self.runtime.state.vault.root(),
            name,
            owner,
            heir=owner if locks == "take" else None,
            myself=self._field("myself") == "yes",
        )
        await run_sync(remove)
        self.log.info("%s removed %s.", owner, name)
        self._back("remove", name)

    async def _unlock(self, owner: str) -> None:
        name = self._field("id")
        await run_sync(self._team.unlock, name)
        self.log.info("%s unlocked %s.", owner, name)
        self._back("unlock", name)

    async def _withdraw(self, owner: str) -> None:
        name = self._field("id")
        await run_sync(self._team.withdraw, name, owner)
        self._back("withdraw", name)

    _ACTIONS: ClassVar[dict[str, Callable[[UsersPageHandler, str], Awaitable[None]]]] = {
        "invite": _invite,
        "reset-password": _reset_password,
        "reset-two-factor": _reset_two_factor,
        "role": _set_role,
        "remove": _remove,
        "unlock": _unlock,
        "withdraw": _withdraw,
    }

    def _role(self) -> Role:
        try:
            return Role(self._field("role"))
        except ValueError:
            raise InvalidInput("Choose a role.") from None

    def _hours(self) -> float:
        try:
            return float(self._field("hours"))
        except ValueError:
            raise InvalidInput("Choose for how many hours the link is good.") from None

    def _back(self, done: str, name: str) -> None:
        query = urlencode({"done": done, "name": name})
        self.redirect(f"{self.base_url}{USERS}?{query}", status=303)

    async def _ask(self, ask: str, name: str) -> None:
        """Ask what becomes of an account: the choice is made on a page of its own."""
        found = [one for one in await run_sync(self._team.members) if one.account.username == name]
        if not found:
            self._back("", "")
            return
        locks = [one for one in self.runtime.state.locks.list() if one.owner == name]
        self._render(
            "user_change.html",
            action=f"{self.base_url}{USERS}",
            ask=ask,
            member=found[0],
            roles=list(Role),
            locks=locks,
            mine=name == self.session.username,
        )

    async def _show(
        self, *, done: str = "", about: str = "", made: MadeLink | None = None, error: str = ""
    ) -> None:
        members, pending = await run_sync(lambda: (self._team.members(), self._team.pending()))
        self._render(
            "users.html",
            action=f"{self.base_url}{USERS}",
            lab=self.base_url,
            members=members,
            pending=pending,
            roles=list(Role),
            current=self.session.username,
            said=done,
            about=about,
            made=made,
            link=link_url(address_of(self, self.base_url), made.token) if made else "",
            error=error,
            typed=self._field("username") if error else "",
        )


def people_pages() -> list[tuple[str, object]]:
    """Return the routes of the pages for owners and for who has a link."""
    return [(rf"/{USERS}", UsersPageHandler), (rf"/{JOIN}", JoinHandler)]
