"""Tells a server that JupyterHub starts, whose logins would take the place of ours, and refuses."""

from __future__ import annotations

from typing import Any

from jupyter_secure.app.setup import hub
from jupyter_secure.errors import PolicyViolation


def starts(app: Any) -> bool:
    """Return whether the Hub's own program runs this server.

    A server that somebody starts from a terminal of the Hub's has the same environment; the Hub has
    no part in who logs in there, so the environment alone does not tell.
    """
    classes = (*type(app).__mro__, *type(app.identity_provider).__mro__)
    extensions = getattr(app, "jpserver_extensions", {})
    return hub.in_environment() and (
        any(one.__module__.partition(".")[0] == "jupyterhub" for one in classes)
        or any(name.partition(".")[0] == "jupyterhub" and on for name, on in extensions.items())
    )


def check(app: Any) -> None:
    """Raise PolicyViolation in such a server; call it where this account is set up."""
    if starts(app):
        raise PolicyViolation(hub.WHAT, why=hub.WHY, remedy=hub.REMEDY)
