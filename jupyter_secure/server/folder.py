"""A folder's model: Jupyter's own, made in one look instead of several for each file."""

from __future__ import annotations

import errno
import mimetypes
import os
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import is_file_hidden

from jupyter_secure.app.content.listing import Entry, regular_files
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.threads import run_sync
from jupyter_secure.server.token_folder import is_inside

if TYPE_CHECKING:
    from jupyter_server.services.contents.filemanager import AsyncFileContentsManager

    from jupyter_secure.app.content.content import Content

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


async def entries(
    manager: AsyncFileContentsManager, content: Content, path: str
) -> list[dict[str, Any]]:
    """Return the models, without content, of what ``path`` holds.

    Folders and links go Jupyter's own way: they are few, and a link needs a close look.
    """
    folder = manager._get_os_path(path)

    def wanted(name: str) -> bool:
        hidden = name.startswith(".") and not manager.allow_hidden
        return not hidden and bool(manager.should_list(name))

    look = partial(regular_files, content, folder, current_actor(), wanted)
    with as_http():
        files, others = await run_sync(look)
    models = [_file_model(path, entry) for entry in files]
    for name in others:
        if not is_inside(os.path.join(folder, name), manager.root_dir):
            continue  # a link that leads out of the folder that the access token is for
        try:
            if manager.allow_hidden or not is_file_hidden(os.path.join(folder, name)):
                models.append(await manager.get(f"{path}/{name}", content=False))
        except OSError as error:
            # A link that leads round in a circle, or nothing that may be known of.
            if error.errno not in (errno.ELOOP, errno.EACCES):
                manager.log.warning("%s/%s could not be looked at.", path, name)
    return models


def _file_model(folder: str, entry: Entry) -> dict[str, Any]:
    """Return what ``get(content=False)`` does for a regular file."""
    modified = _time(entry.stat.st_mtime)
    is_notebook = entry.name.endswith(".ipynb")
    return {
        "name": entry.name,
        "path": f"{folder}/{entry.name}".strip("/"),
        "last_modified": modified,
        "created": min(_time(getattr(entry.stat, "st_birthtime", entry.stat.st_ctime)), modified),
        "content": None,
        "format": None,
        "mimetype": None if is_notebook else mimetypes.guess_type(entry.name)[0],
        "size": entry.size,
        "writable": entry.writable,
        "hash": None,
        "hash_algorithm": None,
        "type": "notebook" if is_notebook else "file",
    }


def _time(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return _EPOCH  # as Jupyter has it for a time that is none
