"""jupyterlab-git, where it is installed: its comparisons show sealed notebooks to who may see them.

It reads the working file by the contents manager, which opens it, and every other version by
`git show`, which gives it as it is stored. Both methods are given ours around them, so that both
sides go through the same rules: the session's, the vault's and the locks'.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from jupyter_secure.app.git.past import open_past
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.contents import EncryptedContentsManager
from jupyter_secure.server.runtime import runtime_of
from jupyter_secure.server.threads import run_sync
from jupyter_secure.vault.envelope import is_sealed

_EXTENSION = "jupyterlab_git"
# Where its class is: by itself, and in versions before that was taken apart.
_MODULES = ("jupyterlab_git_core.git", "jupyterlab_git.git")

Show = Callable[..., Awaitable[str]]


def join(app: Any) -> None:
    """Put ours around it if its extension is enabled in ``app``; else nothing changes."""
    found = app.extension_manager.extensions.get(_EXTENSION)
    if found is None or not found.enabled:
        return
    for name in _MODULES:
        try:
            kind = import_module(name).Git
        except (ImportError, AttributeError):
            continue
        kind.show = _opening(app, kind.show)
        kind.get_content = _get_content
        return
    app.log.warning("jupyterlab-git shows sealed notebooks as they are stored: it is not as known.")


async def _get_content(
    self: object,  # noqa: ARG001  # a method of theirs
    contents_manager: Any,
    filename: str,
    path: str,
) -> str:
    """Return the working file; "" for one that was deleted.

    Theirs asks for ``./name`` in a repository at the root, which is no path of the contents API,
    and knows a missing file by Jupyter's own words.
    """
    api_path = os.path.relpath(os.path.join(path, filename), contents_manager.root_dir)
    try:
        model = await ensure_async(contents_manager.get(path=api_path, type="file"))
    except HTTPError as error:
        if error.status_code == HTTPStatus.NOT_FOUND:
            return ""
        raise
    return str(model["content"])


def _opening(app: Any, original: Show) -> Show:
    async def show(
        self: object, path: str, ref: str, filename: str | None = None, is_binary: bool = False
    ) -> str:
        # As bytes, whatever it takes the file for: text it would decode, and fail.
        data = base64.b64decode(await original(self, path, ref, filename, is_binary=True))
        if not is_sealed(data):
            return base64.encodebytes(data).decode() if is_binary else data.decode()
        opened = await run_sync(_open, app, Path(os.path.join(path, filename or "")), data)
        try:
            return opened.decode()
        except UnicodeDecodeError:
            return base64.encodebytes(opened).decode()

    return show


def _open(app: Any, path: Path, blob: bytes) -> bytes:
    manager = app.contents_manager
    assert isinstance(manager, EncryptedContentsManager)
    vault = runtime_of(app).state.vault
    return open_past(manager.content, vault, path, blob, current_actor())
