"""Locking and opening for the handlers of our API: off the event loop, by the API's paths."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.app.content.passphrases import new_key
from jupyter_secure.app.locking.lock_notebook import LockNotebooks
from jupyter_secure.locks import Actor, Lock, LockMode
from jupyter_secure.server.checkpoints import SealedCheckpoints
from jupyter_secure.server.runtime import Runtime
from jupyter_secure.server.threads import run_sync

if TYPE_CHECKING:
    from jupyter_server.services.contents.filemanager import AsyncFileContentsManager

    from jupyter_secure.app.content.content import Content


class Locking:
    """Puts locks on the files of one contents manager, opens them, and takes them off."""

    def __init__(
        self, manager: AsyncFileContentsManager, content: Content, runtime: Runtime
    ) -> None:
        self._manager = manager
        self._content = content
        self._runtime = runtime
        self._notebooks = LockNotebooks(
            locks=runtime.state.locks,
            files=content,
            clock=runtime.state.clock,
            passphrases=content.passphrases,
        )

    async def lock(
        self, path: str, mode: LockMode, actor: Actor, passphrase: str | None = None
    ) -> Lock:
        """Lock ``path``; what is plain is sealed by that."""
        key = None
        if mode is LockMode.SEALED and passphrase is not None:
            derive = partial(new_key, passphrase, actor.username or "")
            loop = asyncio.get_running_loop()
            key = await loop.run_in_executor(self._runtime.login_thread, derive)
        os_path = self._manager._get_os_path(path.strip("/"))
        lock = partial(
            self._notebooks.lock,
            os_path,
            mode,
            actor,
            passphrase=key,
            checkpoints=self._checkpoints(os_path),
        )
        try:
            locked = await run_sync(lock)
        finally:
            if key is not None:
                key.wipe()
        self._content.forget_seen(locked.path)
        self._runtime.coverage = None
        return locked

    async def open(self, path: str, passphrase: str, actor: Actor) -> None:
        """Open what lies under a passphrase, for the session of ``actor``."""
        os_path = self._manager._get_os_path(path.strip("/"))
        work = partial(self._runtime.state.open_locked, self._content, os_path, passphrase, actor)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._runtime.login_thread, work)

    async def unlock(self, path: str, actor: Actor) -> None:
        """Take the lock off ``path``."""
        os_path = self._manager._get_os_path(path.strip("/"))
        unlock = partial(
            self._notebooks.unlock, os_path, actor, checkpoints=self._checkpoints(os_path)
        )
        await run_sync(unlock)

    async def copied(self, path: str, actor: Actor) -> None:
        """Lock the copy of a file under a passphrase as well."""
        os_path = self._manager._get_os_path(path.strip("/"))
        await run_sync(self._notebooks.lock_copy, os_path, actor)

    def _checkpoints(self, os_path: str) -> list[Path]:
        kept = self._manager.checkpoints
        if not isinstance(kept, SealedCheckpoints):
            return []
        # A file that was opened through a link has its checkpoint beside the link.
        return [kept.place_of(path) for path in dict.fromkeys((os_path, os.path.realpath(os_path)))]
