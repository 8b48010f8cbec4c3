"""The account page: everything that a person decides about their own account, as plain forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from tornado.web import authenticated

from jupyter_secure.errors import ElevationRequired, InvalidInput, SecureError
from jupyter_secure.identity.access_tokens import DEFAULT_DAYS, GRANTABLE
from jupyter_secure.identity.devices import name_of
from jupyter_secure.identity.roles import Right
from jupyter_secure.server.elevation import is_elevated, require_elevated
from jupyter_secure.server.http_errors import status_of
from jupyter_secure.server.page import Page
from jupyter_secure.server.threads import run_sync

ACCOUNT = "jupyter-secure/account"
#: How long a token may be made for on the page; programs may ask for other numbers of days.
_DAYS = (7, 30, DEFAULT_DAYS, 365)


def confirm_first(page: Page, back: str) -> None:
    """Send a person to confirm a second factor and then to ``back``, below the base URL."""
    query = urlencode({"next": f"{page.base_url}{back}"})
    page.redirect(f"{page.base_url}jupyter-secure/confirm?{query}", status=303)


class AccountPageHandler(Page):
    """Shows the account and takes its forms; each says in ``do`` what it is for."""

    @authenticated
    async def get(self) -> None:
        """Show the account."""
        await self._show(done=self.get_query_argument("done", ""))

    @authenticated
    async def post(self) -> None:
        """Do what one of the forms asks for, and show the account again."""
        section, needs_factor, act = self._FORMS.get(
            self._field("do"), ("", False, AccountPageHandler._unknown)
        )
        try:
            if needs_factor:
                require_elevated(self)
            await act(self)
        except ElevationRequired:
            # It ran out while the page was open.
            confirm_first(self, f"{ACCOUNT}#{section}")
        except SecureError as error:
            self.set_status(status_of(error))
            self._tell_when(error)
            await self._show(error=self._say(error), section=section)

    async def _password(self) -> None:
        new = self._field("new")
        if new != self._field("again"):
            raise InvalidInput("The two new passwords are not the same.", remedy="Type them again.")
        change = self.runtime.state.new_password
        token, session = await self._in_login_thread(
            change, self.session, self._field("current"), new
        )
        self.runtime.rotated(self, token, session)
        self.log.info("%s changed the password.", session.username)
        self._back("password", "password")

    async def _remove_totp(self) -> None:
        token, session = await run_sync(self.runtime.state.factors.remove_totp, self.session)
        self.runtime.rotated(self, token, session)
        self.log.info("%s removed the authenticator.", session.username)
        self._back("no-totp", "authenticator")

    async def _codes(self) -> None:
        codes = await run_sync(self.runtime.state.factors.renew_recovery_codes, self.session)
        self.log.info("%s made new recovery codes.", self.session.username)
        self._render(
            "recovery_codes.html",
            action=f"{self.base_url}{ACCOUNT}",
            username=self.session.username,
            codes=codes,
        )

    async def _kept(self) -> None:
        self._back("kept", "recovery")

    async def _rename_passkey(self) -> None:
        rename = self.runtime.state.passkey.manage.rename
        await run_sync(rename, self.session.username, self._field("id"), self._field("name"))
        self._back("passkey-name", "passkeys")

    async def _remove_passkey(self) -> None:
        remove = self.runtime.state.passkey.manage.remove
        token, session = await run_sync(remove, self.session, self._field("id"))
        self.runtime.rotated(self, token, session)
        self.log.info("%s removed a passkey.", session.username)
        self._back("passkey", "passkeys")

    async def _forget_device(self) -> None:
        devices = self.runtime.state.devices
        await run_sync(devices.forget, self.session.username, self._field("id"))
        self._back("device", "devices")

    async def _end_session(self) -> None:
        found = self.runtime.state.sessions.require(self._field("id"), self.session.username)
        self.runtime.end_session(found.public_id)
        self._back("session", "sessions")

    async def _end_others(self) -> None:
        await self._end_all(but=self.session.public_id)
        self._back("sessions", "sessions")

    async def _end_everywhere(self) -> None:
        await self._end_all(but=None)
        self.runtime.cookies.clear(self, self.runtime.cookies.session)
        self.redirect(f"{self.base_url}login", status=303)

    async def _end_all(self, *, but: str | None) -> None:
        end = partial(self.runtime.state.sessions.end_all, self.session.username, keep=but)
        self.runtime.close_sockets(await run_sync(end))

    async def _new_token(self) -> None:
        days = self._field("days")
        username, create = self.session.username, self.runtime.state.access_tokens.create
        rights = {right for right in GRANTABLE if self._field(f"right-{right.value}")}
        name, folder = self._field("name"), self._field("folder").strip().strip("/")
        text, token = await run_sync(
            lambda: create(
                username, name, rights, folder, float(days) if days.isdecimal() else DEFAULT_DAYS
            )
        )
        self.log.info("%s made the access token %s.", username, token.public_id)
        await self._show(new_token=text)

    async def _revoke_token(self) -> None:
        revoke = self.runtime.state.access_tokens.revoke
        await run_sync(revoke, self._field("id"), self.session.username)
        self.runtime.token_sockets.sweep()
        self.log.info("%s revoked the access token %s.", self.session.username, self._field("id"))
        self._back("token", "tokens")

    async def _unknown(self) -> None:
        raise InvalidInput("That form is not one of this page.")

    def _back(self, done: str, section: str) -> None:
        # By a GET, so that loading the page again does nothing twice.
        self.redirect(f"{self.base_url}{ACCOUNT}?done={done}#{section}", status=303)

    async def _show(
        self, *, done: str = "", error: str = "", section: str = "", new_token: str = ""
    ) -> None:
        values = await run_sync(self._what_there_is)
        self._render(
            "account.html",
            script="account.js",
            action=f"{self.base_url}{ACCOUNT}",
            done=done,
            error=error,
            section=section,
            new_token=new_token,
            address=f"{self.request.protocol}://{self.request.host}{self.base_url}",
            typed=self._field("name") if section == "tokens" else "",
            **values,
        )

    def _what_there_is(self) -> dict[str, Any]:
        state, session = self.runtime.state, self.session
        account = state.accounts.get(session.username)
        role = account.role if account else None
        return {
            "account": account,
            "session": session,
            "elevated": is_elevated(self),
            "factors": state.factors.of(session.username),
            "passkeys": state.passkey.manage.list(session.username),
            "devices": state.devices.list(session.username),
            "clock_offset": state.drift.offset(session.username) or 0,
            "sessions": sorted(
                state.sessions.live(session.username),
                key=lambda one: one.last_seen_at,
                reverse=True,
            ),
            "device_name": name_of,
            "tokens": state.access_tokens.list(session.username),
            "is_expired": state.access_tokens.is_expired,
            "rights": [right for right in Right if role and right in role.rights & GRANTABLE],
            "day_choices": _DAYS,
            "default_days": DEFAULT_DAYS,
            "manages": bool(role and Right.MANAGE in role.rights),
        }

    #: What a form is for: its section of the page, whether it needs a second factor, what it does.
    _FORMS: ClassVar[
        dict[str, tuple[str, bool, Callable[[AccountPageHandler], Awaitable[None]]]]
    ] = {
        "password": ("password", False, _password),
        "remove-totp": ("authenticator", True, _remove_totp),
        "codes": ("recovery", True, _codes),
        "kept": ("recovery", False, _kept),
        "rename-passkey": ("passkeys", False, _rename_passkey),
        "remove-passkey": ("passkeys", True, _remove_passkey),
        "forget-device": ("devices", False, _forget_device),
        "end-session": ("sessions", False, _end_session),
        "end-others": ("sessions", False, _end_others),
        "end-everywhere": ("sessions", False, _end_everywhere),
        "new-token": ("tokens", True, _new_token),
        "revoke-token": ("tokens", False, _revoke_token),
    }
