"""A door before ours: someone else who says first who may come in."""

from __future__ import annotations

from typing import Protocol

from tornado.httputil import HTTPServerRequest

from jupyter_secure.identity.sessions import Session


class Door(Protocol):
    """What the gate asks where a server has one. Called on every request: quick."""

    @property
    def pages(self) -> frozenset[str]:
        """The whole paths that are open to nobody in particular, besides our own."""

    def opens(self, request: HTTPServerRequest) -> bool:
        """Say whether a request without a session may reach one of the open pages."""

    def vouches_for(self, session: Session, request: HTTPServerRequest) -> bool:
        """Say whether the session's holder may still come in, with this request."""
