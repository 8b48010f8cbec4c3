"""An index of the record, so that a page of a long one is found at once.

A SQLite file beside the record, made from it and never trusted: what is shown is read from the
record itself, verification does not look here, and it can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from jupyter_secure.audit.events import Recorded, decode, outcome_of
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.errors import NotFound, StateUnusable
from jupyter_secure.store import audit_folder, audit_reading

_VERSION = 1
_TABLES = """
CREATE TABLE event (seq INTEGER PRIMARY KEY, segment INTEGER, offset INTEGER, time INTEGER,
  who TEXT, action TEXT, path TEXT, target TEXT, outcome TEXT);
CREATE TABLE place (segment INTEGER, offset INTEGER);
"""
_INDEXES = {"by_path": "path", "by_target": "target", "by_who": "who"}
_BATCH = 20_000
# From so many new bytes on, the tables are filled first and indexed then.
_MUCH_BYTES = 16 * 1024 * 1024
_WAIT_SECONDS = 0.05
_NONE: dict[str, Any] = {}


class RecordIndex:
    """The index of the record in one folder; safe for several threads."""

    def __init__(self, folder: Path) -> None:
        """Prepare for the record in ``folder``; nothing is opened yet."""
        self._folder = folder
        self._path = folder / audit_folder.INDEX_FILE
        self._lock = threading.Lock()

    def page(self, wanted: Wanted, limit: int) -> list[Recorded] | None:
        """Return the newest ``limit`` events that are wanted, the newest first.

        ``None`` while it is being made, which takes a while after many events: nobody waits for
        that. Raises ``StateUnusable`` or ``NotFound``.
        """
        audit_reading.standing(self._folder)  # says so where there is none
        if not self._lock.acquire(timeout=_WAIT_SECONDS):
            return None
        try:
            for attempt in (1, 2):
                try:
                    with self._opened() as connection:
                        self._catch_up(connection)
                        found = self._find(connection, wanted, limit)
                    return [one for one in map(self._read, found) if wanted.holds(one)]
                except (sqlite3.Error, ValueError):
                    # Damaged, or of another record: made anew, as nothing hangs on it.
                    self._remove()
                    if attempt == 2:
                        raise StateUnusable(
                            f"The index {self._path} cannot be used.",
                            remedy="Check the disk and the permissions of its folder.",
                        ) from None
        finally:
            self._lock.release()
        raise AssertionError

    def catch_up(self) -> None:
        """Take in what was recorded since. Raises nothing: the next page does it else."""
        quietly = contextlib.suppress(sqlite3.Error, NotFound, StateUnusable, ValueError)
        with self._lock, quietly, self._opened() as connection:
            self._catch_up(connection)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            with contextlib.suppress(OSError):
                os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(self._path, timeout=10)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")  # what is lost is made anew
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                with connection:
                    for name in ("event", "place"):
                        connection.execute(f"DROP TABLE IF EXISTS {name}")
                    for statement in _TABLES.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version={_VERSION}")
            yield connection

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        standing = audit_reading.standing(self._folder)
        row = connection.execute("SELECT segment, offset FROM place").fetchone()
        segment, offset = row or (0, 0)
        if segment and standing.sizes.get(segment, 0) < offset:
            raise ValueError("the record is not the one that was indexed")
        new = sum(size for number, size in standing.sizes.items() if number >= segment) - offset
        if new > _MUCH_BYTES:
            for name in _INDEXES:
                connection.execute(f"DROP INDEX IF EXISTS {name}")
        for number in sorted(one for one in standing.sizes if one >= segment):
            at = offset if number == segment else 0
            rows: list[tuple[object, ...]] = []
            for one in audit_reading.lines(
                self._folder, number, begin=at, end=standing.sizes[number]
            ):
                with contextlib.suppress(ValueError):
                    rows.append(_row(one, number, at))
                at += len(one)
                if len(rows) >= _BATCH:
                    _add(connection, rows, number, at)
                    rows = []
            _add(connection, rows, number, at)
        for name, column in _INDEXES.items():
            connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON event ({column}, seq)")

    @staticmethod
    def _find(connection: sqlite3.Connection, wanted: Wanted, limit: int) -> list[tuple[int, int]]:
        conditions, values = ["seq < ?"], [wanted.before or 2**62]
        given: list[tuple[str, object]] = [
            ("who = ?", wanted.who),
            ("action GLOB ?", wanted.what),
            ("outcome = ?", wanted.outcome),
            ("time >= ?", wanted.since),
            ("time <= ?", wanted.until),
        ]
        for condition, value in given:
            if value:
                conditions.append(condition)
                values.append(value)  # type: ignore[arg-type]  # what SQLite takes
        where = " AND ".join(conditions)
        select = "SELECT seq, segment, offset FROM event WHERE"
        if wanted.path.endswith("/"):
            # Read from the newest on: sorting all of a folder would take longer than looking.
            end = wanted.path[:-1] + chr(ord("/") + 1)
            where += " AND ((+path >= ? AND +path < ?) OR (+target >= ? AND +target < ?))"
            values += [wanted.path, end] * 2  # type: ignore[list-item]  # as above
            query = f"{select} {where} ORDER BY seq DESC LIMIT ?"
            rows = connection.execute(query, [*values, limit])
        elif wanted.path:
            parts = [
                f"SELECT * FROM ({select} {column} = ? AND {where} ORDER BY seq DESC LIMIT ?)"  # noqa: S608  # our own words; values are bound
                for column in ("path", "target")
            ]
            query = f"{' UNION '.join(parts)} ORDER BY seq DESC LIMIT ?"
            each = [wanted.path, *values, limit]
            rows = connection.execute(query, [*each, *each, limit])
        else:
            rows = connection.execute(
                f"{select} {where} ORDER BY seq DESC LIMIT ?", [*values, limit]
            )
        return [(segment, offset) for _, segment, offset in rows]

    def _read(self, place: tuple[int, int]) -> Recorded:
        try:
            return decode(audit_reading.read_at(self._folder, *place))
        except OSError:
            raise ValueError("a segment is gone") from None

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{self._path}{suffix}").unlink()


def _row(one: bytes, segment: int, offset: int) -> tuple[object, ...]:
    """Return what is kept of a line. Raises ``ValueError`` for what is none of ours."""
    said = json.loads(one)
    try:
        texts = (
            said.get("actor", _NONE).get("user", _NONE).get("name", ""),
            said["metadata"]["event_code"],
            said.get("file", _NONE).get("path", ""),
            said.get("file_result", _NONE).get("path", ""),
        )
        # SQLite holds UTF-8; names that are none are found by what stands for them.
        who, action, path, target = (text if text.isascii() else _storable(text) for text in texts)
        result = outcome_of(said).value
        return (said["seq"], segment, offset, said["time"], who, action, path, target, result)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("not a line of the record") from error


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _add(
    connection: sqlite3.Connection, rows: list[tuple[object, ...]], segment: int, offset: int
) -> None:
    with connection:
        connection.executemany(
            "INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
        connection.execute("DELETE FROM place")
        connection.execute("INSERT INTO place VALUES (?, ?)", (segment, offset))
