"""``python -m support.history_writer FOLDER ROUNDS``: writers of versions that are killed.

Forks one after the other, kills each at a random moment while it keeps, thins out and tidies up,
and looks after each whether every version that was acknowledged is there, whole.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from datetime import datetime, timedelta, timezone
from pathlib import Path

from jupyter_secure.history.notebook_key import KEY_BYTES, NotebookKey
from jupyter_secure.history.version import Kind, Version
from jupyter_secure.store import history_packing, history_tidying
from jupyter_secure.store.history import DIRECTORY, GitHistory

FILES = [bytes([number]) * 16 for number in range(3)]
KEYS = {one: NotebookKey(one * (KEY_BYTES // 16)) for one in FILES}
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
# Small, so that all of it happens often.
history_tidying.SMALL_PACKS, history_tidying.PACKS, history_tidying.BRANCHES = 4, 2, 2
history_tidying.SMALL_BYTES = 30_000


def content_of(file_id: bytes, number: int) -> bytes:
    """Return what version ``number`` of a file holds: most of it as the one before."""
    lines = random.Random(file_id)
    text = [b'    "line %d\\n",\n' % lines.randrange(10**9) for _ in range(400)]
    text[number % 400] = b'    "version %d\\n",\n' % number
    return b"".join(text)


def keep(history: GitHistory, file_id: bytes, count: int) -> int:
    """Keep the next ``count`` versions; return the number of the last."""
    last = 0

    def following(newest: Version | None) -> list[tuple[Version, bytes | None]]:
        nonlocal last
        first = newest.number + 1 if newest else 1
        last = first + count - 1
        return [version_of(file_id, number) for number in range(first, last + 1)]

    history.keep(file_id, KEYS[file_id], following)
    return last


def version_of(file_id: bytes, number: int) -> tuple[Version, bytes | None]:
    """Return version ``number`` of a file, and what it holds."""
    content = content_of(file_id, number)
    digest = KEYS[file_id].digest(content)
    at = NOW + timedelta(minutes=number)
    kind = Kind.MANUAL if number % 5 == 0 else Kind.AUTOMATIC
    return Version(file_id, number, "a", "alice", at, kind, len(content), digest), content


def live(folder: Path, report: int, seed: int) -> None:
    """Write until killed; report each version that was kept, once it is."""
    history, drawn = GitHistory(folder), random.Random(seed)
    while True:
        file_id = drawn.choice(FILES)
        what = drawn.random()
        if what < 0.7:
            last = keep(history, file_id, drawn.choice((1, 1, 3)))
            os.write(report, bytes([file_id[0], *last.to_bytes(4, "big")]))
        elif what < 0.8:
            found = list(history.versions(file_id))
            history.retain(file_id, [one.number for one in found if one.kind is Kind.MANUAL])
        else:
            history_packing.tidy(folder / DIRECTORY, everything=drawn.random() < 0.3)


def look(folder: Path, acknowledged: dict[bytes, int]) -> None:
    """Fail unless all that must be there is, whole."""
    history = GitHistory(folder)
    for file_id in FILES:
        versions = list(history.versions(file_id, KEYS[file_id]))
        newest = versions[0].number if versions else 0
        assert newest >= acknowledged.get(file_id, 0), "an acknowledged version is gone"
        numbers = {one.number for one in versions}
        assert numbers >= set(range(5, newest, 5)), "a version kept by hand is gone"
        for number, error in history.check(KEYS[file_id], file_id):
            assert error is None, f"version {number}: {error}"


def main(folder: Path, rounds: int) -> None:
    """Let ``rounds`` writers live and die, and print how many versions there were."""
    acknowledged: dict[bytes, int] = {}
    drawn = random.Random(7)
    for seed in range(rounds):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                live(folder, write, seed)
            except BaseException:  # noqa: BLE001  # told of; the parent fails
                traceback.print_exc()
            finally:
                os._exit(99)  # it ended by itself
        os.close(write)
        time.sleep(drawn.uniform(0.002, 0.12))
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "a writer failed"
        reported = b""
        while piece := os.read(read, 65536):
            reported += piece
        os.close(read)
        for at in range(0, len(reported), 5):
            file_id = FILES[reported[at]]
            number = int.from_bytes(reported[at + 1 : at + 5], "big")
            acknowledged[file_id] = max(number, acknowledged.get(file_id, 0))
        looker = os.fork()
        if looker == 0:
            look(folder, acknowledged)
            os._exit(0)
        status = os.waitpid(looker, 0)[1]
        assert status == 0, "what was left is not whole"
    GitHistory(folder).tidy(everything=True)
    look(folder, acknowledged)
    print(sum(acknowledged.values()))  # noqa: T201  # for who started it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
