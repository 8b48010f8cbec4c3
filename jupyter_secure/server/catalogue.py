"""``GET`` and ``POST catalogue/{path}``: files that are not as they were left, and what to do."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.app.content.review import Found, Reviewed, accept, review
from jupyter_secure.errors import ElevationRequired, InvalidInput, SecureError
from jupyter_secure.identity.roles import Right
from jupyter_secure.locks import Actor, check_read
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.checkpoints import SealedCheckpoints
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync

# A request that takes longer would be given up by the browser or a proxy.
_SECONDS = 20.0


class CatalogueHandler(SecureAPIHandler):
    """What is found below a file or folder; the empty path is everything."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, path: str = "") -> None:
        """Return the findings."""
        with as_http():
            reviewed = await self._review(path)
        self.finish(
            json.dumps(
                {
                    "findings": [self._model(found) for found in reviewed.found],
                    "truncated": not reviewed.complete,
                }
            )
        )

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, path: str = "") -> None:
        """Accept what is found below ``path``, or restore one file from its checkpoint."""
        with as_http():
            action = self.body("action")
            if action == "accept":
                answer = await self._accept(path)
            elif action == "restore":
                await self.require_shown(path)
                await self.documents.restore_checkpoint("checkpoint", path)
                answer = {"restored": 1}
            else:
                raise InvalidInput('The "action" must be "accept" or "restore".')
        self.runtime.coverage = None
        self.finish(json.dumps(answer))

    async def _accept(self, path: str) -> dict[str, object]:
        # To believe what was changed from outside, for everybody.
        self.require(Right.MANAGE)
        state, actor = self.runtime.state, current_actor()
        if not state.provenance.is_whole() and not actor.elevated:
            raise ElevationRequired(
                "Accepting begins the catalogue of what was saved anew, for every file.",
                remedy="Confirm a code first.",
            )
        reviewed = await self._review(path)
        allowed, failures = await run_sync(self._readable, reviewed.found, actor)
        done = await run_sync(accept, allowed, state.provenance, state.vault)
        return {
            "accepted": done.accepted,
            "failures": [
                {"path": self._key(path), "message": str(error)}
                for path, error in failures + done.failures
            ],
        }

    def _readable(
        self, found: tuple[Found, ...], actor: Actor
    ) -> tuple[list[Path], list[tuple[Path, SecureError]]]:
        """Part what ``actor`` may read from what a lock withholds."""
        allowed, withheld = [], []
        for one in found:
            try:
                lock = self.documents.content.guard.lock_on(one.path)
                if lock is not None:
                    check_read(lock, actor)
                allowed.append(one.path)
            except SecureError as error:
                withheld.append((one.path, error))
        return allowed, withheld

    async def _review(self, path: str) -> Reviewed:
        if path:
            await self.require_shown(path)
        os_path = self.documents._get_os_path(path)
        self.documents.content.key(os_path)  # refuses what lies outside
        state, config = self.runtime.state, self.runtime.config
        look = partial(review, closed=(Path(config.state_dir),), seconds=_SECONDS)
        return await run_sync(look, Path(os_path), state.provenance, state.vault)

    def _key(self, path: Path) -> str:
        """Return the API path of what was found: its own, not of what a link leads to."""
        root = Path(os.path.realpath(self.documents.root_dir))
        inside = path.is_relative_to(root)
        return path.relative_to(root).as_posix() if inside else self.documents.content.key(path)

    def _model(self, found: Found) -> dict[str, object]:
        manager, checkpoints = self.documents, self.documents.checkpoints
        assert isinstance(checkpoints, SealedCheckpoints)
        path = self._key(found.path)
        kept = checkpoints.checkpoint_path("checkpoint", path)
        return {
            "path": path,
            "finding": found.finding.value,
            "sentence": str(found.error),
            "can_restore": manager.content.checkpoints.can_restore(kept, found.path),
        }
