"""``migration``: sealing or opening a whole folder in the background, one at a time."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.app.content.bulk_notes import BulkNotes
from jupyter_secure.app.trees.local_place import never_sealed
from jupyter_secure.app.trees.migrate import Migration
from jupyter_secure.app.trees.wanted import ToOpen, ToSeal, Tree
from jupyter_secure.errors import ElevationRequired, InvalidInput, VaultSealed
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.background import Job
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.vault import Vault

# Fewer than the command line takes: somebody is working on this server meanwhile.
_JOBS = 2


class MigrationHandler(SecureAPIHandler):
    """``GET``, ``POST`` and ``DELETE migration``."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return how far it is."""
        self.finish(json.dumps(self.runtime.migration.model()))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self) -> None:
        """Begin to seal or to open everything below a folder."""
        with as_http():
            action, path = self.body("action"), self.body("path").strip("/")
            dry_run = self._dry_run()
            if action not in ("seal", "open"):
                raise InvalidInput('The "action" must be "seal" or "open".')
            if path:
                await self.require_shown(path)
            tree = await run_sync(partial(self._tree, path))
            if not dry_run:
                self._check(action)
            model = self.runtime.migration.start(self._job(action, path, dry_run, tree))
        self.set_status(202)
        self.finish(json.dumps(model))

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def delete(self) -> None:
        """Stop it; what is done stays done, and another one goes on from there."""
        self.runtime.migration.stop()
        self.set_status(204)
        self.finish()

    def _dry_run(self) -> bool:
        value = (self.get_json_body() or {}).get("dry_run", False)
        if not isinstance(value, bool):
            raise InvalidInput('"dry_run" must be true or false.')
        return value

    def _tree(self, path: str) -> Tree:
        folder = Path(self.documents._get_os_path(path))
        key = self.documents.content.key(folder)
        if not folder.is_dir():
            raise InvalidInput(f"“{key}” is not a folder.", remedy="Name the folder it is in.")
        closed = (*self.runtime.closed, *never_sealed())
        return Tree(folder, Path(self.documents._get_os_path("")), closed)

    def _check(self, action: str) -> None:
        if not self.runtime.state.vault.is_open:
            raise VaultSealed
        if action == "open" and not current_actor().elevated:
            raise ElevationRequired(
                "Everything in the folder would lie there in plain text.",
                why="You have not confirmed a code lately.",
                remedy="Enter a code from your authenticator to go on.",
            )

    def _job(self, action: str, path: str, dry_run: bool, tree: Tree) -> Job:
        state = self.runtime.state
        vault, hooks = state.vault, BulkNotes(state.provenance, self.documents.content.hooks).hooks
        if action == "seal":
            patterns, marked = self.runtime.config.encrypt, state.folder_marks.list()
            seal = Migration(ToSeal(tree, vault, patterns, marked), hooks=hooks, jobs=_JOBS)
            return Job("seal", path, dry_run, tree, seal)

        def ours(header: Header) -> Vault | None:
            return vault if header.vault_id == vault.vault_id else None

        to_open = Migration(ToOpen(tree, ours, state.locks), hooks=hooks, jobs=_JOBS)
        return Job("open", path, dry_run, tree, to_open)
