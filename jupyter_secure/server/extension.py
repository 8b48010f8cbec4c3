"""What Jupyter loads when jupyter-secure is installed: the panel's answer, and one last guard."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from jupyter_secure.errors import PolicyViolation
from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.server.identity_provider import TwoFactorIdentityProvider
from jupyter_secure.server.runtime import refuse_to_start
from jupyter_secure.server.status import NOT_SET_UP


class NotSetUpHandler(APIHandler):
    """``GET status`` on a server where jupyter-secure is installed and nothing more."""

    @authenticated
    @authorized("read", resource="jupyter-secure")
    def get(self) -> None:
        """Tell the panel what to say."""
        self.finish(json.dumps(NOT_SET_UP))


def load(app: Any) -> None:
    """Join ``app``: nothing but the panel's answer, unless it was set up.

    A server that has one of our classes without the other was set up once and lost a part: that
    must not look like protection.
    """
    ours = isinstance(app.identity_provider, TwoFactorIdentityProvider)
    if not ours and isinstance(app.contents_manager, EncryptedContentsManager):
        refuse_to_start(
            app,
            PolicyViolation(
                f"The identity provider is {type(app.identity_provider).__name__}.",
                why="Notebooks would be encrypted, and nobody asked who opens them.",
                remedy="Set ServerApp.identity_provider_class to "
                "jupyter_secure.TwoFactorIdentityProvider, or run `jupyter secure init` again.",
            ),
        )
    if not ours:
        route = url_path_join(app.base_url, "jupyter-secure/api/status")
        app.web_app.add_handlers(".*$", [(route, NotSetUpHandler)])
