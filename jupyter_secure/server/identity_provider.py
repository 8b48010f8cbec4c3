"""``TwoFactorIdentityProvider``: who is asking, and whether this server may start at all."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import RequestHandler
from traitlets import Bool, Unicode, default

from jupyter_secure.errors import CertificateUnusable, PolicyViolation
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.api import api_handlers
from jupyter_secure.server.gate import Gate
from jupyter_secure.server.login import LoginHandler, LogoutHandler
from jupyter_secure.server.own_pages import own_pages
from jupyter_secure.server.passkeys import LOGIN_OPTIONS, LoginOptionsHandler
from jupyter_secure.server.runtime import Runtime, refuse_to_start, runtime_of
from jupyter_secure.server.start_up import StartUp
from jupyter_secure.server.users_page import people_pages

_TOKEN_VARIABLES = ("JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE")


class TwoFactorIdentityProvider(IdentityProvider):
    """Logs people in with a password and a one-time code; there is no server-wide token."""

    need_token = Bool(False)
    token = Unicode("", help="Not used: there is no server-wide token.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gate: Gate | None = None
        self._forget_environment_tokens()

    @default("token")
    def _token_default(self) -> str:
        return ""

    @default("login_handler_class")
    def _login_handler_default(self) -> type[RequestHandler]:
        return LoginHandler

    @default("logout_handler_class")
    def _logout_handler_default(self) -> type[RequestHandler]:
        return LogoutHandler

    @property
    def runtime(self) -> Runtime:
        """The runtime of the server that this provider belongs to."""
        return runtime_of(self.parent)

    @property
    def auth_enabled(self) -> bool:
        """Always: nothing switches it off."""
        return True

    def get_user(self, handler: RequestHandler) -> User | None:
        """Return the user whose session or access token the gate found, and nobody else."""
        admission = admission_of(handler.request)
        known = admission.session or admission.token
        if known is None:
            return None
        account = self.runtime.state.accounts.get(known.username)
        display = account.display_name if account else known.username
        return User(username=known.username, name=display, display_name=display)

    def is_token_authenticated(self, handler: RequestHandler) -> bool:
        """Say whether an access token made the request, by its header and nothing else.

        No page of another site can send that header, so the checks that it excuses from (XSRF,
        Origin) guard nothing here: the gate looked at no cookie.
        """
        return admission_of(handler.request).token is not None

    def should_check_origin(self, handler: RequestHandler) -> bool:
        """Skip Jupyter's Referer check where the browser itself vouched for the origin.

        Our answers forbid the Referer, so Jupyter's own check for downloads would refuse the
        user's own pages. Requests that change something still need their XSRF token.
        """
        admission = admission_of(handler.request)
        return not (admission.same_origin or admission.token is not None)

    def get_handlers(self) -> list[tuple[str, object]]:
        """Add our API to the login pages: it is there wherever this provider is."""
        passkey = (f"/{LOGIN_OPTIONS}", LoginOptionsHandler)
        return [*super().get_handlers(), passkey, *api_handlers(), *people_pages(), *own_pages()]

    def validate_security(self, app: Any, ssl_options: dict[str, Any] | None = None) -> None:
        """Check the policy before the socket is bound; the server stops if it does not hold."""
        start_up = StartUp(app, self, self.runtime)
        try:
            start_up.check(ssl_options)
        except (PolicyViolation, CertificateUnusable) as error:
            refuse_to_start(app, error)
        self.gate = Gate(self.runtime, app.web_app, app.base_url)
        start_up.before_binding(self.gate)

    def _forget_environment_tokens(self) -> None:
        for name in _TOKEN_VARIABLES:
            if os.environ.pop(name, None) is not None:
                # Out of the environment as well: kernels and terminals would inherit it.
                self.log.warning("%s is ignored: this server has no server-wide token.", name)
