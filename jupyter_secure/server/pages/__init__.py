"""Our pages: plain templates with everything inside, and the policy that holds them to it."""

from __future__ import annotations

import secrets
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from tornado.web import RequestHandler


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("jupyter_secure.server", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    return files(__package__).joinpath("style.css").read_text("utf-8")


def render(handler: RequestHandler, name: str, **values: object) -> str:
    """Return the page ``name`` and set the Content-Security-Policy that fits it.

    The page loads nothing, runs no script and can be framed by nobody; its one style sheet is
    inline and allowed by a nonce of this answer.
    """
    nonce = secrets.token_urlsafe(16)
    handler.set_header(
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'",
    )
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    return _templates().get_template(name).render(nonce=nonce, style=_style(), **values)
