"""What the handlers of our REST API share."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.base.handlers import APIHandler

from jupyter_secure.errors import InvalidInput, NotFound, Refused
from jupyter_secure.identity.roles import Right
from jupyter_secure.identity.sessions import Session
from jupyter_secure.locks import Lock
from jupyter_secure.server.admission import admission_of, current_actor
from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.server.http_errors import SecureHTTPError
from jupyter_secure.server.runtime import Runtime, runtime_of

#: What an authorizer is asked about, where the administrator configured one.
RESOURCE = "jupyter-secure"


class SecureAPIHandler(APIHandler):
    """What our handlers share; errors are ``{"message", "reason"}``."""

    auth_resource = RESOURCE

    @property
    def runtime(self) -> Runtime:
        """The runtime of this server."""
        return runtime_of(self.settings["serverapp"])

    @property
    def session(self) -> Session:
        """The session of this request; the gate lets none in without."""
        session = admission_of(self.request).session
        assert session is not None
        return session

    @property
    def documents(self) -> EncryptedContentsManager:
        """The contents manager; the server does not start with another one."""
        manager = self.contents_manager
        assert isinstance(manager, EncryptedContentsManager)
        return manager

    def require(self, right: Right) -> None:
        """Raise ``Refused`` unless whoever asks has ``right``.

        For what hangs on the body; whatever an address tells, the gate has asked for already.
        """
        if right not in admission_of(self.request).rights:
            raise Refused(
                "Your account may not do this.",
                why=f"It needs the right to {right.value}.",
                remedy="Ask an owner of this server.",
            )

    def get_json_body(self) -> Any:
        """Return the JSON body; ``InvalidInput`` for bytes that are no text, or no end of depth."""
        try:
            return super().get_json_body()
        except (UnicodeDecodeError, RecursionError):
            raise InvalidInput("The request must be JSON in UTF-8.") from None

    def body(self, name: str) -> str:
        """Return a text field of the JSON body, or raise ``InvalidInput``."""
        try:
            value = (self.get_json_body() or {}).get(name)
        except AttributeError:
            value = None
        if not isinstance(value, str):
            raise InvalidInput(f'The request must be a JSON object with a text "{name}".')
        return value

    def member(self, name: str) -> object:
        """Return a member of the JSON body, of whatever type; None if it is not there."""
        given = self.get_json_body()
        return given.get(name) if isinstance(given, dict) else None

    def optional(self, name: str) -> str | None:
        """Return a text field of the JSON body if it is there; ``InvalidInput`` for no text."""
        given = self.get_json_body() or {}
        return self.body(name) if name in given else None

    async def require_shown(self, path: str) -> None:
        """Raise ``NotFound`` for what the contents API would not show: hidden files, and pipes.

        A home folder is served more often than not, and our own keys lie hidden in it: locking
        vault.json would seal it with itself. A pipe would keep a thread waiting for its writer.
        """
        manager = self.documents
        hidden = not manager.allow_hidden and await manager.is_hidden(path)
        if hidden or not (await manager.file_exists(path) or await manager.dir_exists(path)):
            raise NotFound(f"There is no file “{path}”.")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with our error's own words and headers."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, SecureHTTPError):
            for name, value in error.headers.items():
                self.set_header(name, value)
            self.finish(json.dumps({"message": error.log_message, "reason": error.reason}))
        else:
            super().write_error(status_code, **kwargs)

    def lock_model(self, lock: Lock) -> dict[str, object]:
        """Return the API's form of ``lock``; "open" is for this session, now.

        What was brought here under its passphrase has no owner: it belongs to whoever opens it.
        """
        is_open = self.documents.content.guard.is_open(lock, current_actor())
        return {
            "path": lock.path,
            "mode": lock.mode.value,
            "owner": lock.owner,
            "mine": lock.owner == self.session.username or (is_open and not lock.owner),
            "open": is_open,
            "created_at": lock.created_at.isoformat(),
        }
