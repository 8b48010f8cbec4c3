"""What the gate makes of one request: rules of which a server's tests see the usual cases only."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from jupyter_secure.server.asking import is_followed_link, stays_open, vouched_for
from jupyter_secure.server.gate import Gate


def request_of(method: str, target: str, headers: dict[str, str]) -> HTTPServerRequest:
    """Return a request to ``lab.example.org``."""
    context = SimpleNamespace(remote_ip="::1", protocol="https")
    return HTTPServerRequest(
        start_line=RequestStartLine(method, target, "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "lab.example.org", **headers}),
        connection=SimpleNamespace(context=context),  # type: ignore[arg-type]  # what of it is used
    )


@pytest.mark.parametrize(
    ("headers", "open_for_long"),
    [
        ({"Upgrade": "websocket"}, True),
        ({"Upgrade": "WebSocket"}, True),
        ({"Accept": "text/event-stream"}, True),
        ({"Accept": "application/json, text/event-stream;q=0.9"}, True),
        ({"Accept": "text/html"}, False),
        ({}, False),
    ],
)
def test_what_would_outlive_its_session(headers: dict[str, str], open_for_long: bool) -> None:
    """Websockets and streams of events are those that end with their session."""
    assert stays_open(request_of("GET", "/others/stream", headers)) is open_for_long


TOKEN = "jst_" + 43 * "A"
CHANNELS = "/api/kernels/1-2-3/channels"


@pytest.mark.parametrize(
    ("on", "upgrade", "path", "token", "counts"),
    [
        (True, "websocket", CHANNELS, TOKEN, True),
        (False, "websocket", CHANNELS, TOKEN, False),
        (True, "", CHANNELS, TOKEN, False),
        (True, "websocket", "/terminals/websocket/1", TOKEN, False),
        (True, "websocket", "/api/events/subscribe", TOKEN, False),
        (True, "websocket", f"{CHANNELS}/more", TOKEN, False),
        (True, "websocket", CHANNELS, "another program's", False),
        (True, "websocket", CHANNELS, "", False),
    ],
)
def test_a_token_in_an_address(on: bool, upgrade: str, path: str, token: str, counts: bool) -> None:
    """One of ours counts on the websocket of a kernel's channels, where that was switched on."""
    gate = object.__new__(Gate)
    gate._base_url = "/"
    config = SimpleNamespace(token_in_websocket_address=on)
    gate._runtime = SimpleNamespace(config=config)  # type: ignore[assignment]  # what of it is used
    request = request_of("GET", f"{path}?token={token}", {"Upgrade": upgrade})
    assert gate._token_in_address(request) == (token if counts else None)


@pytest.mark.parametrize(
    ("site", "vouched"),
    [("same-origin", True), ("none", True), ("same-site", False), ("cross-site", False)],
)
def test_for_whom_a_browser_vouches(site: str, vouched: bool) -> None:
    """A page of ours, or the person's own hand; no other server on this host."""
    assert vouched_for(request_of("GET", "/", {"Sec-Fetch-Site": site})) is vouched
    assert not vouched_for(request_of("GET", "/", {}))


@pytest.mark.parametrize(
    ("method", "mode", "dest", "followed"),
    [
        ("GET", "navigate", "document", True),
        ("POST", "navigate", "document", False),
        ("GET", "no-cors", "document", False),
        ("GET", "navigate", "iframe", False),
    ],
)
def test_a_link_that_was_followed(method: str, mode: str, dest: str, followed: bool) -> None:
    """A person goes to a page; a form, a frame and a script's own request are something else."""
    headers = {"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert is_followed_link(request_of(method, "/", headers)) is followed


NAMED = {"allow_origin": "https://portal.example"}
BY_PATTERN = {"allow_origin_pat": re.compile(r"https://[a-z]+\.example")}
FETCHED = {"Sec-Fetch-Site": "cross-site"}


@pytest.mark.parametrize(
    ("settings", "origin", "allowed"),
    [
        ({}, "https://portal.example", False),
        (NAMED, "https://portal.example", True),
        (NAMED, "https://portal.example.evil.org", False),
        (NAMED, "http://portal.example", False),
        (NAMED, "null", False),
        (BY_PATTERN, "https://portal.example", True),
        (BY_PATTERN, "https://portal.example.evil.org", False),
        (BY_PATTERN, "https://portal.example:8443", False),
        (BY_PATTERN, "http://evil.org/https://portal.example", False),
    ],
)
@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("POST", FETCHED),
        ("POST", {"Sec-Fetch-Site": "same-site"}),
        ("POST", {}),
        ("GET", {"Upgrade": "websocket"}),
    ],
    ids=["cross-site", "same-site", "an older browser", "socket"],
)
def test_other_sites_by_name(
    settings: dict[str, object], origin: str, allowed: bool, method: str, how: dict[str, str]
) -> None:
    """A pattern must match the whole origin, and what only begins as a named one is another."""
    assert fetch_allowed(settings, method, {"Origin": origin, **how}) is allowed


@pytest.mark.parametrize("settings", [{"allow_origin": ""}, {"allow_origin_pat": re.compile("")}])
def test_no_origin_is_not_named(settings: dict[str, object]) -> None:
    """A setting that is empty lets in no request that hides where it is from."""
    assert not fetch_allowed(settings, "POST", FETCHED)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://lab.example.org", True),
        ("https://lab.example.org:8443", False),
        ("https://lab.example.org.evil.org", False),
        ("https://lab.example.org@evil.org", False),
        ("https://evil.org", False),
        ("null", False),
    ],
)
def test_our_own_origin(origin: str, allowed: bool) -> None:
    """A socket is opened by a page of this host and port."""
    assert fetch_allowed({}, "GET", {"Origin": origin, "Upgrade": "websocket"}) is allowed


def fetch_allowed(settings: dict[str, object], method: str, headers: dict[str, str]) -> bool:
    """Return what the gate of a server with these settings says of a request."""
    gate = object.__new__(Gate)
    gate._web_app = SimpleNamespace(settings=settings)  # type: ignore[assignment]  # what of it is used
    return gate._fetch_allowed(request_of(method, "/api/contents", headers))
