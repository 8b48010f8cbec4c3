"""What a request says of itself: who made the browser send it, and whether it is to stay open."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from jupyter_secure.identity.access_tokens import PREFIX


def token_in(request: HTTPServerRequest) -> str | None:
    """Return the access token in the ``Authorization`` header, and from nowhere else.

    What does not look like ours is another's business: a proxy's own login, say.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    text = text.strip()
    return text if scheme.lower() in ("bearer", "token") and text.startswith(PREFIX) else None


def vouched_for(request: HTTPServerRequest) -> bool:
    """Say whether the browser vouches that our page, or the person's own hand, made it."""
    return request.headers.get("Sec-Fetch-Site") in ("same-origin", "none")


def is_websocket(request: HTTPServerRequest) -> bool:
    """Tell a websocket's opening."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def stays_open(request: HTTPServerRequest) -> bool:
    """Tell what would outlive its session: a websocket, and server-sent events (HTML, 9.2)."""
    return is_websocket(request) or "text/event-stream" in request.headers.get("Accept", "")


def is_followed_link(request: HTTPServerRequest) -> bool:
    """Tell a link that a person followed from a page's own request; a frame is not followed."""
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
