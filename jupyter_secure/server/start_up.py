"""The checks between "configured" and "listening": what can't be enforced refuses to start."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.utils import url_path_join
from tornado.ioloop import PeriodicCallback

from jupyter_secure.app.accounts.wiring import inconsistencies
from jupyter_secure.crypto.memory import protect_process
from jupyter_secure.errors import (
    CertificateUnusable,
    PolicyViolation,
    RecordUnwritable,
    SecureError,
)
from jupyter_secure.server import conversion, hub, redirect, token_folder
from jupyter_secure.server.certificate_watch import CertificateWatch
from jupyter_secure.server.checkpoints import SealedCheckpoints
from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.server.data import ROUTE as DATA_ROUTE
from jupyter_secure.server.data import DataHandler
from jupyter_secure.server.execution import record_execution
from jupyter_secure.server.files import SealedFilesHandler
from jupyter_secure.server.gate import Gate
from jupyter_secure.server.kernel_loop import keep_on_loop
from jupyter_secure.server.open_notebook import ROUTE, OpenNotebookHandler
from jupyter_secure.server.page_config import tell_pages_the_role
from jupyter_secure.server.runtime import Runtime, refuse_to_start
from jupyter_secure.server.stopping import let_threads_end
from jupyter_secure.store.atomic import remove_debris
from jupyter_secure.store.places import TLS_DIRECTORY
from jupyter_secure.transport import certificates
from jupyter_secure.transport.policy import Listening, TransportSettings, check
from jupyter_secure.transport.tls import ServerCertificate

SWEEP_SECONDS = 5
#: Whoever ends a session, in another process too, finds its sockets closed within a second.
SESSIONS_SWEEP_SECONDS = 0.5

# An origin that no administrator means (RFC 2606): a pattern that it matches is for everybody.
_SOMEONES_SITE = "https://any-site-at-all.invalid"


class StartUp:
    """Takes one server from its configuration to its open port."""

    def __init__(self, app: Any, provider: IdentityProvider, runtime: Runtime) -> None:
        self._app = app
        self._provider = provider
        self._runtime = runtime
        # A thread of its own: a database that others keep locked must not stop the event loop, and
        # those who wait for it elsewhere must not keep this one from closing sockets.
        self._sweeper = ThreadPoolExecutor(1, thread_name_prefix="jupyter-secure-sweep")

    def check(self, ssl_options: dict[str, Any] | None) -> None:
        """Raise ``PolicyViolation`` for the first setting that would break the policy."""
        app, config = self._app, self._runtime.config
        hub.check(app)
        check(
            Listening(
                ip=app.ip,
                unix_socket=app.sock,
                certfile=(ssl_options or {}).get("certfile", ""),
                keyfile=(ssl_options or {}).get("keyfile", ""),
                trust_xheaders=app.trust_xheaders,
            ),
            TransportSettings(
                require_https=config.require_https,
                trusted_proxies=tuple(config.trusted_proxies),
                min_tls=config.min_tls,
            ),
        )
        redirect.check(app, config.redirect_port)
        if app.certfile:
            certificates.load(app.certfile, app.keyfile, now=self._runtime.state.clock())
        if self._provider.token or app.config.ServerApp.get("token"):
            raise PolicyViolation(
                "A server-wide token is configured.",
                why="It would be a way in without a password and a code.",
                remedy="Remove `token` from ServerApp and IdentityProvider, in the configuration "
                "and on the command line.",
            )
        if (ssl_options or {}).get("certfile", "") != app.certfile:
            raise PolicyViolation(
                "The certificate is given in ServerApp.ssl_options.",
                why="What else stands there would go round SecureConfig.min_tls.",
                remedy="Set ServerApp.certfile and ServerApp.keyfile instead.",
            )
        self._check_other_sites()
        self._check_replacements()

    def _check_other_sites(self) -> None:
        # What is in effect, which `tornado_settings` may have changed, not what was configured.
        settings = self._app.web_app.settings
        if settings.get("disable_check_xsrf"):
            raise PolicyViolation(
                "ServerApp.disable_check_xsrf is on.",
                why="Other sites could then act in a user's name.",
                remedy="Remove it.",
            )
        if not settings.get("xsrf_cookies"):
            raise PolicyViolation(
                "ServerApp.tornado_settings switches xsrf_cookies off.",
                why="Other sites could then act in a user's name.",
                remedy="Remove it.",
            )
        pattern = settings.get("allow_origin_pat")
        for name, everyone in (
            ("allow_origin", settings.get("allow_origin") == "*"),
            ("allow_origin_pat", bool(pattern and pattern.match(_SOMEONES_SITE))),
        ):
            if everyone:
                raise PolicyViolation(
                    f"ServerApp.{name} lets every site in.",
                    why="Every site could then read what a user may read.",
                    remedy="Name the one origin that needs access, or remove it.",
                )

    def _check_replacements(self) -> None:
        app = self._app
        if app.web_app.settings.get("identity_provider") is not self._provider:
            raise PolicyViolation(
                "`tornado_settings` replaces the identity provider.",
                remedy="Remove `identity_provider` from ServerApp.tornado_settings.",
            )
        manager = app.web_app.settings.get("contents_manager")
        if not isinstance(manager, EncryptedContentsManager):
            raise PolicyViolation(
                f"The contents manager is {type(manager).__name__}, which would write notebooks "
                "in plain text.",
                remedy="Set ServerApp.contents_manager_class to "
                "jupyter_secure.EncryptedContentsManager, or run `jupyter secure init` again.",
            )
        self._check_manager(manager)

    @staticmethod
    def _check_manager(manager: EncryptedContentsManager) -> None:
        if not isinstance(manager.checkpoints, SealedCheckpoints):
            raise PolicyViolation(
                f"The checkpoints are kept by {type(manager.checkpoints).__name__}, which would "
                "write notebooks in plain text.",
                remedy="Remove `checkpoints_class` from the contents manager's configuration.",
            )
        handler = manager.files_handler_class
        if handler is not None and not issubclass(handler, SealedFilesHandler):
            raise PolicyViolation(
                f"Downloads are served by {handler.__name__}, which knows no locks.",
                remedy="Remove `files_handler_class` from the contents manager's configuration.",
            )

    def before_binding(self, gate: Gate) -> None:
        """Set what must hold when the first byte arrives, and look once more just before that."""
        # Before Jupyter's own routes, which the rest of its contents API still goes by.
        route = url_path_join(self._app.base_url, ROUTE)
        data = url_path_join(self._app.base_url, f"{DATA_ROUTE}(.*)")
        handlers: list[tuple[str, type]] = [(route, OpenNotebookHandler), (data, DataHandler)]
        for path, handler in (*conversion.HANDLERS, *token_folder.HANDLERS):
            handlers.append((url_path_join(self._app.base_url, path), handler))
        self._app.web_app.add_handlers(".*$", handlers)
        self._app.web_app.settings["xsrf_cookie_kwargs"] = self._runtime.cookies.xsrf_attributes
        tell_pages_the_role(self._app.web_app)
        for what in protect_process():
            self._app.log.warning("The keys are less protected than they could be: %s.", what)
        # Jupyter schedules the binding of its socket on this loop later, so this runs first.
        self._app.io_loop.add_callback(self._last_look, gate)
        for line in inconsistencies(self._runtime.state.team):
            self._app.log.warning(line)
        PeriodicCallback(self._sweep, SWEEP_SECONDS * 1000).start()
        PeriodicCallback(self._end_sessions, SESSIONS_SWEEP_SECONDS * 1000).start()
        atexit.register(self._runtime.close)
        self._runtime.housekeeping.start()
        Thread(target=self._remove_debris, name="jupyter-secure-debris", daemon=True).start()

    def _last_look(self, gate: Gate) -> None:
        app = self._app
        try:
            if not gate.in_place():
                raise PolicyViolation(
                    "Something replaced the gate that every request must pass.",
                    why="Another extension changed the web application's `find_handler`.",
                    remedy="Disable the extension that you added last "
                    "(`jupyter server extension list`).",
                )
            if self._runtime.door is not None:
                hub.undo_relaxations(app)
            server = getattr(app, "_http_server", None)
            if server is not None and app.certfile:
                certificate = self._certificate()
                server.ssl_options = certificate.context
                self._redirect(certificate)
        except (PolicyViolation, CertificateUnusable) as error:
            refuse_to_start(app, error)
        try:
            self._runtime.record.begin()
        except RecordUnwritable as error:
            refuse_to_start(app, error)
        let_threads_end(app)
        keep_on_loop(app.kernel_manager)
        self._runtime.processes.start()
        if self._runtime.config.audit_execution:
            record_execution(self._runtime)
        # Only now: the gate is known to be in place.
        if self._runtime.config.kernel_data:
            self._runtime.kernel_access.open()
        # What is here now stays to the end. Looked through again and again while a large notebook
        # is parsed, it would double the time that saving one takes.
        gc.collect()
        gc.freeze()

    def _redirect(self, certificate: ServerCertificate) -> None:
        """Take the second port, if there is to be one, before the first is open."""
        app, port = self._app, self._runtime.config.redirect_port
        if port:
            listener = redirect.RedirectListener(
                port,
                app.ip,
                # Looked up each time: a renewed certificate may have other names.
                lambda: (*certificate.pair.facts.names, *app.local_hostnames),
                app.port,
            )
            app.io_loop.add_callback(listener.serve)

    def _certificate(self) -> ServerCertificate:
        app, runtime = self._app, self._runtime
        certificate = ServerCertificate(
            app.certfile,
            app.keyfile,
            runtime.config.min_tls,
            now=runtime.state.clock,
            client_ca=app.client_ca,
        )
        runtime.certificate_watch = CertificateWatch(certificate, runtime.state.clock, app.log)
        return certificate

    def _remove_debris(self) -> None:
        """Delete what servers that were killed left half-written, however large the tree is."""
        state = Path(self._runtime.config.state_dir)
        for folder in (state, state / TLS_DIRECTORY):
            remove_debris(folder)
        for name, _, _ in os.walk(self._app.contents_manager.root_dir):
            remove_debris(Path(name))

    async def _end_sessions(self) -> None:
        """Close the sockets of sessions that ended, by a limit or by another process's hand."""
        try:
            sweep = self._runtime.state.sessions.sweep
            loop = asyncio.get_running_loop()
            self._runtime.close_sockets(await loop.run_in_executor(self._sweeper, sweep))
            self._runtime.token_sockets.sweep()
        except SecureError:
            self._app.log.exception("Could not look for sessions that have ended.")

    def _sweep(self) -> None:
        """End what has run out, on time even if nobody asks."""
        if self._runtime.certificate_watch is not None:
            self._runtime.certificate_watch.look()
        try:
            self._runtime.state.log_in.sweep()
            self._runtime.state.join.sweep()
            self._app.contents_manager.uploads.discard_idle()
        except SecureError:
            self._app.log.exception("Could not throw away what was left unfinished.")
        # A new key epoch counts within seconds, also where the vault never closes. What is wrong
        # with vault.json the next login tells; till then the present keys do.
        with contextlib.suppress(SecureError):
            self._runtime.state.vault.refresh()
