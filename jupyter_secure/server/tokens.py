"""``tokens``: a person's own access tokens, for scripts and editors."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.errors import InvalidInput
from jupyter_secure.identity.access_tokens import DEFAULT_DAYS, AccessToken
from jupyter_secure.identity.roles import Right
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.elevation import require_elevated
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync


class TokensHandler(SecureAPIHandler):
    """``GET`` and ``POST tokens``: list them, make one."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the access tokens of this account, which say nothing of their texts."""
        with as_http():
            tokens = await run_sync(self._tokens.list, self.session.username)
        self.finish(json.dumps({"tokens": [self._model(token) for token in tokens]}))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Make a token, and show it: nobody can again."""
        with as_http():
            require_elevated(self)
            body: Any = self.get_json_body() or {}
            name = self.body("name")
            rights = rights_named(body.get("rights"))
            folder = self.optional("folder") or ""
            days = body.get("days", DEFAULT_DAYS)
            if isinstance(days, bool) or not isinstance(days, int):
                raise InvalidInput('"days" must be a whole number.')
            username = self.session.username
            text, token = await run_sync(
                lambda: self._tokens.create(username, name, rights, folder, days)
            )
        self.log.info("%s made the access token %s.", username, token.public_id)
        self.set_status(201)
        self.finish(json.dumps({"token": text, **self._model(token)}))

    @property
    def _tokens(self) -> Any:
        return self.runtime.state.access_tokens

    def _model(self, token: AccessToken) -> dict[str, object]:
        used = token.last_used_at
        return {
            "id": token.public_id,
            "name": token.name,
            "rights": sorted(right.value for right in token.rights),
            "folder": token.folder,
            "created_at": token.created_at.isoformat(),
            "expires_at": token.expires_at.isoformat(),
            "expired": self._tokens.is_expired(token),
            "last_used_at": None if used is None else used.isoformat(),
            "address": token.address,
        }


class TokenHandler(SecureAPIHandler):
    """``DELETE tokens/{id}``: revoke one."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self, public_id: str) -> None:
        """End a token of this account, and its sockets."""
        runtime, username = self.runtime, self.session.username
        with as_http():
            await run_sync(runtime.state.access_tokens.revoke, public_id, username)
            runtime.token_sockets.sweep()
        self.log.info("%s revoked the access token %s.", username, public_id)
        self.set_status(204)
        self.finish()


def rights_named(names: object) -> frozenset[Right]:
    """Return the rights of a list of names; ``InvalidInput`` for anything else."""
    try:
        if isinstance(names, list) and names:
            return frozenset(Right(name) for name in names)
    except ValueError:
        pass
    raise InvalidInput('"rights" must be a list of some of read, write, execute and audit.')
