"""Asking for a second factor that was confirmed within the last minutes, in one place."""

from __future__ import annotations

from tornado.web import RequestHandler

from jupyter_secure.errors import ElevationRequired, Refused
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.runtime import runtime_of


def is_elevated(handler: RequestHandler) -> bool:
    """Say whether the session of this request has confirmed a second factor lately."""
    session = admission_of(handler.request).session
    if session is None:
        return False
    sessions = runtime_of(handler.settings["serverapp"]).state.sessions
    return sessions.elevated_seconds_left(session) > 0


def require_elevated(handler: RequestHandler) -> None:
    """Raise ``ElevationRequired`` unless a second factor was confirmed lately, in this session.

    Raises ``Refused`` for a request without a session (an access token, a kernel): it could never
    confirm one.
    """
    if admission_of(handler.request).session is None:
        raise Refused(
            "Only a person who is logged in may do this.",
            why="It needs a second factor, and access tokens have none.",
            remedy="Log in in a browser.",
        )
    if not is_elevated(handler):
        raise ElevationRequired(
            "This needs a second factor that was confirmed within the last minutes.",
            remedy="Confirm a code or a passkey and try again.",
        )
