"""Every file below a folder that is to be sealed is sealed, or every sealed one opened for good.

Each file is replaced by itself (see ``in_place``), so it can be stopped at any moment, by a kill
too, and run again: what is done is passed over, and what a killed run was just writing is removed.
The memory it takes depends on the number of failures only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from jupyter_secure.app.content.in_place import NO_HOOKS, Hooks
from jupyter_secure.app.content.tree import unreadable
from jupyter_secure.app.trees.wanted import Candidate, Wanted
from jupyter_secure.errors import NotFound, SecureError, VaultSealed
from jupyter_secure.store.atomic import remove_debris

Action = Literal["seal", "open"]

#: Most of the time goes by waiting for the disk, so that several at a time help on two cores too.
JOBS = 4


@dataclass(frozen=True)
class Failure:
    """A file that stays as it is, or a folder that could not be looked into, and why."""

    path: Path
    error: SecureError


@dataclass
class Migrated:
    """What came of it so far.

    Files and bytes (of the files as they were) are counted first and then done. ``skipped`` are
    those that need nothing: sealed already or, when opening, of another vault. ``counted`` is
    whether the totals are final. ``stopped`` is set when it ended early.
    """

    files_total: int = 0
    bytes_total: int = 0
    files_done: int = 0
    bytes_done: int = 0
    skipped: int = 0
    counted: bool = False
    stopped: bool = False
    failures: list[Failure] = field(default_factory=list)


class _Stopped(Exception):
    """Whoever started it does not want to go on."""


class Migration:
    """One run. ``done`` can be looked at from any thread while ``run`` is under way."""

    def __init__(
        self,
        wanted: Wanted,
        *,
        hooks: Hooks = NO_HOOKS,
        jobs: int = JOBS,
        progress: Callable[[Migrated], None] = lambda _: None,
    ) -> None:
        """Prepare to turn what is ``wanted``; ``jobs`` is how many files are in hand at a time."""
        self.done = Migrated()
        self._wanted = wanted
        self._hooks = hooks
        self._jobs = jobs
        self._progress = progress
        self._stop = threading.Event()
        self._counting = threading.Lock()
        self._taking = threading.Lock()
        self._broken: list[BaseException] = []

    def stop(self) -> None:
        """Let it end soon: files in hand stay as they were, what is done stays done."""
        self._stop.set()

    def count(self, found: Callable[[Candidate], None] = lambda _: None) -> Migrated:
        """Look what is to be done, and change nothing; ``found`` is told of each file.

        What will be refused for what can be seen beforehand is among the failures. Raises
        ``NotFound`` when the folder is not there.
        """
        for candidate in self._candidates(self._fail):
            try:
                self._wanted.check(candidate)
            except SecureError as error:
                self._fail(candidate.path, error)
            found(candidate)
        return self.done

    def run(self) -> Migrated:
        """Count and then do it; ``NotFound`` when the folder is not there.

        What fails stays as it is and is among the failures; the others are done all the same. Only
        when the vault is sealed meanwhile does it end at that.
        """
        for _ in self._candidates(lambda _, __: None):
            pass
        self.done.counted = True
        self.done.skipped = 0
        self._tell()
        try:
            for number in range(self._wanted.rounds):
                self._round(self._wanted.files(number, self._fail, self._skip, tidy=remove_debris))
        finally:
            self._hooks.ended()
        return self.done

    def _round(self, candidates: Iterator[Candidate]) -> None:
        workers = [
            # Daemons: a program that ends does not wait for the whole tree; and a file that is
            # being replaced at that moment is whole, as it is after a kill.
            threading.Thread(target=self._work, args=(candidates,), daemon=True)
            for _ in range(self._jobs)
        ]
        for worker in workers:
            worker.start()
        try:
            for worker in workers:
                worker.join()
        except BaseException:
            # Ctrl-C comes to this thread, which only waits: never into the middle of a file, or
            # while the turn to write is held, for which the others would wait for ever.
            self._stop.set()
            for worker in workers:
                worker.join()
            raise
        for error in self._broken:
            raise error

    def _candidates(self, failed: Callable[[Path, SecureError], None]) -> Iterator[Candidate]:
        for number in range(self._wanted.rounds):
            for candidate in self._wanted.files(number, failed, self._skip):
                if self._stop.is_set():
                    self.done.stopped = True
                    return
                self.done.files_total += 1
                self.done.bytes_total += candidate.facts.st_size
                self._tell()
                yield candidate

    def _work(self, candidates: Iterator[Candidate]) -> None:
        try:
            while not self._stop.is_set():
                with self._taking:
                    candidate = next(candidates, None)
                if candidate is None:
                    return
                self._one(candidate)
            self.done.stopped = True
        except BaseException as error:  # noqa: BLE001  # raised again by `run`, in its own thread
            self._broken.append(error)
            self._stop.set()

    def _one(self, candidate: Candidate) -> None:
        path, counted = candidate.path, 0

        def read(size: int) -> None:
            nonlocal counted
            if self._stop.is_set():
                raise _Stopped
            counted += size
            with self._counting:
                self.done.bytes_done += size
            self._tell()

        try:
            changed = self._wanted.turn(candidate, replace(self._hooks, read=read))
        except (SecureError, OSError, _Stopped) as error:
            with self._counting:
                self.done.bytes_done -= counted
            if isinstance(error, NotFound):
                self._skip(path)  # removed meanwhile
            elif not isinstance(error, _Stopped):
                self._fail(path, unreadable(path, error) if isinstance(error, OSError) else error)
            if isinstance(error, VaultSealed):
                self._stop.set()
        else:
            with self._counting:
                # The whole file, where its header was not among what was read as content.
                self.done.bytes_done += candidate.facts.st_size - counted if changed else -counted
                self.done.files_done += changed
                self.done.skipped += not changed
                self.done.files_total = max(self.done.files_total, self.done.files_done)
        self._tell()

    def _tell(self) -> None:
        with self._counting:
            self._progress(self.done)

    def _skip(self, _: Path) -> None:
        with self._counting:
            self.done.skipped += 1

    def _fail(self, path: Path, error: SecureError) -> None:
        with self._counting:
            self.done.failures.append(Failure(path, error))
