"""The one gate: every request passes it before any handler exists.

Tornado asks the application's ``find_handler`` for each request, whoever registered the route and
whenever. Ours answers first, so a plain handler, a websocket of another extension or a route added
later is closed until a session opens it (default-deny).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest, ResponseStartLine
from tornado.web import Application

from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity.sessions import Session
from jupyter_secure.server.admission import OPEN_PAGE, Admission, admit
from jupyter_secure.server.data import ROUTE as DATA_ROUTE
from jupyter_secure.server.kernel_listener import came_from_kernel
from jupyter_secure.server.refusal import Refusal, RefusalHandler
from jupyter_secure.server.runtime import Runtime
from jupyter_secure.transport.headers import response_headers
from jupyter_secure.transport.proxies import UNIX, Origin, parse_proxies, resolve

_PROGRAM_FOLDERS = ("static", "lab/extensions", "lab/api/themes")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Far more than a login form has; the server's own limit is for notebooks, and half a gigabyte.
_STRANGERS_BODY_BYTES = 64 * 1024


class Gate:
    """Decides on every request of one web application."""

    def __init__(self, runtime: Runtime, web_app: Application, base_url: str) -> None:
        self._runtime = runtime
        self._web_app = web_app
        self._base_url = base_url
        self._proxies = parse_proxies(runtime.config.trusted_proxies)
        self._route = web_app.find_handler
        # Compared with the raw path, exactly: nothing that a router would fold into one of these
        # (a doubled slash, an escape) is let through by accident.
        self._open_paths = frozenset({f"{base_url}login", f"{base_url}logout"})
        # Jupyter's own scripts and styles, which a browser may keep: the same for everyone.
        self._programs = tuple(f"{base_url}{folder}/" for folder in _PROGRAM_FOLDERS)
        self._data = f"{base_url}{DATA_ROUTE}"
        web_app.find_handler = self.find_handler  # type: ignore[method-assign]  # the hook itself

    def in_place(self) -> bool:
        """Say whether requests still reach this gate first."""
        return self._web_app.find_handler == self.find_handler

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Route ``request`` as the application would, or refuse it."""
        try:
            verdict = self._judge(request)
        except Exception:
            # Fail closed: what could not be checked is refused.
            self._runtime.log.exception("The gate could not check a request; it was refused.")
            verdict = Refusal(500, "The request could not be checked.", "unchecked")
        self._stamp(request)
        if isinstance(verdict, Admission):
            admit(request, verdict)
            return self._route(request, **kwargs)
        admit(request, OPEN_PAGE)
        return self._web_app.get_handler_delegate(
            request, RefusalHandler, {"refusal": verdict, "login_url": f"{self._base_url}login"}
        )

    def _judge(self, request: HTTPServerRequest) -> Admission | Refusal:  # noqa: PLR0911  # one for each reason
        if came_from_kernel(request):
            return self._judge_kernel(request)
        origin = self._origin(request)
        request.remote_ip, request.protocol = origin.address, origin.protocol
        if self._runtime.config.require_https and not (origin.https or origin.address == UNIX):
            return Refusal(403, "This server answers over HTTPS only.", "https-required")
        if not self._fetch_allowed(request):
            return Refusal(403, "A page of another site made this request.", "cross-site")
        same_origin = request.headers.get("Sec-Fetch-Site") in ("same-origin", "none")
        token = self._runtime.cookies.read(request, self._runtime.cookies.session)
        sessions = self._runtime.state.sessions
        session = sessions.authenticate(token) if token else None
        if session is None:
            if request.path in self._open_paths:
                # These pages hold the whole body in memory, and anyone may send one.
                request.connection.set_max_body_size(_STRANGERS_BODY_BYTES)  # type: ignore[union-attr]  # HTTP/1, as below
                return Admission(None, OPEN_PAGE.actor, same_origin)
            return Refusal(401, "You are not logged in.", "not-logged-in")
        if request.path.startswith(self._data):
            return Refusal(403, "Only kernels get their data here.", "not-allowed")
        if self._is_a_person(request):
            self._touch(session, origin.address)
        if _is_websocket(request):
            self._runtime.sockets.keep(session.public_id, request.connection.stream)  # type: ignore[union-attr]  # HTTP/1 has a stream; HTTP/2 is not spoken
        return Admission(session, sessions.actor(session), same_origin)

    def _judge_kernel(self, request: HTTPServerRequest) -> Admission | Refusal:
        """Let a kernel to its data and nowhere else, by its capability and nothing else.

        Only its own socket asks here: a capability that leaks is of no use to whoever cannot open
        that socket, which takes this account on this machine.
        """
        request.remote_ip = UNIX
        if not request.path.startswith(self._data):
            return Refusal(403, "Kernels get their data here, and nothing else.", "not-allowed")
        if any(name in request.headers for name in ("Origin", "Sec-Fetch-Site", "Cookie")):
            return Refusal(403, "A browser made this request.", "cross-site")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        capability = None
        if scheme == "Bearer":
            capability = self._runtime.kernel_access.capabilities.find(token)
        if capability is None:
            return Refusal(
                401,
                "This kernel has no access to data: it has ended, or its server was restarted.",
                "not-logged-in",
            )
        return Admission(None, capability.actor, same_origin=False, kernel=capability)

    def _touch(self, session: Session, address: str) -> None:
        try:
            self._runtime.state.sessions.touch(session, address=address)
        except StateUnusable:
            # A full disk, say. Whoever is logged in must be able to get in and make room; the
            # session still ends on time.
            self._runtime.log.exception("Could not note that a session is in use.")

    def _origin(self, request: HTTPServerRequest) -> Origin:
        """Return where the request comes from, believing the listed proxies and nobody else."""
        context = request.connection.context  # type: ignore[union-attr]  # set by tornado's server
        return resolve(context.remote_ip, request.headers, self._proxies, protocol=context.protocol)

    def _fetch_allowed(self, request: HTTPServerRequest) -> bool:
        """Refuse what another site's page starts (Fetch Metadata; Origin for older browsers)."""
        site = request.headers.get("Sec-Fetch-Site")
        if site in ("cross-site", "same-site"):
            return _is_followed_link(request) or self._origin_configured(request)
        origin = request.headers.get("Origin")
        is_socket = _is_websocket(request)
        # A form of ours posts "Origin: null", since our pages send no Referer; where the browser
        # vouches for them in Fetch Metadata, that is enough. Sockets always name their origin.
        if origin and (is_socket or (site is None and request.method not in _SAFE_METHODS)):
            return urlsplit(origin).netloc == request.host or self._origin_configured(request)
        return True

    def _origin_configured(self, request: HTTPServerRequest) -> bool:
        """Say whether the administrator named this other origin in ``ServerApp.allow_origin``."""
        settings = self._web_app.settings
        origin = request.headers.get("Origin", "")
        pattern = settings.get("allow_origin_pat")
        return bool(origin) and (
            origin == settings.get("allow_origin") or bool(pattern and pattern.fullmatch(origin))
        )

    @staticmethod
    def _is_a_person(request: HTTPServerRequest) -> bool:
        """Tell a person's request from a script's, which must not keep a session alive.

        JupyterLab polls, and saves by itself while a kernel prints. Its panel reports keyboard and
        mouse through ``activity``; clients that are not browsers send no Fetch Metadata.
        """
        return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"

    def _stamp(self, request: HTTPServerRequest) -> None:
        """Put the security headers on the answer, whichever handler writes it."""
        connection = request.connection
        assert connection is not None
        headers = response_headers(https=request.protocol == "https")
        write = connection.write_headers

        def write_headers(start_line: ResponseStartLine, response: Any, *args: Any) -> Any:
            for name, value in headers.items():
                response[name] = value
            # Which server this is, and its version, helps only who looks for a hole in it.
            response.pop("Server", None)
            if not request.path.startswith(self._programs):
                # The browser's own cache on the disk would hold what we seal on ours.
                response["Cache-Control"] = "no-store"
            return write(start_line, response, *args)

        connection.write_headers = write_headers  # type: ignore[assignment,method-assign]  # one per request


def _is_websocket(request: HTTPServerRequest) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _is_followed_link(request: HTTPServerRequest) -> bool:
    """Tell a link that a person followed from a page's own request; a frame is not followed."""
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
