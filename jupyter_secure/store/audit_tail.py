"""The end of a segment after a crash: how far the head's key vouches for what stands there."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from jupyter_secure.audit import chain, line
from jupyter_secure.audit.events import decode
from jupyter_secure.store import audit_folder
from jupyter_secure.store.audit_head import RecordHead


def genuine_end(descriptor: int, head: RecordHead) -> tuple[RecordHead, bool, int]:
    """Return the head after the last genuine line, and whether that closes the segment.

    The third is how many whole lines stand after it. Raises ``OSError``.
    """
    closed, others = False, 0
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(head.offset)
        for one in iter(lambda: file.readline(line.MAX_LINE_BYTES), b""):
            if others or closed or not _is_next(one, head):
                others += one.endswith(b"\n")
                # Counted on to the end; nothing after a line that is not genuine is taken in.
                if not others:
                    break
                continue
            head = replace(
                head,
                seq=head.seq + 1,
                link=chain.link(one),
                key=chain.next_key(head.key),
                offset=head.offset + len(one),
            )
            closed = _closes(one)
    return head, closed, others


def _is_next(one: bytes, head: RecordHead) -> bool:
    found = line.head(one)
    return (
        found is not None
        and (found.seq, found.prev) == (head.seq + 1, head.link)
        and line.is_genuine(one, head.key)
    )


def _closes(one: bytes) -> bool:
    try:
        return decode(one).event.action == "record:close"
    except ValueError:
        return False


def after_last_line(folder: Path, number: int, head: RecordHead) -> RecordHead:
    """Return ``head``, numbered on after the last line there is; nothing vouches for that here."""
    last = b""
    with audit_folder.segment_path(folder, number).open("rb") as file:
        for one in iter(lambda: file.readline(line.MAX_LINE_BYTES), b""):
            last = one if line.head(one) else last
    found = line.head(last) if last else None
    if found is None:
        return head
    record_id = head.record_id
    with contextlib.suppress(ValueError), audit_folder.segment_path(folder, number).open("rb") as f:
        said = decode(f.readline(line.MAX_LINE_BYTES)).event.details.get("record", "")
        record_id = bytes.fromhex(str(said)) if len(str(said)) == 32 else record_id
    return replace(head, seq=found.seq, link=chain.link(last), record_id=record_id)
