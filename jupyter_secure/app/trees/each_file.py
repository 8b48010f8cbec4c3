"""Change each file below some folders, several at a time, in a fixed order of results.

Nearly all of such a change is waiting for the disk, and a disk that is asked by several at once
writes what they want together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from jupyter_secure.app.content.tree import Failed, regular_files
from jupyter_secure.store.atomic import remove_debris, sync_folder

_WORKERS = 4
# Handed to the workers and not done yet: enough that none waits, few enough to be forgotten.
_AHEAD = 4 * _WORKERS

_Outcome = TypeVar("_Outcome")


def change_each(
    folders: Sequence[Path], change: Callable[[Path], _Outcome], failed: Failed
) -> Iterator[tuple[Path, _Outcome]]:
    """Yield each regular file below ``folders`` with what ``change``, called in a thread, returned.

    What an earlier run that was killed was just writing is cleared away first, folder by folder.
    ``change`` may leave it to this to bring the folder itself onto the disk: that is done before a
    file of the next folder is yielded, and at the end. Raises what ``change`` raises, and
    ``NotFound`` for a folder that does not exist; then no further file is begun.
    """
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="jupyter-secure-files")
    running: deque[tuple[Path, Future[_Outcome]]] = deque()
    folder: Path | None = None

    def next_done() -> tuple[Path, _Outcome]:
        nonlocal folder
        path, future = running.popleft()
        outcome = future.result()
        if folder != path.parent:
            if folder is not None:
                sync_folder(folder)
            folder = path.parent
        return path, outcome

    try:
        for path in _cleared(folders, failed):
            running.append((path, pool.submit(change, path)))
            if len(running) >= _AHEAD:
                yield next_done()
        while running:
            yield next_done()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        # Also of those that were done after the one that failed.
        for one in {folder, *(path.parent for path, _ in running)}:
            if one is not None:
                sync_folder(one)


def _cleared(folders: Sequence[Path], failed: Failed) -> Iterator[Path]:
    cleared: Path | None = None
    for start in folders:
        for path in regular_files(start, failed):
            if path.parent != cleared:
                remove_debris(path.parent)
                cleared = path.parent
            yield path
