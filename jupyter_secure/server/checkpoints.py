"""Checkpoints that are sealed, and bound to be checkpoints."""

from __future__ import annotations

from typing import Any

from anyio.to_thread import run_sync
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints

from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.http_errors import as_http


class SealedCheckpoints(AsyncFileCheckpoints):
    """Jupyter's checkpoints beside the notebook, written and read through ``app.content``."""

    async def create_checkpoint(self, contents_mgr: Any, path: str) -> dict[str, Any]:
        """Keep what the file holds now."""
        checkpoint_id = "checkpoint"
        source = contents_mgr._get_os_path(path)
        target = self.checkpoint_path(checkpoint_id, path)
        with as_http():
            await run_sync(contents_mgr.content.keep_checkpoint, source, target, current_actor())
        model: dict[str, Any] = await self.checkpoint_model(checkpoint_id, target)
        return model

    async def restore_checkpoint(self, contents_mgr: Any, checkpoint_id: str, path: str) -> None:
        """Put back what the checkpoint holds."""
        source = self.checkpoint_path(checkpoint_id, path)
        target = contents_mgr._get_os_path(path)
        with as_http():
            await run_sync(contents_mgr.content.restore_checkpoint, source, target, current_actor())
