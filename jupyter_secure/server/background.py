"""The one migration of a server: it runs in a thread of its own, and is asked how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from logging import Logger
from typing import Any

from jupyter_secure.app.trees.migrate import Action, Migration
from jupyter_secure.app.trees.wanted import Tree
from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.errors import Conflict, SecureError, StorageFailed
from jupyter_secure.identity.clock import Clock

# More are counted and not listed: the page asks twice a second.
_LISTED = 100
# A piece of a file is done in milliseconds, but a disk may hang.
_SECONDS_TO_STOP = 10.0


@dataclass
class Job:
    """One migration, under way or ended; ``path`` is the API path of its folder."""

    action: Action
    path: str
    dry_run: bool
    tree: Tree
    migration: Migration
    finished_at: datetime | None = None
    error: SecureError | None = None


class Background:
    """The migration of one server; safe for several threads."""

    def __init__(self, clock: Clock, log: Logger, changed: Callable[[Job], None]) -> None:
        """``changed`` is told when one has ended: what was counted before is out of date."""
        self._clock = clock
        self._log = log
        self._changed = changed
        self._job: Job | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self, job: Job) -> dict[str, Any]:
        """Begin; ``Conflict`` while another one is under way."""
        with self._lock:
            if self._job is not None and self._job.finished_at is None:
                raise Conflict(
                    "Files are being sealed or opened already.",
                    why="One such job runs at a time.",
                    remedy="Wait until it has ended, or stop it.",
                )
            self._job = job
            # A daemon, so that a server that ends does not wait for the whole tree.
            self._thread = threading.Thread(
                target=self._run, args=(job,), name="jupyter-secure-migration", daemon=True
            )
            self._thread.start()
        return _model(job)

    def model(self) -> dict[str, Any]:
        """Return what the API tells of the last one."""
        job = self._job
        return _model(job) if job is not None else {"running": False}

    def stop(self) -> None:
        """Let it end soon; what is done stays done."""
        if self._job is not None:
            self._job.migration.stop()

    def close(self) -> None:
        """Stop, and wait until no file is in hand any more, but not for ever."""
        self.stop()
        if self._thread is not None:
            self._thread.join(_SECONDS_TO_STOP)

    def _run(self, job: Job) -> None:
        try:
            job.migration.count() if job.dry_run else job.migration.run()
        except SecureError as error:
            job.error = error
        except Exception:  # noqa: BLE001  # a thread has nobody else to tell
            self._log.exception("Sealing or opening a folder ended with an error.")
            job.error = StorageFailed(
                "It ended early, because of an error of the program.",
                why="The server's log has the details.",
                remedy="What is done stays done; try again.",
            )
        finally:
            job.finished_at = self._clock()
            self._changed(job)


def event_of(job: Job) -> Event:
    """Return what is recorded of one that has ended."""
    done = job.migration.done
    complete = not (job.error or done.failures or done.stopped)
    return Event(
        "migration:end",
        Outcome.SUCCESS if complete else Outcome.FAILURE,
        path=job.path,
        reason=job.error.reason if job.error else "stopped" if done.stopped else "",
        details={
            "action": job.action,
            "dry_run": job.dry_run,
            "files": done.files_done,
            "failed": len(done.failures),
        },
    )


def _model(job: Job) -> dict[str, Any]:
    done, below = job.migration.done, f"{job.tree.root}/"
    failures = [
        # Whoever looks at the page knows files by their names below the root.
        {"path": job.tree.key(one.path), "message": str(one.error).replace(below, "")}
        for one in done.failures[:_LISTED]
    ]
    failed = len(done.failures)
    if job.error is not None:
        failures.insert(0, {"path": job.path, "message": str(job.error).replace(below, "")})
        failed += 1
    return {
        "running": job.finished_at is None,
        "action": job.action,
        "path": job.path,
        "dry_run": job.dry_run,
        "files_done": done.files_done,
        "files_total": done.files_total,
        "bytes_done": done.bytes_done,
        "bytes_total": done.bytes_total,
        "skipped": done.skipped,
        "stopped": done.stopped,
        "failed": failed,
        "failures": failures,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }
