"""What the handlers of our pages share: fields, ways back, and the one login thread."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import MissingArgumentError

from jupyter_secure.errors import SecureError, TooManyTries
from jupyter_secure.identity.sessions import Session
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.pages import language_of, render
from jupyter_secure.server.pages.sentences import sentence
from jupyter_secure.server.runtime import Runtime, runtime_of
from jupyter_secure.server.said import said_of

_Answer = TypeVar("_Answer")

# A path on this host: one slash at the start, and nothing that a browser would read as another
# host (a second slash, a backslash) or as the end of a header (control characters).
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def safe_next(url: str, base_url: str) -> str:
    """Return ``url`` if it is a path of this server, else ``base_url``."""
    if _LOCAL_PATH.fullmatch(url) and url.startswith(base_url):
        return url
    return base_url


class Page(JupyterHandler):
    """A page of ours: a plain form that posts back to its own address."""

    #: Seconds until another try is taken, after too many.
    _wait = 0

    @property
    def runtime(self) -> Runtime:
        """The runtime of this server."""
        return runtime_of(self.settings["serverapp"])

    @property
    def session(self) -> Session:
        """The session of this request; the gate lets none in without, but to the open pages."""
        session = admission_of(self.request).session
        assert session is not None
        return session

    def _field(self, name: str) -> str:
        """Return a field of the form; never of the query, which is written to logs."""
        try:
            return self.get_body_argument(name, "", strip=False)
        except MissingArgumentError:
            return ""

    def _here(self, page: str, **query: str) -> str:
        query = {"next": self._next(), **query}
        return f"{self.base_url}{page}?{urlencode(query)}"

    def _next(self) -> str:
        return safe_next(self.get_query_argument("next", self.base_url), self.base_url)

    def _render(self, name: str, *, script: str | None = None, **values: object) -> None:
        """Answer with the template ``name``; ``script`` names a file of ours to run on it."""
        self.finish(
            render(
                self,
                name,
                scripts=tuple(one for one in (script, "waiting.js" if self._wait else None) if one),
                wait=self._wait,
                xsrf=self.xsrf_token.decode(),
                base_url=self.base_url,
                **values,
            )
        )

    def _say(self, error: SecureError) -> str:
        """Return what ``error`` says, in the reader's language as far as that knows it."""
        said_of(self.request).reason = error.reason
        return sentence(language_of(self), error)

    def _tell_when(self, error: SecureError) -> None:
        """Say when another try is taken, to programs and to people, if ``error`` is about that."""
        if isinstance(error, TooManyTries):
            self._wait = error.retry_after
            self.set_header("Retry-After", str(error.retry_after))

    async def _in_login_thread(self, work: Callable[..., _Answer], *args: object) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(
            self.runtime.login_thread, partial(work, *args)
        )
