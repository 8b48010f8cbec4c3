"""Accounts over our REST API, for owners who have confirmed a second factor."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from tornado.web import RequestHandler, authenticated

from jupyter_secure.app.accounts.address import link_url
from jupyter_secure.app.accounts.team import MadeLink, Member, Team
from jupyter_secure.errors import InvalidInput, Refused
from jupyter_secure.identity.links import DEFAULT_HOURS, Link, Purpose
from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.elevation import require_elevated
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync

_Answer = TypeVar("_Answer")


def require_owner(handler: RequestHandler) -> str:
    """Return who asks, if that person may look after accounts; raises ``Refused``.

    The gate asks the same of the path. Asked again here, so that a route of ours that is not in its
    table is not open.
    """
    admission = admission_of(handler.request)
    if admission.session is None or Right.MANAGE not in admission.rights:
        raise Refused("Only an owner may look after accounts.", remedy="Ask an owner.")
    return admission.session.username


def address_of(handler: RequestHandler, base_url: str) -> str:
    """Return the server's address as whoever asks knows it."""
    return f"{handler.request.protocol}://{handler.request.host}{base_url}"


def user_model(one: Member, current: str) -> dict[str, Any]:
    """Return the API's form of one account."""
    account = one.account
    return {
        "username": account.username,
        "display_name": account.display_name,
        "role": account.role.value,
        "current": account.username == current,
        "has_password": one.has_password,
        "confirmed": account.confirmed,
        "recovery_codes": one.recovery_codes,
        "created_at": account.created_at.isoformat(),
    }


def link_model(link: Link) -> dict[str, Any]:
    """Return the API's form of a link: never what lets somebody in."""
    return {
        "username": link.username,
        "purpose": link.purpose.value,
        "role": link.role or None,
        "created_by": link.created_by,
        "created_at": link.created_at.isoformat(),
        "expires_at": link.expires_at.isoformat(),
    }


class _UsersHandler(SecureAPIHandler):
    @property
    def team(self) -> Team:
        return self.runtime.state.team

    def owner(self) -> str:
        """Return the owner who asks, and has confirmed a second factor."""
        name = require_owner(self)
        require_elevated(self)
        return name

    def flag(self, name: str) -> bool:
        """Return a truth value of the JSON body, false if it is not there."""
        value = (self.get_json_body() or {}).get(name, False)
        if not isinstance(value, bool):
            raise InvalidInput(f'"{name}" must be true or false.')
        return value

    def hours(self) -> float:
        """Return for how long a link is to be good."""
        value = (self.get_json_body() or {}).get("hours", DEFAULT_HOURS)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidInput('"hours" must be a number.')
        return float(value)

    def role(self) -> Role:
        """Return the role that is asked for."""
        try:
            return Role(self.body("role"))
        except ValueError:
            roles = ", ".join(role.value for role in Role)
            raise InvalidInput(f"There is no such role. Roles are: {roles}.") from None

    async def work(self, work: Callable[[], _Answer]) -> _Answer:
        """Do something to accounts off the event loop; close the sockets of what it ended."""
        try:
            return await run_sync(work)
        finally:
            self.runtime.close_ended()

    def answer_link(self, made: MadeLink) -> None:
        """Answer with a link, this once."""
        self.set_status(201)
        self.finish(
            json.dumps(
                {
                    "username": made.link.username,
                    "link": link_url(address_of(self, self.base_url), made.token),
                    "expires_at": made.link.expires_at.isoformat(),
                }
            )
        )


class UsersHandler(_UsersHandler):
    """``GET`` and ``POST users``: who there is, and inviting somebody."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return all accounts, and the links that wait."""
        with as_http():
            name = require_owner(self)
            members, pending = await run_sync(lambda: (self.team.members(), self.team.pending()))
        self.finish(
            json.dumps(
                {
                    "users": [user_model(one, name) for one in members],
                    "links": [link_model(one) for one in pending],
                }
            )
        )

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Make an invitation."""
        with as_http():
            name = self.owner()
            invite = partial(
                self.team.invite,
                self.runtime.state.vault.root(),
                self.body("username"),
                self.role(),
                name,
                hours=self.hours(),
            )
            made = await self.work(invite)
        self.log.info("%s invited %s as %s.", name, made.link.username, made.link.role)
        self.answer_link(made)


class UserHandler(_UsersHandler):
    """``PATCH`` and ``DELETE users/{name}``: another role, and removing."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def patch(self, username: str) -> None:
        """Change the role."""
        with as_http():
            name, role = self.owner(), self.role()
            change = partial(self.team.set_role, username, role, name, myself=self.flag("myself"))
            await self.work(change)
        self.log.info("%s made %s %s.", name, username, role.value)
        self.set_status(204)
        self.finish()

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, username: str) -> None:
        """Remove the account."""
        with as_http():
            name, locks = self.owner(), self.body("locks")
            if locks not in ("take", "remove"):
                raise InvalidInput('"locks" must be "take" or "remove".')
            remove = partial(
                self.team.remove,
                self.runtime.state.vault.root(),
                username,
                name,
                heir=name if locks == "take" else None,
                myself=self.flag("myself"),
            )
            count = await self.work(remove)
        self.log.info("%s removed %s.", name, username)
        self.finish(json.dumps({"locks": count}))


class ResetHandler(_UsersHandler):
    """``POST users/{name}/reset``: a link for a new password or second factor."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, username: str) -> None:
        """Make the link."""
        with as_http():
            name, what = self.owner(), self.body("what")
            if what not in ("password", "two-factor"):
                raise InvalidInput('"what" must be "password" or "two-factor".')
            root = self.runtime.state.vault.root()
            reset = partial(
                self.team.reset, root, username, Purpose(what), name, hours=self.hours()
            )
            made = await self.work(reset)
        self.log.info("%s made a link for a new %s of %s.", name, what, username)
        self.answer_link(made)


class UnlockHandler(_UsersHandler):
    """``POST users/{name}/unlock``: forget wrong tries."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, username: str) -> None:
        """Forget them."""
        with as_http():
            self.owner()
            await self.work(partial(self.team.unlock, username))
        self.set_status(204)
        self.finish()


class LinksHandler(_UsersHandler):
    """``DELETE users/{name}/links``: take back links that wait."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, username: str) -> None:
        """Take them back."""
        with as_http():
            name = self.owner()
            await self.work(partial(self.team.withdraw, username, name))
        self.set_status(204)
        self.finish()


def users_handlers(api: str) -> list[tuple[str, object]]:
    """Return our routes below ``api``."""
    return [
        (rf"{api}/users", UsersHandler),
        (rf"{api}/users/([^/]+)", UserHandler),
        (rf"{api}/users/([^/]+)/reset", ResetHandler),
        (rf"{api}/users/([^/]+)/unlock", UnlockHandler),
        (rf"{api}/users/([^/]+)/links", LinksHandler),
    ]
