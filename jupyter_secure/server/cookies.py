"""Our cookies: their names, attributes and how they are set and read.

RFC 6265bis: a name that starts with ``__Host-`` binds a cookie to this host, to the path ``/`` and
to HTTPS, in the browser itself. Under another base URL the path must be narrower, or the cookie
would travel to a neighbour's server on the same host; ``__Secure-`` is the prefix for that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler


@dataclass(frozen=True)
class CookieJar:
    """Names and scope of this server's cookies.

    ``tag`` tells servers on one host apart, since a browser sends a cookie to every port.
    """

    base_url: str
    tag: str

    def _name(self, purpose: str) -> str:
        prefix = "__Host-" if self.base_url == "/" else "__Secure-"
        return f"{prefix}jupyter-secure-{purpose}-{self.tag}"

    @property
    def session(self) -> str:
        """Name of the cookie that carries the session's identifier."""
        return self._name("session")

    @property
    def login(self) -> str:
        """Name of the cookie that carries a login between its two steps."""
        return self._name("login")

    @property
    def join(self) -> str:
        """Name of the cookie that carries a one-time link through its steps."""
        return self._name("join")

    @property
    def hub(self) -> str:
        """Name of the cookie that names whom JupyterHub has let in; it carries nothing of its."""
        return self._name("hub")

    @property
    def hub_login(self) -> str:
        """Name of the cookie that a login at JupyterHub is bound to its browser by."""
        return self._name("hub-login")

    @property
    def device(self) -> str:
        """Name of the cookie by which a browser is known again.

        The port is no part of it: the same server may get another one at its next start.
        """
        return replace(self, tag=self.tag.partition("-")[0])._name("device")

    def read(self, request: HTTPServerRequest, name: str) -> str | None:
        """Return the cookie's value, or ``None``."""
        morsel = request.cookies.get(name)
        return morsel.value if morsel is not None else None

    def set(self, handler: RequestHandler, name: str, value: str) -> None:
        """Set a cookie that ends with the browser; the server knows the real limits.

        ``Lax``, not ``Strict``: a link to a notebook in a mail may open it, while the gate refuses
        everything else that another site starts.
        """
        handler.set_cookie(
            name, value, path=self.base_url, secure=True, httponly=True, samesite="Lax"
        )

    def keep(self, handler: RequestHandler, name: str, value: str, days: int) -> None:
        """Set a cookie that outlives the browser's window, for that many days.

        ``Strict``: it matters on our own login form only.
        """
        handler.set_cookie(
            name,
            value,
            path=self.base_url,
            secure=True,
            httponly=True,
            samesite="Strict",
            max_age=days * 24 * 3600,
        )

    def clear(self, handler: RequestHandler, name: str) -> None:
        """Take the cookie back."""
        handler.clear_cookie(name, path=self.base_url, secure=True, httponly=True, samesite="Lax")

    @property
    def xsrf_attributes(self) -> dict[str, object]:
        """Attributes for Jupyter's ``_xsrf``, which JupyterLab's scripts must be able to read."""
        return {"path": self.base_url, "secure": True, "samesite": "Strict"}
