"""``HubTwoFactorIdentityProvider``: ours, behind the door of the Hub that started this server."""

from __future__ import annotations

from typing import Any

from tornado.web import RequestHandler
from traitlets import default

from jupyter_secure.errors import SecureError
from jupyter_secure.server import hub
from jupyter_secure.server.hub_door import CALLBACK, HubDoor
from jupyter_secure.server.hub_pages import HubCallbackHandler, HubLoginHandler, HubLogoutHandler
from jupyter_secure.server.identity_provider import TwoFactorIdentityProvider
from jupyter_secure.server.runtime import refuse_to_start


class HubTwoFactorIdentityProvider(TwoFactorIdentityProvider):
    """The Hub says who may come in; session, second factor, locks and encryption stay ours."""

    @default("login_handler_class")
    def _login_handler_default(self) -> type[RequestHandler]:
        return HubLoginHandler

    @default("logout_handler_class")
    def _logout_handler_default(self) -> type[RequestHandler]:
        return HubLogoutHandler

    def get_handlers(self) -> list[tuple[str, object]]:
        """Add the way back from the Hub."""
        return [*super().get_handlers(), (f"/{CALLBACK}", HubCallbackHandler)]

    def validate_security(self, app: Any, ssl_options: dict[str, Any] | None = None) -> None:
        """Put the Hub's door before the gate, and check the policy as everywhere."""
        try:
            door = HubDoor(self.runtime, hub.client(app, self))
        except SecureError as error:
            refuse_to_start(app, error)
        # Before the gate is made, which then never sees a request without it.
        self.runtime.door = door
        super().validate_security(app, ssl_options)
        self._pages = app.web_app.settings.get("page_config_hook")
        app.io_loop.add_callback(door.watch)
        for line in hub.who_does_what(self.runtime.config):
            self.log.info(line)

    def page_config_hook(
        self, handler: RequestHandler, page_config: dict[str, Any]
    ) -> dict[str, Any]:
        """Tell JupyterLab's page where the Hub is; the Hub's program puts this hook in place.

        The Hub's own hook gives the page its token, too. Nothing here would take it.
        """
        door = self.runtime.door
        assert isinstance(door, HubDoor)
        page_config.update(door.facts_for_pages())
        user = self.get_user(handler)
        page_config["hubUser"] = user.username if user is not None else ""
        page_config["token"] = ""
        if self._pages is not None:
            page_config = self._pages(handler, page_config)
        return page_config
