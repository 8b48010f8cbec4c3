"""The answer of the gate to a request that it does not let in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler, stream_request_body

from jupyter_secure.audit.events import Who
from jupyter_secure.server.pages import language_of, render
from jupyter_secure.server.pages.languages import in_language


@dataclass(frozen=True)
class Refusal:
    """Why a request was refused: HTTP status, a sentence, and a word for programs."""

    status: int
    message: str
    reason: str
    #: Seconds, where trying again later is of use.
    retry_after: int | None = None
    #: Whom it was refused to, for the record: somebody who is logged in and may not do this.
    who: Who = field(default_factory=Who)


@stream_request_body
class RefusalHandler(RequestHandler):
    """Answers every method: a person is led to the login, a program gets JSON.

    The body is taken in and dropped as it comes: kept, it would let a stranger fill the memory,
    and an answer before its end would reach a page that is still sending as a broken connection.
    """

    def initialize(self, refusal: Refusal, login_url: str) -> None:
        """Take what the gate decided."""
        self._refusal = refusal
        self._login_url = login_url

    def check_xsrf_cookie(self) -> None:
        """Nothing happens here that could be forged."""

    def data_received(self, chunk: bytes) -> None:
        """Drop it."""

    def _refuse(self, *_: str) -> None:
        """Answer, now that all of the request is here."""
        if self._refusal.retry_after is not None:
            self.set_header("Retry-After", str(self._refusal.retry_after))
        if not wants_page(self.request):
            self.set_status(self._refusal.status)
            self.set_header("Content-Type", "application/json")
            self.finish(
                json.dumps({"message": self._refusal.message, "reason": self._refusal.reason})
            )
        elif self._refusal.reason == "not-logged-in":
            self.redirect(f"{self._login_url}?{urlencode({'next': self.request.uri or '/'})}")
        else:
            self.set_status(self._refusal.status)
            message = in_language(language_of(self), self._refusal.message)
            self.finish(render(self, "refused.html", message=message))

    get = head = post = put = patch = delete = options = _refuse


def wants_page(request: HTTPServerRequest) -> bool:
    """Tell a person who goes to an address from a program that asks."""
    if mode := request.headers.get("Sec-Fetch-Mode"):
        return mode == "navigate"
    asks_page = "text/html" in request.headers.get("Accept", "")
    return request.method in ("GET", "HEAD") and asks_page
