"""Our REST API: thin handlers under ``{base_url}jupyter-secure/api/``."""

from __future__ import annotations

import asyncio
import json
from functools import partial

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.app.login.passkey_answers import PasskeyAnswer
from jupyter_secure.errors import InvalidInput
from jupyter_secure.locks import LockMode
from jupyter_secure.server.account import account_handlers
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.audit import AuditExportHandler, AuditHandler
from jupyter_secure.server.catalogue import CatalogueHandler
from jupyter_secure.server.history import history_handlers
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.migration import MigrationHandler
from jupyter_secure.server.passkeys import passkey_handlers
from jupyter_secure.server.said import factor_of, said_of
from jupyter_secure.server.sealed_folders import (
    SealedFolderHandler,
    SealedFoldersHandler,
    sealed_folders_of,
)
from jupyter_secure.server.session_handlers import SessionHandler, SessionsHandler
from jupyter_secure.server.status import status_of_server
from jupyter_secure.server.threads import run_sync
from jupyter_secure.server.tokens import TokenHandler, TokensHandler
from jupyter_secure.server.users import users_handlers
from jupyter_secure.server.watch import WatchHandler

API = r"/jupyter-secure/api"


class StatusHandler(SecureAPIHandler):
    """``GET status``: everything that the panel shows."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the state of the place."""
        with as_http():
            self.finish(json.dumps(await status_of_server(self)))


class ActivityHandler(SecureAPIHandler):
    """``POST activity``: the page saw a person, so the idle limit starts anew."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Renew the session's idle limit."""
        with as_http():
            self.runtime.state.sessions.touch(self.session, address=str(self.request.remote_ip))
        self.set_status(204)
        self.finish()


class ElevateHandler(SecureAPIHandler):
    """``POST elevate``: confirm a second factor for what needs it."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Check the code or the passkey, and lift the session for ``elevation_minutes``."""
        with as_http():
            passkey = self.member("passkey")
            answer = self.body("code") if passkey is None else PasskeyAnswer(passkey)
            said_of(self.request).details["factor"] = factor_of(answer)
            elevate = partial(self.runtime.state.elevate, self.session, answer)
            loop = asyncio.get_running_loop()
            token, session = await loop.run_in_executor(self.runtime.login_thread, elevate)
            self.runtime.rotated(self, token, session, changed=False)
        seconds = self.runtime.state.sessions.elevated_seconds_left(session)
        self.finish(json.dumps({"elevated_seconds_left": seconds}))


class LocksHandler(SecureAPIHandler):
    """``GET locks``: every lock there is."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return all locks."""
        with as_http():
            locks = self.runtime.state.locks.list()
        self.finish(json.dumps({"locks": [self.lock_model(lock) for lock in locks]}))


class LockHandler(SecureAPIHandler):
    """``PUT``, ``POST`` and ``DELETE locks/{path}``: lock, open and unlock one file."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def put(self, path: str) -> None:
        """Lock ``path`` as "private", "read-only" or "sealed"; its content is sealed by that."""
        with as_http():
            try:
                mode = LockMode(self.body("mode"))
            except ValueError:
                raise InvalidInput(
                    'The "mode" must be "private", "read-only" or "sealed".'
                ) from None
            await self.require_shown(path)
            passphrase = self.optional("passphrase") if mode is LockMode.SEALED else None
            lock = await self.documents.locking.lock(path, mode, current_actor(), passphrase)
            if mode is LockMode.PRIVATE:
                self.runtime.state.sessions.lower(self.session)
        self.finish(json.dumps(self.lock_model(lock)))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, path: str) -> None:
        """Open ``path`` for this session, by the passphrase of its sealed lock."""
        with as_http():
            passphrase = self.body("passphrase")
            await self.require_shown(path)
            await self.documents.locking.open(path, passphrase, current_actor())
        self.set_status(204)
        self.finish()

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, path: str) -> None:
        """Unlock ``path``."""
        with as_http():
            await self.documents.locking.unlock(path, current_actor())
        self.set_status(204)
        self.finish()


class ProtectionHandler(SecureAPIHandler):
    """``GET protection/{path}``: whether one file is sealed and locked."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, path: str) -> None:
        """Return how ``path`` is protected."""
        with as_http():
            await self.require_shown(path)
            sealed, lock = await self.documents.protection(path)
            os_path = self.documents._get_os_path(path.strip("/"))
            covered = await run_sync(sealed_folders_of(self).covers, os_path)
        self.finish(
            json.dumps(
                {
                    "path": path,
                    "sealed": sealed,
                    "folder_sealed": covered,
                    "lock": self.lock_model(lock) if lock else None,
                }
            )
        )


def api_handlers() -> list[tuple[str, object]]:
    """Return our routes, as Jupyter registers them below its base URL."""
    return [
        (rf"{API}/status", StatusHandler),
        (rf"{API}/activity", ActivityHandler),
        (rf"{API}/audit", AuditHandler),
        (rf"{API}/audit/export", AuditExportHandler),
        (rf"{API}/elevate", ElevateHandler),
        *passkey_handlers(API),
        (rf"{API}/locks", LocksHandler),
        (rf"{API}/locks/(.+)", LockHandler),
        (rf"{API}/protection/(.+)", ProtectionHandler),
        (rf"{API}/catalogue", CatalogueHandler),
        (rf"{API}/catalogue/(.+)", CatalogueHandler),
        *history_handlers(API),
        (rf"{API}/migration", MigrationHandler),
        (rf"{API}/sealed-folders", SealedFoldersHandler),
        (rf"{API}/sealed-folders/(.*)", SealedFolderHandler),
        (rf"{API}/watch", WatchHandler),
        (rf"{API}/tokens", TokensHandler),
        (rf"{API}/tokens/([\w-]+)", TokenHandler),
        (rf"{API}/sessions", SessionsHandler),
        (rf"{API}/sessions/([\w-]+)", SessionHandler),
        *account_handlers(API),
        *users_handlers(API),
    ]
