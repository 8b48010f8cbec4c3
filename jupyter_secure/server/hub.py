"""A server that JupyterHub starts: our provider takes its place there, or the server refuses.

The Hub's program (``jupyterhub.singleuser.extension``) puts its own settings above every file, and
what stands on the command line above its own. So ours go to where that would have put them, before
the Hub's program reads it. Nothing relies on that having worked: what is in effect is looked at
when the contents manager is made, before the socket is bound and just before it opens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from jupyter_secure.app.setup import hub
from jupyter_secure.errors import PolicyViolation

_OURS = "jupyter_secure.server.hub_identity_provider.HubTwoFactorIdentityProvider"
_STANDALONE = ("TwoFactorIdentityProvider", "jupyter_secure.TwoFactorIdentityProvider")
_OLDEST = 6  # whose client library knows PKCE


def starts(app: Any) -> bool:
    """Return whether the Hub's own program runs this server.

    A server that somebody starts from a terminal of the Hub's has the same environment; the Hub has
    no part in who logs in there, so the environment alone does not tell.
    """
    provider = app.identity_provider_class
    classes = (*type(app).__mro__, *provider.__mro__)
    return hub.in_environment() and (
        any(one.__module__.partition(".")[0] == "jupyterhub" for one in classes) or _is_on(app)
    )


def _is_on(app: Any) -> bool:
    extensions = getattr(app, "jpserver_extensions", {})
    return any(name.partition(".")[0] == "jupyterhub" and on for name, on in extensions.items())


def take_place(app: Any) -> None:
    """Put our provider in the place of the Hub's, where this account's settings name ours.

    Called while extensions are linked: the settings files are read, and nothing is made of them.
    """
    named = str(getattr(app.config.ServerApp.get("identity_provider_class", ""), "__name__", ""))
    named = named or str(app.config.ServerApp.get("identity_provider_class", ""))
    if not (hub.in_environment() and _is_on(app)) or named not in _STANDALONE:
        return
    wanted = {"identity_provider_class": _OURS, "trust_xheaders": False}
    for trait, value in wanted.items():
        # What somebody wrote on the command line stays, and is judged like any other setting.
        app.cli_config.ServerApp.setdefault(trait, value)


def check(app: Any) -> None:
    """Raise PolicyViolation unless the Hub and our provider are both here, or neither is."""
    behind = any(one.__name__ == "HubTwoFactorIdentityProvider" for one in _provider(app).__mro__)
    if behind and not starts(app):
        raise PolicyViolation(
            "The identity provider is the one for servers that JupyterHub starts.",
            why="No Hub has started this one, and it would ask nobody who may come in.",
            remedy="Set ServerApp.identity_provider_class to "
            "jupyter_secure.TwoFactorIdentityProvider.",
        )
    if not behind and starts(app):
        raise PolicyViolation(hub.WHAT, why=hub.WHY, remedy=hub.REMEDY)
    if behind and not _is_on(app):
        # The Hub's older way: a class of its own in place of Jupyter's, with its own handlers.
        raise PolicyViolation(hub.WHAT, why=hub.WHY, remedy=hub.REMEDY)


def _provider(app: Any) -> type:
    provider: type = app.identity_provider_class
    return provider


def client(app: Any, parent: Any) -> Any:
    """Return the Hub's own client library, set up from the environment.

    Raises PolicyViolation where it is missing, too old, or was not told who may come in.
    """
    check(app)
    try:
        found = version("jupyterhub")
    except PackageNotFoundError:
        found = "none"
    if not found.partition(".")[0].isdigit() or int(found.partition(".")[0]) < _OLDEST:
        raise PolicyViolation(
            f"jupyterhub {found} is installed beside this server.",
            why=f"Logging in at the Hub is bound to its browser (PKCE) from {_OLDEST} on.",
            remedy=f"Install jupyterhub {_OLDEST} or later for this account's servers.",
        )
    from jupyterhub.services.auth import HubOAuth

    made = HubOAuth(parent=parent)
    if not made.access_scopes:
        raise PolicyViolation(
            "The Hub did not say whom it lets use this server.",
            why="JUPYTERHUB_OAUTH_ACCESS_SCOPES is empty.",
            remedy="Start the server from the Hub.",
        )
    return made


def undo_relaxations(app: Any) -> None:
    """Switch on again what the Hub's program switched off for handlers that it patches.

    It patches none here, as its provider would have done that.
    """
    app.web_app.settings["xsrf_cookies"] = True


def who_does_what(config: Any) -> Iterator[str]:
    """Say in the log what the Hub keeps and what it does not."""
    yield hub.KEEPS
    yield hub.OURS
    if config.hub_login == "hub" and not config.key_file:
        yield hub.NO_KEY_FILE
    if not os.environ.get("JUPYTERHUB_HOST"):
        yield hub.ONE_ORIGIN
