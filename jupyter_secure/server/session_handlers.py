"""``sessions``: where an account is logged in, and how to end that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.errors import InvalidInput
from jupyter_secure.identity.devices import name_of
from jupyter_secure.identity.roles import Right
from jupyter_secure.identity.sessions import Session
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.elevation import require_elevated
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync


def session_model(session: Session, current: Session, sessions: Sessions) -> dict[str, object]:
    """Return the API's form of ``session``; ``current`` is the one that asks."""
    return {
        "id": session.public_id,
        "username": session.username,
        "current": session.public_id == current.public_id,
        "device_name": name_of(session.user_agent),
        "device": session.device,
        "address": session.address,
        "user_agent": session.user_agent,
        "created_at": session.created_at.isoformat(),
        "last_seen_at": session.last_seen_at.isoformat(),
        "seconds_left": sessions.seconds_left(session),
    }


class SessionsHandler(SecureAPIHandler):
    """``GET`` and ``DELETE sessions``: list them, and end many at once."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the live sessions of this account, or for an owner of everyone."""
        sessions = self.runtime.state.sessions
        with as_http():
            everyone = self.get_query_argument("everyone", "") not in ("", "0")
            if everyone:
                self.require(Right.MANAGE)
            found = await run_sync(sessions.live, None if everyone else self.session.username)
        models = [session_model(one, self.session, sessions) for one in found]
        self.finish(json.dumps({"sessions": models}))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self) -> None:
        """End this account's other sessions, or all of them and this one too."""
        sessions, name = self.runtime.state.sessions, self.session.username
        with as_http():
            scope = self.get_query_argument("scope", "")
            if scope not in ("others", "all"):
                raise InvalidInput('The "scope" must be "others" or "all".')
            keep = self.session.public_id if scope == "others" else None
            ended = await run_sync(partial(sessions.end_all, name, keep=keep))
            self._close(ended)
        if keep is None:
            cookies = self.runtime.cookies
            cookies.clear(self, cookies.session)
        self.finish(json.dumps({"ended": sum(one.username == name for one in ended)}))

    def _close(self, ended: Iterable[Session]) -> None:
        self.runtime.close_sockets(ended)


class SessionHandler(SecureAPIHandler):
    """``DELETE sessions/{id}``: end one session, wherever it is."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, public_id: str) -> None:
        """End a session of this account; an owner, another's too."""
        with as_http():
            manages = Right.MANAGE in admission_of(self.request).rights
            require = partial(self.runtime.state.sessions.require, public_id)
            found = await run_sync(require, None if manages else self.session.username)
            if found.username != self.session.username:
                require_elevated(self)
            self.runtime.end_session(public_id)
        self.set_status(204)
        self.finish()
