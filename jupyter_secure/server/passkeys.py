"""The REST API of passkeys: ``account/passkeys``, and what ``elevate`` asks of one.

Options and answers have the JSON forms of W3C Web Authentication Level 3, section 5.1.8 and 5.1.9:
a page hands them to ``PublicKeyCredential.parseCreationOptionsFromJSON`` and
``parseRequestOptionsFromJSON``, and sends back what ``toJSON`` makes of the answer.
"""

from __future__ import annotations

import json

from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from tornado.httputil import HTTPServerRequest
from tornado.web import authenticated

from jupyter_secure.app.login.passkeys import ListedPasskey
from jupyter_secure.errors import NotFound
from jupyter_secure.identity.relying_party import RelyingParty, place_of
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.elevation import require_elevated
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync

#: Below the base URL; open to everyone, as the login is.
LOGIN_OPTIONS = "login/passkey"


def place_of_request(request: HTTPServerRequest) -> RelyingParty:
    """Return the place that the browser asked for. Raises ``InvalidInput`` for an address.

    The gate has set the protocol to that of the client's own connection. A host that the client
    made up gets it nowhere: an authenticator signs for the page it is shown on, and nothing else.
    """
    return place_of(request.protocol, request.host)


def passkey_model(passkey: ListedPasskey) -> dict[str, object]:
    """Return the API's form of a passkey."""
    used = passkey.last_used_at
    return {
        "id": passkey.public_id,
        "name": passkey.name,
        "host": passkey.host,
        "opens_vault": passkey.opens_vault,
        "created_at": passkey.created_at.isoformat(),
        "last_used_at": used.isoformat() if used else None,
    }


class ElevateOptionsHandler(SecureAPIHandler):
    """``POST elevate/options``: what to ask a passkey, so that it can take a code's place."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Return the options."""
        with as_http():
            place = place_of_request(self.request)
            elevate = self.runtime.state.elevate
            options = await run_sync(elevate.ask_passkey, self.session, place)
        self.finish(json.dumps(options))


class PasskeyOptionsHandler(SecureAPIHandler):
    """``POST account/passkeys/options``: what to make a passkey with."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Return the options."""
        with as_http():
            require_elevated(self)
            place = place_of_request(self.request)
            begin = self.runtime.state.passkey.manage.begin
            options = await run_sync(begin, self.session, place)
        self.finish(json.dumps(options))


class PasskeysHandler(SecureAPIHandler):
    """``GET`` and ``POST account/passkeys``: list them, and add one."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the passkeys of this account."""
        with as_http():
            manage = self.runtime.state.passkey.manage
            found = await run_sync(manage.list, self.session.username)
        self.finish(json.dumps({"passkeys": [passkey_model(one) for one in found]}))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Keep the passkey that the browser made."""
        with as_http():
            require_elevated(self)
            name, answer = self.body("name"), self.member("credential")
            add = self.runtime.state.passkey.manage.add
            passkey, token, session = await run_sync(add, self.session, name, answer)
            self.runtime.rotated(self, token, session)
            self.log.info("%s added a passkey.", session.username)
        self.set_status(201)
        self.finish(json.dumps(passkey_model(passkey)))


class PasskeyHandler(SecureAPIHandler):
    """``PATCH`` and ``DELETE account/passkeys/{id}``: rename one, and remove one."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def patch(self, public_id: str) -> None:
        """Give it another name."""
        with as_http():
            rename = self.runtime.state.passkey.manage.rename
            name = self.body("name")
            passkey = await run_sync(rename, self.session.username, public_id, name)
        self.finish(json.dumps(passkey_model(passkey)))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, public_id: str) -> None:
        """Remove it, and its slot in the vault."""
        with as_http():
            require_elevated(self)
            remove = self.runtime.state.passkey.manage.remove
            token, session = await run_sync(remove, self.session, public_id)
            self.runtime.rotated(self, token, session)
            self.log.info("%s removed a passkey.", session.username)
        self.set_status(204)
        self.finish()


class PasskeyVaultHandler(SecureAPIHandler):
    """``POST``, ``PUT`` and ``DELETE account/passkeys/{id}/vault``: let it open the vault."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, public_id: str) -> None:
        """Return the options for it to compute its secret with."""
        with as_http():
            require_elevated(self)
            place = place_of_request(self.request)
            begin = self.runtime.state.passkey.manage.begin_opening
            options = await run_sync(begin, self.session, public_id, place)
        self.finish(json.dumps(options))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def put(self, public_id: str) -> None:
        """Wrap the root key under its secret."""
        with as_http():
            require_elevated(self)
            let_open = self.runtime.state.passkey.manage.let_open
            answer = self.member("passkey")
            passkey = await run_sync(let_open, self.session, public_id, answer)
            self.log.info("%s let a passkey open the vault.", self.session.username)
        self.finish(json.dumps(passkey_model(passkey)))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, public_id: str) -> None:
        """Take its slot away; the passkey stays."""
        with as_http():
            require_elevated(self)
            stop = self.runtime.state.passkey.manage.let_open_no_more
            await run_sync(stop, self.session.username, public_id)
        self.set_status(204)
        self.finish()


class LoginOptionsHandler(SecureAPIHandler):
    """``POST {base_url}login/passkey``: what to ask a passkey at the login.

    Whoever is between the two steps is asked for a passkey of that account, everybody else for any:
    before the password nothing here depends on an account.
    """

    @allow_unauthenticated
    async def post(self) -> None:
        """Return the options."""
        runtime, step = self.runtime, self.get_query_argument("step", "")
        with as_http():
            place = place_of_request(self.request)
            if step != "code":
                self.finish(json.dumps(runtime.state.passkey.log_in.ask(place)))
                return
            token = runtime.cookies.read(self.request, runtime.cookies.login)
            pending = runtime.state.log_in.pending(token) if token else None
            if pending is None:
                raise NotFound("That login has ended.", remedy="Start over.")
            options = await run_sync(runtime.state.log_in.ask_passkey, pending, place)
        self.finish(json.dumps(options))


def passkey_handlers(api: str) -> list[tuple[str, object]]:
    """Return the routes below ``api``."""
    one = rf"{api}/account/passkeys/([0-9a-f]{{16}})"
    return [
        (rf"{api}/elevate/options", ElevateOptionsHandler),
        (rf"{api}/account/passkeys/options", PasskeyOptionsHandler),
        (rf"{api}/account/passkeys", PasskeysHandler),
        (one, PasskeyHandler),
        (rf"{one}/vault", PasskeyVaultHandler),
    ]
