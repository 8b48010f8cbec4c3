"""Removing old segments so that what stays can still be checked from its first event on."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from jupyter_secure.audit import chain, line
from jupyter_secure.audit.events import Event
from jupyter_secure.audit.recorder import Recorder
from jupyter_secure.audit.removed import Removed
from jupyter_secure.crypto import signing
from jupyter_secure.store import audit_folder, audit_reading
from jupyter_secure.store.atomic import write_atomically

_DAY_MS = 24 * 3600 * 1000


def remove_old(folder: Path, recorder: Recorder, days: int, now_ms: int | None = None) -> int:
    """Remove the segments whose last event is older than ``days``; return how many.

    0 keeps all. The newest segment always stays. First the event, then the signed statement, then
    the files: a crash in between leaves too much and never too little. Raises ``RecordUnwritable``,
    ``StateUnusable`` or ``StorageFailed``.
    """
    if days <= 0:
        return 0
    limit = (time.time_ns() // 10**6 if now_ms is None else now_ms) - days * _DAY_MS
    standing = audit_reading.standing(folder)
    old: list[tuple[int, line.Head, str]] = []
    for number in sorted(standing.sizes)[:-1]:
        last = next(
            (one for _, one in audit_reading.backwards(folder, number, end=standing.sizes[number])),
            b"",
        )
        head = line.head(last)
        if head is None or head.time >= limit:
            break  # damaged, or new enough: what comes after stays too
        old.append((number, head, chain.link(last)))
    if not old or standing.head is None:
        return 0
    number, head, link = old[-1]
    recorder.record(
        Event("record:remove", details={"segments_to": number, "events_to": head.seq, "days": days})
    )
    private = audit_folder.signing_key(folder)
    statement = Removed(
        record=standing.head.record_id.hex(),
        segment=number,
        seq=head.seq,
        link=link,
        time=time.time_ns() // 10**6,
        public_key=signing.public_key(private).hex(),
    ).signed(private)
    write_atomically(folder / audit_folder.REMOVED_FILE, statement.to_json(), mode=0o600)
    for gone, _, _ in old:
        with contextlib.suppress(FileNotFoundError):
            audit_folder.segment_path(folder, gone).unlink()
    return len(old)
