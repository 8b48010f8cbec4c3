"""The one gate: every request passes it before any handler exists.

Tornado asks the application's ``find_handler`` for each request, whoever registered the route and
whenever. Ours answers first, so a plain handler, a websocket of another extension or a route added
later is closed until a session opens it (default-deny).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest, ResponseStartLine
from tornado.web import Application

from jupyter_secure.errors import StateUnusable, TooManyTries
from jupyter_secure.identity.access_tokens import PREFIX
from jupyter_secure.identity.sessions import is_superseded
from jupyter_secure.locks import Actor
from jupyter_secure.server.admission import OPEN_PAGE, Admission, admit, who_in
from jupyter_secure.server.asking import (
    is_followed_link,
    is_websocket,
    stays_open,
    token_in,
    vouched_for,
)
from jupyter_secure.server.data import ROUTE as DATA_ROUTE
from jupyter_secure.server.kernel_listener import came_from_kernel
from jupyter_secure.server.late import Late
from jupyter_secure.server.recording import Recording
from jupyter_secure.server.refusal import Refusal, RefusalHandler
from jupyter_secure.server.rights import WRONG_TOKEN, refusal, row_for
from jupyter_secure.server.runtime import Runtime
from jupyter_secure.transport.headers import response_headers
from jupyter_secure.transport.proxies import UNIX, Origin, parse_proxies, resolve

_PROGRAM_FOLDERS = ("static", "lab/extensions", "lab/api/themes")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Far more than a login form has; the server's own limit is for notebooks, and half a gigabyte.
_STRANGERS_BODY_BYTES = 64 * 1024
_CHANNELS = re.compile(r"api/kernels/[^/]+/channels")


class Gate:
    """Decides on every request of one web application."""

    def __init__(self, runtime: Runtime, web_app: Application, base_url: str) -> None:
        self._runtime = runtime
        self._web_app = web_app
        self._base_url = base_url
        self._proxies = parse_proxies(runtime.config.trusted_proxies)
        self._route = web_app.find_handler
        self._recording = Recording(runtime, web_app, base_url)
        # Compared with the raw path, exactly: nothing that a router would fold into one of these
        # (a doubled slash, an escape) is let through by accident.
        self._open_paths = frozenset(
            f"{base_url}{page}"
            for page in ("login", "login/passkey", "logout", "jupyter-secure/join")
        )
        self._door = runtime.door
        if self._door is not None:
            self._open_paths |= self._door.pages
        # Jupyter's own scripts and styles, which a browser may keep: the same for everyone.
        self._programs = tuple(f"{base_url}{folder}/" for folder in _PROGRAM_FOLDERS)
        self._data = f"{base_url}{DATA_ROUTE}"
        web_app.find_handler = self.find_handler  # type: ignore[method-assign]  # the hook itself

    def in_place(self) -> bool:
        """Say whether requests still reach this gate first."""
        return self._web_app.find_handler == self.find_handler

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Route ``request`` as the application would, or refuse it."""
        refusal = self._refuse(request)
        self._stamp(request)
        if refusal is not None:
            return refusal
        route = self._route(request, **kwargs)
        return Late(
            request,
            self._recording.follow(request, route),
            lambda: self._refuse(request),
            streams=getattr(route, "stream_request_body", False),
        )

    def _refuse(self, request: HTTPServerRequest) -> HTTPMessageDelegate | None:
        """Say on whose behalf ``request`` is, and return what refuses it if that may not be."""
        try:
            verdict = self._judge(request)
        except Exception:
            # Fail closed: what could not be checked is refused.
            self._runtime.log.exception("The gate could not check a request; it was refused.")
            verdict = Refusal(500, "The request could not be checked.", "unchecked")
        if isinstance(verdict, Admission):
            admit(request, verdict)
            return None
        admit(request, OPEN_PAGE)
        try:
            self._recording.refused(request, verdict)
        except Exception:
            # It stays a refusal, and is answered.
            self._runtime.log.exception("A refusal could not be recorded.")
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
        who = self._who(request)
        if isinstance(who, Refusal):
            return who
        if not self._fetch_allowed(request):
            return Refusal(403, "A page of another site made this request.", "cross-site")
        if who is None:
            opens = self._door is None or self._door.opens(request)
            if opens and request.path in self._open_paths:
                # These pages hold the whole body in memory, and anyone may send one.
                request.connection.set_max_body_size(_STRANGERS_BODY_BYTES)  # type: ignore[union-attr]  # HTTP/1, as below
                return replace(OPEN_PAGE, same_origin=vouched_for(request))
            return Refusal(401, "You are not logged in.", "not-logged-in")
        if (refused := self._may(request, who)) is not None:
            return replace(refused, who=who_in(who))
        return self._let_in(request, who)

    def _who(self, request: HTTPServerRequest) -> Admission | Refusal | None:
        """Say who it is: an access token, or a session; ``None`` for nobody.

        Where there is a token it alone decides, and no cookie is looked at.
        """
        state = self._runtime.state
        if text := token_in(request) or self._token_in_address(request):
            try:
                found = state.access_tokens.find(text, str(request.remote_ip))
            except TooManyTries as error:
                return Refusal(429, str(error), error.reason, error.retry_after)
            if found is None:
                return WRONG_TOKEN
            token, rights = found
            # Never elevated: what asks for a second factor asks for a person.
            actor = Actor(token.username, elevated=False)
            return Admission(None, actor, same_origin=False, token=token, rights=rights)
        cookie = self._runtime.cookies.read(request, self._runtime.cookies.session)
        session = state.sessions.authenticate(cookie) if cookie else None
        if session and self._door is not None and not self._door.vouches_for(session, request):
            session = None
        account = state.accounts.get(session.username) if session is not None else None
        if session is None or account is None:
            return None
        return Admission(
            session,
            state.sessions.actor(session),
            same_origin=vouched_for(request),
            rights=account.role.rights,
            role=account.role,
        )

    def _token_in_address(self, request: HTTPServerRequest) -> str | None:
        """Return the token in the address of a kernel's websocket, where that was switched on."""
        path = request.path.removeprefix(self._base_url)
        wanted = self._runtime.config.token_in_websocket_address and is_websocket(request)
        if wanted and _CHANNELS.fullmatch(path):
            for value in request.query_arguments.get("token", []):
                text = value.decode(errors="replace")
                return text if text.startswith(PREFIX) else None
        return None

    def _may(self, request: HTTPServerRequest, who: Admission) -> Refusal | None:
        """Say why ``who`` may not do that, or ``None``: the one place that asks for rights."""
        path = request.path
        if who.session is not None and is_superseded(who.session) and stays_open(request):
            # It would outlive the seconds that the cookie of before has left.
            return Refusal(401, "The cookie of this session was replaced.", "not-logged-in")
        if path.startswith(self._data):
            return Refusal(403, "Only kernels get their data here.", "not-allowed")
        if who.session is not None and path in self._open_paths:
            return None
        below = path.removeprefix(self._base_url) if path.startswith(self._base_url) else None
        row = None if below is None else row_for(str(request.method), below)
        return refusal(row, who)

    def _let_in(self, request: HTTPServerRequest, who: Admission) -> Admission:
        """Note that ``who`` is here, and keep hold of what would outlive its end."""
        runtime, address = self._runtime, str(request.remote_ip)
        try:
            if who.token is not None:
                runtime.state.access_tokens.note_use(who.token, address)
            elif who.session is not None and self._is_a_person(request):
                runtime.state.sessions.touch(who.session, address=address)
        except StateUnusable:
            # A full disk, say. Whoever is logged in must be able to get in and make room; session
            # and token still end on time.
            runtime.log.exception("Could not note that a session or access token is in use.")
        if stays_open(request):
            stream = request.connection.stream  # type: ignore[union-attr]  # HTTP/1 has a stream; HTTP/2 is not spoken
            if who.token is not None:
                runtime.token_sockets.keep(who.token, who.rights, stream)
            elif who.session is not None:
                runtime.sockets.keep(who.session.public_id, stream)
        return who

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

    def _origin(self, request: HTTPServerRequest) -> Origin:
        """Return where the request comes from, believing the listed proxies and nobody else."""
        context = request.connection.context  # type: ignore[union-attr]  # set by tornado's server
        return resolve(context.remote_ip, request.headers, self._proxies, protocol=context.protocol)

    def _fetch_allowed(self, request: HTTPServerRequest) -> bool:
        """Refuse what another site's page starts (Fetch Metadata; Origin for older browsers).

        No page of another site can send the header with a token, so where there is one the Origin
        is not asked for: programs make it up. What a browser itself says holds for tokens as well.
        """
        site = request.headers.get("Sec-Fetch-Site")
        if site in ("cross-site", "same-site"):
            return is_followed_link(request) or self._origin_configured(request)
        if token_in(request):
            return True
        origin = request.headers.get("Origin")
        is_socket = is_websocket(request)
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
