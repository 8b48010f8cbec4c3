"""Reading the record: its lines, where it stood at one moment, and which of it was removed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.audit import line
from jupyter_secure.errors import NotFound, StateUnusable
from jupyter_secure.store import audit_folder
from jupyter_secure.store.audit_head import RecordHead, read_head

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the record stood at one moment: its segments with their sizes, and its head."""

    folder: Path
    sizes: dict[int, int]
    head: RecordHead | None
    removed: bytes


def standing(folder: Path) -> Standing:
    """Return where the record in ``folder`` stands, between two writes.

    Raises ``NotFound`` where there is no record, and ``StateUnusable`` where it cannot be read.
    """
    try:
        if not folder.is_dir():
            raise NotFound(
                f"There is no record in {folder}.",
                remedy="The first start of the server, or `jupyter secure audit setup-key`, "
                "begins one.",
            )
        descriptor = _shared(folder / audit_folder.LOCK_FILE)
        try:
            sizes = {
                number: audit_folder.segment_path(folder, number).stat().st_size
                for number in audit_folder.segments(folder)
            }
            head = read_head(folder / audit_folder.HEAD_FILE)
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        removed_file = folder / audit_folder.REMOVED_FILE
        removed = removed_file.read_bytes() if removed_file.exists() else b""
    except OSError as error:
        raise unreadable(folder, error) from None
    return Standing(folder, sizes, head, removed)


def lines(folder: Path, number: int, *, end: int, begin: int = 0) -> Iterator[bytes]:
    """Give the lines of a segment between two places in it, in constant memory.

    A longer line than any of ours comes in pieces. Raises ``StateUnusable``.
    """
    left, rest = end - begin, b""
    try:
        with audit_folder.segment_path(folder, number).open("rb", buffering=0) as file:
            file.seek(begin)
            while left > 0 and (block := file.read(min(_BLOCK, left))):
                left -= len(block)
                # Also at a bare "\r", which stands in no line of ours: a piece is no line either.
                pieces = (rest + block if rest else block).splitlines(keepends=True)
                rest = pieces.pop() if not pieces[-1].endswith(b"\n") else b""
                yield from pieces
                while len(rest) >= line.MAX_LINE_BYTES:
                    yield rest[: line.MAX_LINE_BYTES]
                    rest = rest[line.MAX_LINE_BYTES :]
            if rest:
                yield rest
    except OSError as error:
        raise unreadable(folder, error) from None


def backwards(folder: Path, number: int, *, end: int) -> Iterator[tuple[int, bytes]]:
    """Give the whole lines of a segment before a place in it, last first, each with its place.

    Raises ``StateUnusable``.
    """
    rest, at = b"", end
    try:
        with audit_folder.segment_path(folder, number).open("rb") as file:
            while at > 0:
                size = min(_BLOCK, at)
                at -= size
                file.seek(at)
                block = file.read(size) + rest
                first = block.find(b"\n") + 1 if at else 0
                rest, whole = block[:first], block[first:]
                place = at + first + len(whole)
                for one in reversed(whole.splitlines(keepends=True)):
                    place -= len(one)
                    yield place, one
                if len(rest) > _BLOCK:
                    rest = b""  # no line of ours
    except OSError as error:
        raise unreadable(folder, error) from None


def has_key(folder: Path) -> bool:
    """Say whether the present chain was begun with a verification key for the owner.

    Yes, too, where its first events were removed for their age. Raises nothing.
    """
    head = read_head(folder / audit_folder.HEAD_FILE)
    if head is None:
        return False
    try:
        with audit_folder.segment_path(folder, head.key_from).open("rb") as file:
            begin = file.read(2 * line.MAX_LINE_BYTES).split(b"\n", 2)
    except FileNotFoundError:
        return head.segment > head.key_from
    except OSError:
        return False
    return any(b'"event_code":"record:key"' in one for one in begin[:2])


def read_at(folder: Path, number: int, offset: int) -> bytes:
    """Return the line that begins at ``offset``; empty if there is none. Raises ``OSError``."""
    with audit_folder.segment_path(folder, number).open("rb", buffering=4096) as file:
        file.seek(offset)
        return file.readline(line.MAX_LINE_BYTES)


def removed_of(standing: Standing) -> dict[str, object]:
    """Return what ``removed.json`` says; empty for none. Raises ``ValueError`` if it is damaged."""
    if not standing.removed:
        return {}
    said = json.loads(standing.removed)
    if not isinstance(said, dict):
        raise ValueError("not an object")
    return said


def unreadable(folder: Path, error: OSError) -> StateUnusable:
    """Return the error for a record that the system does not let us read."""
    return StateUnusable(
        f"The record in {folder} cannot be read.",
        why=f"{error.strerror}.",
        remedy="Run this as the account that runs the server.",
    )


def _shared(path: Path) -> int:
    """Return the lock held, or -1 where there is none: a copy, or a disk that is read-only."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return -1
    audit_folder.lock(descriptor)
    return descriptor
