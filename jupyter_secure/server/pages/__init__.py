"""Our pages: plain templates with everything inside, and the policy that holds them to it."""

from __future__ import annotations

import secrets
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from tornado.web import RequestHandler

from jupyter_secure.server.pages.languages import texts, wanted


@cache
def templates(language: str) -> Environment:
    """Return the templates, speaking one language."""
    environment = Environment(
        loader=PackageLoader("jupyter_secure.server", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    # Values are put in after the translation and escaped as everywhere: "newstyle".
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # by the extension
        texts(language), newstyle=True
    )
    environment.globals["lang"] = language
    return environment


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def language_of(handler: RequestHandler) -> str:
    """Return the language in which to answer."""
    return wanted(handler.request.headers.get("Accept-Language", ""))


def render(
    handler: RequestHandler,
    name: str,
    *,
    scripts: tuple[str, ...] = (),
    wait: int = 0,
    **values: object,
) -> str:
    """Return the page ``name`` and set the Content-Security-Policy that fits it.

    The page loads nothing and can be framed by nobody; its one style sheet is inline and allowed
    by a nonce of this answer. It runs no script but ``scripts``, files of ours beside the
    templates, where some are named: a browser's passkeys are reached in no other way. ``wait`` is
    the number of seconds that "waiting.js" counts down.
    """
    nonce = secrets.token_urlsafe(16)
    policy = f"script-src 'nonce-{nonce}'; connect-src 'self'; " if scripts else ""
    handler.set_header(
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'nonce-{nonce}'; {policy}img-src data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    # One address, several languages: said for whatever cache stands in between.
    handler.add_header("Vary", "Accept-Language")
    language = language_of(handler)
    return (
        templates(language)
        .get_template(name)
        .render(
            nonce=nonce,
            style=_text("style.css"),
            script="\n".join(map(_text, scripts)),
            wait=wait,
            **values,
        )
    )
