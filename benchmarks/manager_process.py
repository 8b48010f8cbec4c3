"""A process with one contents manager, without a server: ``benchmarks.manager`` gives it orders.

Orders are lines of JSON on standard input, answers lines on standard output: seconds, or "ready".
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from benchmarks.notebooks import MARK


def stock(work: str) -> Any:
    """Return the manager that JupyterLab comes with, its trust database where a server has it."""
    return AsyncLargeFileManager(parent=_app(), root_dir=work)


def secured(work: str, username: str, password: str) -> Any:
    """Return ours, as after a login."""
    from jupyter_secure.server.contents import EncryptedContentsManager
    from jupyter_secure.server.runtime import runtime_of
    from jupyter_secure.store.vault_file import load_keyring

    app = _app()
    manager = EncryptedContentsManager(parent=app, root_dir=work)
    runtime = runtime_of(app)
    keyring = load_keyring(Path(runtime.config.state_dir))
    runtime.state.vault.unseal(keyring.open_with_password(username, password))
    return manager


def _app() -> ServerApp:
    app = ServerApp()
    app.init_event_logger()
    return app


class Orders:
    """Carries them out, each timed by itself."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._models: dict[str, str] = {}
        self._number = 0

    async def load(self, path: str, source: str) -> None:
        """Keep the body of a save of ``path`` ready, as a request would bring it."""
        self._models[path] = Path(source).read_text()  # noqa: ASYNC240  # nothing else runs here

    async def save(self, path: str) -> float:
        """Save other content than before; parsing the request is Jupyter's and not counted."""
        self._number += 1
        text = self._models[path].replace(MARK.decode(), f"#{self._number:08}#")
        model = deepcopy(json.loads(text))
        started = time.perf_counter()
        await self._manager.save(model, path)
        return time.perf_counter() - started

    async def open(self, path: str) -> float:
        """Open it with its content."""
        started = time.perf_counter()
        await self._manager.get(path, content=True)
        return time.perf_counter() - started


async def main() -> None:
    """Answer each order when it is done."""
    kind, *arguments = sys.argv[1:]
    orders = Orders({"stock": stock, "secured": secured}[kind](*arguments))
    print("ready", flush=True)
    for line in sys.stdin:
        name, *rest = json.loads(line)
        answer = await getattr(orders, name)(*rest)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
