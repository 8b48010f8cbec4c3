"""Making the next pieces of a stream while the last ones are being written."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

# Handing over takes its time, so several pieces go together; and only so many wait.
_TOGETHER = 4
_WAITING = 4


def ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield ``pieces``, which another thread makes ahead of time, and raise what that raises.

    Reading, sealing and writing a large file all leave Python's own lock, so two threads share the
    work. The memory stays the same for any size: a few pieces wait at most. Whoever stops early
    closes this generator, which waits for the piece at hand; so ``pieces`` must come from what
    answers, a file and not a pipe.
    """
    made: deque[list[bytes] | BaseException | None] = deque()
    room, ready = threading.Semaphore(_WAITING), threading.Semaphore(0)
    stopped = False

    def hand_over(what: list[bytes] | BaseException | None) -> None:
        room.acquire()
        made.append(what)
        ready.release()

    def make() -> None:
        end = None
        together: list[bytes] = []
        try:
            for piece in pieces:
                together.append(piece)
                if len(together) == _TOGETHER:
                    hand_over(together)
                    together = []
                if stopped:
                    return
        except BaseException as error:  # noqa: BLE001  # raised where the pieces are awaited
            end = error
        # What was made before an error is handed over before it, as without a thread.
        hand_over(together)
        hand_over(end)

    thread = threading.Thread(target=make, name="jupyter-secure-ahead")
    thread.start()
    try:
        while True:
            ready.acquire()
            what = made.popleft()
            room.release()
            if isinstance(what, BaseException):
                raise what
            if what is None:
                return
            yield from what
    finally:
        stopped = True
        # Enough for a last group, what follows it, and the end: the thread never waits again.
        room.release(3)
        thread.join()
