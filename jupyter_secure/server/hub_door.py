"""JupyterHub's login as the door before ours, and the questions we ask the Hub.

The Hub's own client library (``jupyterhub.services.auth.HubOAuth``) builds the addresses, trades
the code for a token (RFC 6749, with PKCE, RFC 7636) and asks whose it is. Its cookie is not used:
the Hub's token stays in this process, and the browser gets a random value that names it.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from tornado.httputil import HTTPServerRequest, url_concat
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError

from jupyter_secure.app.login.visitors import Visitor, Visitors
from jupyter_secure.errors import SecureError
from jupyter_secure.identity.hub_accounts import account_for
from jupyter_secure.identity.sessions import Session, digest_token
from jupyter_secure.server.runtime import Runtime

#: Below the base URL; the Hub knows it as this server's ``redirect_uri``.
CALLBACK = "oauth_callback"
_ANSWER_SECONDS = 10.0
# The Hub's: one for each login of a browser's, sent to all of the Hub's servers, and no secret.
_HUB_SESSION = "jupyterhub-session-id"
#: For how long a browser may take at the Hub's login.
LOGIN_SECONDS = 600


class HubSilent(Exception):
    """The Hub could not be asked, or its answer made no sense."""


class Began(NamedTuple):
    """A trip to the Hub: where it leads, and what the browser keeps till it is back."""

    address: str
    kept: str


class HubDoor:
    """The outer door of one server that the Hub started."""

    def __init__(self, runtime: Runtime, hub_auth: Any) -> None:
        """``hub_auth`` is a ``HubOAuth``, which has its settings from the environment."""
        self._runtime = runtime
        self._hub = hub_auth
        base_url = runtime.app.base_url
        self._login, self._logout = f"{base_url}login", f"{base_url}logout"
        self._callback = f"{base_url}{CALLBACK}"
        self.visitors = Visitors(runtime.config.max_hours)

    @property
    def pages(self) -> frozenset[str]:
        """The way back from the Hub."""
        return frozenset({self._callback})

    def opens(self, request: HTTPServerRequest) -> bool:
        """Let strangers to the Hub's login and back, and to nothing else of ours."""
        if request.path in (self._login, self._callback) and request.method in ("GET", "HEAD"):
            return True
        return request.path == self._logout or self.visitor(request) is not None

    def vouches_for(self, session: Session, request: HTTPServerRequest) -> bool:
        """Say whether the session was begun behind this door, by someone who is still let in.

        The Hub's logout takes back a cookie that goes to this server too: without it the session is
        over in that browser at once, before the Hub is asked again.
        """
        visitor = self.visitors.of_session(session.public_id)
        return (
            visitor is not None
            and self.visitors.vouches_for(session.public_id)
            and hmac.compare_digest(visitor.hub_session, self._hub_session(request))
        )

    def _hub_session(self, request: HTTPServerRequest) -> bytes:
        cookie = self._runtime.cookies.read(request, _HUB_SESSION)
        return digest_token(cookie or "")

    def visitor(self, request: HTTPServerRequest) -> Visitor | None:
        """Return whom the Hub has let in with this browser."""
        cookies = self._runtime.cookies
        visitor = self.visitors.find(cookies.read(request, cookies.hub))
        if visitor is None or visitor.hub_session != self._hub_session(request):
            return None  # logged out at the Hub since, or in again
        return visitor

    @property
    def logout_url(self) -> str:
        """Where the Hub's own logout is."""
        return f"{self._hub.hub_host}{self._hub.hub_prefix}logout"

    def facts_for_pages(self) -> dict[str, str]:
        """Return what JupyterLab's menus need of the Hub: addresses, and no token."""
        prefix = self._hub.hub_prefix
        return {
            "hubPrefix": prefix,
            "hubHost": self._hub.hub_host,
            "shareUrl": f"{prefix}user-redirect",
        }

    def begin(self, next_url: str) -> Began:
        """Begin the Hub's login for one browser."""
        state = secrets.token_urlsafe(32)
        verifier, challenge, method = self._hub.generate_pkce_code_challenge()
        address = url_concat(
            self._hub.login_url,
            {"state": state, "code_challenge": challenge, "code_challenge_method": method},
        )
        return Began(address, urlencode({"s": state, "v": verifier, "n": next_url}))

    @staticmethod
    def came_back(kept: str | None, state: str) -> tuple[str, str] | None:
        """Return the verifier and the next page of a login that this browser began, or ``None``."""
        values = parse_qs(kept or "")
        began, verifier = values.get("s", [""])[0], values.get("v", [""])[0]
        if not began or not verifier or not hmac.compare_digest(began.encode(), state.encode()):
            return None
        return verifier, values.get("n", [""])[0]

    async def identify(
        self, code: str, verifier: str, request: HTTPServerRequest
    ) -> tuple[str, Visitor] | None:
        """Trade the code that a browser brought for a visitor; ``None`` for who may not come in.

        Raises ``HubSilent``; the Hub refuses a code that is not its own in the same way.
        """
        trade = self._hub.token_for_code(code, code_verifier=verifier, sync=False)
        proof = await _answer(trade)
        name = await self._name_of(proof)
        if name is None:
            return None
        account = account_for(name, self._runtime.config.hub_accounts)
        return self.visitors.arrive(name, account, proof, self._hub_session(request))

    async def _name_of(self, proof: str) -> str | None:
        """Ask the Hub whose token it is; ``None`` unless that is a user who may use this server."""
        user = await _answer(self._hub.user_for_token(proof, use_cache=False, sync=False))
        if user is None or user.get("kind") != "user":
            return None
        if "name" not in user or "scopes" not in user:
            raise HubSilent("its answer names no user")
        scopes = self._hub.check_scopes(self._hub.access_scopes, user)
        return str(user["name"]) if scopes else None

    def watch(self) -> None:
        """Go on asking the Hub about everyone who was let in."""
        seconds = self._runtime.config.hub_check_seconds
        PeriodicCallback(self.look, seconds * 1000).start()

    async def look(self) -> None:
        """Ask about each visitor once; end the sessions of those who may not stay."""
        present = self.visitors.present()
        looked = await asyncio.gather(
            *(self._look_at(one) for one in present), return_exceptions=True
        )
        for error in looked:
            if error is not None:  # it counts as no answer; nobody was vouched for
                self._runtime.log.error("JupyterHub could not be asked.", exc_info=error)
        for visitor in self.visitors.overdue():
            self.leave(visitor, "the Hub did not answer for too long, or it is too long ago")
        known = {one for visitor in self.visitors.present() for one in visitor.sessions}
        try:
            live = {one.public_id for one in self._runtime.state.sessions.live()}
        except SecureError:
            self._runtime.log.exception("Could not look which sessions have ended.")
        else:
            self.visitors.forget_sessions(known - live)

    async def _look_at(self, visitor: Visitor) -> None:
        try:
            name = await self._name_of(visitor.proof)
        except HubSilent as error:
            # The Hub may be restarted while its users work; `overdue` says for how long that goes.
            self._runtime.log.warning("JupyterHub did not say who is still let in: %s", error)
            return
        if name == visitor.hub_name:
            self.visitors.vouched(visitor)
        else:
            self.leave(visitor, "the Hub does not let them in any more")

    def leave(self, visitor: Visitor, why: str) -> None:
        """Let a visitor in no more, and end their sessions."""
        for session in self.visitors.leave(visitor):
            try:
                self._runtime.end_session(session)
            except SecureError:
                # The gate lets it in no more in any case.
                self._runtime.log.exception("Could not end a session.")
        self._runtime.log.info("JupyterHub's user %s left: %s.", visitor.hub_name, why)


async def _answer(asked: Any) -> Any:
    try:
        return await asyncio.wait_for(asked, _ANSWER_SECONDS)
    except HTTPError as error:
        raise HubSilent(error.log_message or str(error)) from None
    except (OSError, ValueError, KeyError, TypeError, asyncio.TimeoutError) as error:
        raise HubSilent(type(error).__name__) from None
