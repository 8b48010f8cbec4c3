"""What Jupyter loads when jupyter-secure is installed: the panel's answer, and one last guard."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from jupyter_secure.app.setup import settings_record
from jupyter_secure.errors import PolicyViolation, SecureError
from jupyter_secure.server import hub, jupyterlab_git
from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.server.identity_provider import TwoFactorIdentityProvider
from jupyter_secure.server.runtime import refuse_to_start
from jupyter_secure.server.status import NOT_SET_UP
from jupyter_secure.store.places import state_dir


class NotSetUpHandler(APIHandler):
    """``GET status`` on a server where jupyter-secure is installed and nothing more."""

    @authenticated
    @authorized("read", resource="jupyter-secure")
    def get(self) -> None:
        """Tell the panel what to say."""
        self.finish(json.dumps(NOT_SET_UP))


def load(app: Any) -> None:
    """Join ``app``: nothing but the panel's answer, unless it was set up.

    A server that was set up once and lost a part of it must not look like protection.
    """
    if isinstance(app.identity_provider, TwoFactorIdentityProvider):
        jupyterlab_git.join(app)
        return  # the provider has checked everything else by now
    try:
        _check_not_lost(app)
    except SecureError as error:
        refuse_to_start(app, error)
    route = url_path_join(app.base_url, "jupyter-secure/api/status")
    app.web_app.add_handlers(".*$", [(route, NotSetUpHandler)])


def _check_not_lost(app: Any) -> None:
    provider = type(app.identity_provider).__name__
    record = settings_record.load(state_dir())
    if isinstance(app.contents_manager, EncryptedContentsManager) or (record and record.in_effect):
        # Also where the Hub reads none of the account's settings: sealed notebooks would not open,
        # and new ones would be written in plain beside them.
        hub.check(app)
    if isinstance(app.contents_manager, EncryptedContentsManager):
        raise PolicyViolation(
            f"The identity provider is {provider}.",
            why="Notebooks would be encrypted, and nobody asked who opens them.",
            remedy="Set ServerApp.identity_provider_class to "
            "jupyter_secure.TwoFactorIdentityProvider, or run `jupyter secure init` again.",
        )
    settings = settings_record.in_effect_for(state_dir(), app.config_file_paths)
    if settings is not None:
        raise PolicyViolation(
            f"jupyter-secure is set up here, and its settings in {settings} have no effect.",
            why=f"The file is damaged, or something overrides it: the identity provider is "
            f"{provider}.",
            remedy="`jupyter secure status` says what is wrong. To do without the protection, run "
            "`jupyter secure disable`.",
        )
