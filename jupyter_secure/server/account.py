"""``account``: what someone may change about their own way in."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import segno
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.errors import NotFound
from jupyter_secure.identity.devices import Device
from jupyter_secure.identity.sessions import Session
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.elevation import require_elevated
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.passkeys import passkey_model
from jupyter_secure.server.threads import run_sync

_Answer = TypeVar("_Answer")


def qr_svg(text: str) -> str:
    """Return ``text`` as a QR code: one ``<svg>`` element that scales, black on white."""
    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(
        picture, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, light="#fff"
    )
    return picture.getvalue().decode()


def device_model(device: Device, current: Session) -> dict[str, object]:
    """Return the API's form of a known device."""
    trusted = device.trusted_until
    return {
        "id": device.public_id,
        "name": device.name,
        "address": device.address,
        "current": device.public_id == current.device,
        "created_at": device.created_at.isoformat(),
        "last_used_at": device.last_used_at.isoformat(),
        "trusted_until": trusted.isoformat() if trusted else None,
    }


class _AccountHandler(SecureAPIHandler):
    async def in_login_thread(self, work: Callable[..., _Answer], *args: object) -> _Answer:
        """Run what derives from a password, or changes factors, one at a time."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.runtime.login_thread, partial(work, *args))

    def rotated(self, token: str, session: Session, what: str) -> None:
        """Hand the session its new cookie and note what was done."""
        self.runtime.rotated(self, token, session)
        self.log.info("%s %s.", session.username, what)


class AccountHandler(_AccountHandler):
    """``GET account``: who one is here, and by what."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the account with its factors and devices."""
        with as_http():
            model = await run_sync(self._model)
        self.finish(json.dumps(model))

    def _model(self) -> dict[str, Any]:
        state, name = self.runtime.state, self.session.username
        account, factors = state.accounts.get(name), state.factors.of(name)
        if account is None:
            raise NotFound("The account was removed.")
        return {
            "username": account.username,
            "display_name": account.display_name,
            "role": account.role.value,
            "factors": {
                "totp": factors.totp,
                "passkeys": [passkey_model(one) for one in state.passkey.manage.list(name)],
                "recovery_codes": factors.recovery_codes,
            },
            "devices": [device_model(one, self.session) for one in state.devices.list(name)],
            "trusted_device_days": state.devices.trusted_days,
            "clock_offset_seconds": state.drift.offset(name),
        }


class PasswordHandler(_AccountHandler):
    """``POST account/password``: change it, knowing the present one."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Change the password; every other session of the account ends."""
        with as_http():
            current, new = self.body("current"), self.body("new")
            change = self.runtime.state.new_password
            token, session = await self.in_login_thread(change, self.session, current, new)
            self.rotated(token, session, "changed the password")
        self.set_status(204)
        self.finish()


class TotpHandler(_AccountHandler):
    """``account/totp``: set up an authenticator, or another one, and remove it."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Begin: return what goes into the authenticator."""
        with as_http():
            require_elevated(self)
            made = await run_sync(self.runtime.state.enrolments.begin, self.session)
        answer = {"secret": made.secret, "uri": made.uri, "qr_svg": qr_svg(made.uri)}
        self.finish(json.dumps(answer))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def put(self) -> None:
        """Confirm it with one of its codes; from then on it is the one in force."""
        with as_http():
            require_elevated(self)
            confirm = self.runtime.state.enrolments.confirm
            token, session = await self.in_login_thread(confirm, self.session, self.body("code"))
            self.rotated(token, session, "set up an authenticator")
        self.set_status(204)
        self.finish()

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self) -> None:
        """Remove it, unless it is the last second factor."""
        with as_http():
            require_elevated(self)
            remove = self.runtime.state.factors.remove_totp
            token, session = await run_sync(remove, self.session)
            self.rotated(token, session, "removed the authenticator")
        self.set_status(204)
        self.finish()


class RecoveryCodesHandler(_AccountHandler):
    """``POST account/recovery-codes``: ten new ones; those of before are worthless."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Return the codes, once."""
        with as_http():
            require_elevated(self)
            renew = self.runtime.state.factors.renew_recovery_codes
            codes = await run_sync(renew, self.session)
        self.log.info("%s renewed the recovery codes.", self.session.username)
        self.finish(json.dumps({"recovery_codes": codes}))


class DevicesHandler(_AccountHandler):
    """``account/devices``: the browsers that are known, and trusted, and to forget them."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the known devices of this account."""
        with as_http():
            found = await run_sync(self.runtime.state.devices.list, self.session.username)
        self.finish(json.dumps({"devices": [device_model(one, self.session) for one in found]}))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self) -> None:
        """Forget all of them."""
        with as_http():
            await run_sync(self.runtime.state.devices.forget_all, self.session.username)
        self.set_status(204)
        self.finish()


class DeviceHandler(_AccountHandler):
    """``DELETE account/devices/{id}``: forget one device."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, public_id: str) -> None:
        """Forget it: it is neither known nor trusted any more."""
        with as_http():
            forget = self.runtime.state.devices.forget
            await run_sync(forget, self.session.username, public_id)
        self.set_status(204)
        self.finish()


def account_handlers(api: str) -> list[tuple[str, object]]:
    """Return our routes below ``api``."""
    return [
        (rf"{api}/account", AccountHandler),
        (rf"{api}/account/password", PasswordHandler),
        (rf"{api}/account/totp", TotpHandler),
        (rf"{api}/account/recovery-codes", RecoveryCodesHandler),
        (rf"{api}/account/devices", DevicesHandler),
        (rf"{api}/account/devices/([\w-]+)", DeviceHandler),
    ]
