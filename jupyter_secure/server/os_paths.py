"""Where a path of the contents API lies on the disk."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from jupyter_secure.server.models import check_api_path
from jupyter_secure.server.token_folder import hold

_MOST_KEPT = 256


class StrictPaths(AsyncLargeFileManager):
    """Jupyter's manager, which refuses what is no name before anything looks for it."""

    def __init__(self, **kwargs: Any) -> None:
        # What a path leads to is found from its text alone, and is asked for six times at an
        # opening: a few are kept.
        self._os_paths: dict[tuple[str, str], str] = {}
        super().__init__(**kwargs)

    def _get_os_path(self, path: str) -> str:
        asked = (self.root_dir, path)
        os_path = self._os_paths.get(asked)
        if os_path is None:
            check_api_path(path)
            os_path = str(super()._get_os_path(path))
            if len(self._os_paths) >= _MOST_KEPT:
                self._os_paths.clear()
            self._os_paths[asked] = os_path
        hold(os_path, self.root_dir)
        return os_path
