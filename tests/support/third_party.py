"""A server extension of someone who never heard of us: raw handlers, and a route that comes late.

Enabled with ``ServerApp.jpserver_extensions``; ``GET third/routes`` lists the live router.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tornado.routing import PathMatches, Rule
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler


class Raw(RequestHandler):
    """A plain tornado handler, which Jupyter's own checks never see."""

    def check_xsrf_cookie(self) -> None:
        """As authors do who only want their form to work."""

    def get(self, *_args: str) -> None:
        """Give something away."""
        self.write("third party")

    head = post = put = patch = delete = options = get


class RawSocket(WebSocketHandler):
    """A plain websocket that tells anyone, whatever the origin."""

    def check_origin(self, origin: str) -> bool:
        """Let everybody in."""
        del origin
        return True

    def open(self, *_args: str) -> None:
        """Give something away."""
        self.write_message("third party")


class Routes(RequestHandler):
    """The live router: patterns and classes."""

    def get(self) -> None:
        """List them."""
        rules = walk(self.application.default_router.rules)
        self.write({"routes": [{"pattern": p, "handler": h} for p, h in rules]})


class AddRoute(RequestHandler):
    """Registers another handler while the server runs."""

    def post(self) -> None:
        """Add it."""
        late = self.settings["base_url"] + "third/late"
        self.application.add_handlers(".*$", [(late, Raw)])  # type: ignore[attr-defined]
        self.write(json.dumps({"added": late}))


def walk(rules: list[Rule]) -> Iterator[tuple[str, str]]:
    """Return the pattern and the class of every rule, nested routers included."""
    for rule in rules:
        if isinstance(rule.matcher, PathMatches):
            yield rule.matcher.regex.pattern, getattr(rule.target, "__name__", str(rule.target))
        nested = getattr(rule.target, "rules", None)
        if nested is not None:
            yield from walk(nested)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "support.third_party"}]


def _load_jupyter_server_extension(app: Any) -> None:
    base = app.web_app.settings["base_url"]
    app.web_app.add_handlers(
        ".*$",
        [
            (base + "third/raw", Raw),
            (base + "third/socket", RawSocket),
            (base + "third/routes", Routes),
            (base + "third/add", AddRoute),
        ],
    )
