"""Checkpoints that were kept, here or elsewhere, against what the record says now."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from jupyter_secure.audit import chain, checkpoints
from jupyter_secure.audit.checkpoints import Checkpoint


def in_order(paths: Sequence[Path], damaged: Callable[[Path], None]) -> Iterator[Checkpoint]:
    """Give the checkpoints of several files by the events they tell of, in constant memory.

    Each file is in that order, as they were made. ``damaged`` is told of lines that are none.
    """
    return heapq.merge(*(_read(path, damaged) for path in paths), key=lambda one: one.seq)


def compare(one: Checkpoint, record: str, signers: set[str], link: str, key: bytes | None) -> str:
    """Say what is wrong with a checkpoint of an event with this link; nothing if it is right.

    ``key`` is the one for the event after it, if that is known.
    """
    what = f"The checkpoint of event {one.seq}"
    if one.record != record:
        return f"{what} is another record's."
    if not one.is_signed() or (signers and one.public_key not in signers):
        return f"{what} is not signed by this server."
    if one.link != link:
        return f"{what} tells of another event."
    if key is not None and one.proof != chain.proof(key, one.statement()):
        return f"{what} was made later."
    return ""


def _read(path: Path, damaged: Callable[[Path], None]) -> Iterator[Checkpoint]:
    with path.open("rb") as file:
        for one in iter(lambda: file.readline(checkpoints.MAX_CHECKPOINT_BYTES), b""):
            try:
                yield checkpoints.read(one)
            except ValueError:
                damaged(path)
