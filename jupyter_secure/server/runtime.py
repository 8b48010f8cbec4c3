"""What one running server holds: its settings, its state and its sockets.

The contents manager, the identity provider and the handlers are made by Jupyter at different
moments; each asks for the runtime of its server and gets the same one.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from tornado.web import RequestHandler

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.coverage import Coverage
from jupyter_secure.app.content.review import Reviewed
from jupyter_secure.app.history.housekeeping import Housekeeping
from jupyter_secure.app.history.keeping import Keeping
from jupyter_secure.app.history.versions import Versions
from jupyter_secure.app.state import State
from jupyter_secure.audit.events import Event
from jupyter_secure.errors import SecureError
from jupyter_secure.identity.roles import Right
from jupyter_secure.identity.sessions import Session, SessionPolicy
from jupyter_secure.server import hub, metrics
from jupyter_secure.server.background import Background, Job, event_of
from jupyter_secure.server.certificate_watch import CertificateWatch
from jupyter_secure.server.config import SecureConfig
from jupyter_secure.server.cookies import CookieJar
from jupyter_secure.server.door import Door
from jupyter_secure.server.findings import Findings
from jupyter_secure.server.kernel_access import KernelAccess
from jupyter_secure.server.log_lines import keep_lines_whole
from jupyter_secure.server.processes import Processes
from jupyter_secure.server.record import Record
from jupyter_secure.server.record_looks import RecordLooks
from jupyter_secure.server.record_news import RecordNews
from jupyter_secure.server.sockets import CHANGED, Sockets
from jupyter_secure.server.token_sockets import TokenSockets
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY


class Runtime:
    """Everything of ours that belongs to one ``ServerApp``."""

    def __init__(self, app: Any) -> None:
        hub.check(app)  # before anything is opened for a server that has lost our login
        self.app = app
        self.log = app.log
        keep_lines_whole(app.log)
        self.config = SecureConfig(parent=app)
        self.state = State.open(
            Path(self.config.state_dir),
            SessionPolicy(
                idle_minutes=self.config.idle_minutes,
                max_hours=self.config.max_hours,
                elevation_minutes=self.config.elevation_minutes,
                trusted_device_days=self.config.trusted_device_days,
            ),
            key_file=Path(self.config.key_file) if self.config.key_file else None,
            retention=self.config.retention,
        )
        #: What takes each save as a version, and looks after them.
        self.keeping = Keeping(
            self.state.histories,
            keeps=self.config.keep_history,
            soon=True,
            most=self._most_kept,
            warn=self._version_not_kept,
        )
        self.housekeeping = Housekeeping(self.state.histories, self.keeping, warn=app.log.warning)
        self.record_news = RecordNews(self._rights_of)
        self.record_looks = RecordLooks()
        self.state.recorder.on_recorded = self._recorded
        folder = Path(self.config.state_dir) / AUDIT_DIRECTORY
        self.record = Record(folder, self.state.recorder, self.config, app.log)
        #: Someone who says first who may come in (JupyterHub), where the provider put one in place.
        self.door: Door | None = None
        self.processes = Processes(app, self.state.recorder)
        self.sockets = Sockets()
        self.token_sockets = TokenSockets(self.state.access_tokens.rights_of)
        self.kernel_access = KernelAccess(app)
        if self.config.kernels_keep_vault_open:
            self.state.sessions.needed_elsewhere = self.kernel_access.capabilities.any_given
        #: None without TLS of our own.
        self.certificate_watch: CertificateWatch | None = None
        #: When the notebooks were looked over last, on the monotonic clock, and what was found.
        self.coverage: tuple[float, Coverage, Reviewed] | None = None
        self.findings = Findings(self.state.recorder)
        self.migration = Background(self.state.clock, app.log, self._migrated)
        # One thread, so that at most one password is being hashed at a time: a flood of logins
        # queues up instead of taking 64 MiB each.
        self.login_thread = ThreadPoolExecutor(1, thread_name_prefix="jupyter-secure-login")

    @property
    def cookies(self) -> CookieJar:
        """This server's cookies. The port is known only once the server has found one."""
        vault = self.state.vault.vault_id.hex()[:8]
        return CookieJar(self.app.base_url, f"{vault}-{self.app.port}")

    @property
    def closed(self) -> tuple[Path, ...]:
        """What is withheld wherever it lies: the state, and the key file, which opens it."""
        return tuple(Path(one) for one in (self.config.state_dir, self.config.key_file) if one)

    def content(self, root: str) -> Content:
        """Return the guard of every byte below ``root``."""
        return Content(
            root=Path(root),
            vault=self.state.vault,
            locks=self.state.locks,
            provenance=self.state.provenance,
            encrypt=tuple(self.config.encrypt),
            folder_marks=self.state.folder_marks,
            closed=self.closed,
            follow_outside_links=self.config.follow_outside_links,
            passphrases=self.state.passphrases,
            one_writer=self.state.one_writer,
            saves=self.keeping,
        )

    def _most_kept(self, path: str) -> int:
        """Return how large a file of that name may be to have versions, in bytes.

        Code that writes data, over and over, is not to fill the disk with versions of it.
        """
        config = self.config
        is_notebook = path.endswith(".ipynb")
        most = config.history_max_mb if is_notebook else config.history_data_max_mb
        return (most << 20) or -1

    def versions(self, content: Content, root: str) -> Versions:
        """Return what people do with the versions of what lies below ``root``."""
        return Versions(
            histories=self.state.histories,
            keeping=self.keeping,
            content=content,
            root=Path(root),
            vault=self.state.vault,
            locks=self.state.locks,
            provenance=self.state.provenance,
            clock=self.state.clock,
        )

    def _version_not_kept(self, message: str) -> None:
        self.app.log.warning(message)
        metrics.version_not_kept()

    def _recorded(self, event: Event) -> None:
        metrics.count(event)
        self.record_news.recorded(event)
        self.record_looks.recorded(event)

    def _rights_of(self, username: str) -> frozenset[Right] | None:
        account = self.state.accounts.get(username)
        return None if account is None else account.role.rights

    def _migrated(self, job: Job) -> None:
        self.coverage = None
        self.state.recorder.note(event_of(job))

    def end_session(self, public_id: str) -> None:
        """End a session and close its sockets; seal the vault if it was the last."""
        # Others that are found to have run out are told of here only: the next look won't.
        ended = self.state.sessions.end(public_id)
        for session in {public_id, *(session.public_id for session in ended)}:
            self.sockets.close(session)

    def rotated(
        self, handler: RequestHandler, token: str, session: Session, *, changed: bool = True
    ) -> None:
        """Give the browser the new cookie of a session that stepped up; close what ended by that.

        Call it on the event loop with what ``Sessions`` or ``Factors`` returned. After a change of
        password or factor the session's own sockets close too, as a stolen cookie may have opened
        one; its pages open theirs again by the new cookie. Confirming a factor is no such change.
        """
        self.cookies.set(handler, self.cookies.session, token)
        self.close_ended()
        if changed:
            self.sockets.close(session.public_id, CHANGED)
        else:
            self.sockets.tell(session.public_id, CHANGED)

    def close_ended(self) -> None:
        """Notice sessions that have ended by whatever hand, and close their sockets."""
        self.close_sockets(self.state.sessions.sweep())

    def close_sockets(self, ended: Iterable[Session]) -> None:
        """Close the sockets of sessions that a sweep found ended."""
        for session in ended:
            self.sockets.close(session.public_id)

    def close(self) -> None:
        """Throw away unfinished uploads, end every session and wipe the keys."""
        self.migration.close()
        self.housekeeping.close()
        self.processes.close()
        self.kernel_access.close()
        self.app.contents_manager.uploads.discard_all()
        with contextlib.suppress(SecureError):
            # Before the last event of all; where the store fails, `close` wipes the keys anyway.
            self.state.sessions.end_all()
            self.state.sessions.sealing.wait()
        self.record.end()
        self.state.close()


_runtimes: WeakKeyDictionary[Any, Runtime] = WeakKeyDictionary()


def runtime_of(app: Any) -> Runtime:
    """Return the runtime of ``app``, made at the first call; the server stops if it can't be."""
    if app not in _runtimes:
        try:
            _runtimes[app] = Runtime(app)
        except SecureError as error:
            refuse_to_start(app, error)
    return _runtimes[app]


def refuse_to_start(app: Any, error: SecureError) -> NoReturn:
    """Say in plain words why the server does not start, and end the process.

    ``SystemExit`` also passes the ``except Exception`` with which Jupyter would let a failing
    extension go by.
    """
    app.log.critical("This server does not start, because it would not be secure.")
    for line in (error.what, error.why, error.remedy):
        if line:
            app.log.critical("  %s", line)
    sys.exit(1)
