"""Checking a record from its first event to its last, for whatever was changed in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from jupyter_secure.app.audit import kept_checkpoints
from jupyter_secure.audit import chain, line, removed
from jupyter_secure.audit.events import decode
from jupyter_secure.audit.findings import Finding, Verified
from jupyter_secure.audit.verification_key import VerificationKey
from jupyter_secure.audit.verifying_segment import SegmentCheck
from jupyter_secure.store import audit_folder, audit_reading
from jupyter_secure.store.audit_reading import Standing

_NEVER = -1


def verify(
    folder: Path,
    keys: Sequence[VerificationKey] = (),
    kept: Sequence[Path] = (),
    *,
    now_ms: int | None = None,
) -> Verified:
    """Check the record in ``folder`` in constant memory; see ``docs/reference/audit.md``.

    ``kept`` are files of checkpoints, each in the order in which they were made. Raises
    ``NotFound`` and ``StateUnusable`` only for what cannot be read: the rest are findings.
    """
    now = time.time_ns() // 10**6 if now_ms is None else now_ms
    return _Check(audit_reading.standing(folder), keys, kept, now).run()


class _Check:
    def __init__(
        self, standing: Standing, keys: Sequence[VerificationKey], kept: Sequence[Path], now: int
    ) -> None:
        self._standing = standing
        self._keys = sorted(keys, key=lambda key: key.segment)
        self._now = now
        self._result = Verified()
        head = standing.head
        self._record = self._keys[0].record_id.hex() if self._keys else ""
        if not self._record and head is not None:
            self._record = head.record_id.hex()
        local = standing.folder / audit_folder.CHECKPOINTS_FILE
        paths = [*([local] if local.exists() else []), *kept]
        self._checkpoints = kept_checkpoints.in_order(paths, self._damaged)
        self._checkpoint = next(self._checkpoints, None)
        self._signers = {key.public_key.hex() for key in self._keys}
        self._segment_key: tuple[int, int, bytes] | None = None
        self._head_told = False

    def run(self) -> Verified:
        result, sizes, head = self._result, self._standing.sizes, self._standing.head
        if head is None:
            self._broken("head", 0, 0, "The head of the record is missing or damaged.")
        elif self._record != head.record_id.hex():
            self._broken(
                "another-record", 0, 0, "The head belongs to the record of another server."
            )
        first, seq, link = self._after_removed()
        last = max([*sizes, head.segment if head else 0])
        if not sizes and head is None:
            self._broken("removed", 1, 1, "There is no event at all.")
        for number in range(first, last + 1):
            if number in sizes:
                seq, link = self._segment(number, seq, link, is_last=number == last)
            elif number == last and head and head.offset == 0:
                break  # the next segment, before its first event
            else:
                self._broken("removed", number, seq + 1, f"Segment {number} is missing.")
                seq, link = -1, ""
        result.last_seq, result.last_link = max(seq, 0), link
        self._end(last)
        return result

    def _after_removed(self) -> tuple[int, int, str]:
        try:
            said = audit_reading.removed_of(self._standing)
            stub = removed.read(said) if said else None
        except ValueError:
            self._broken("removed", 0, 0, "The statement of removed segments is damaged.")
            return min(self._standing.sizes, default=1), -1, ""
        if stub is None:
            return 1, 0, chain.NO_LINK
        if not stub.is_signed() or (self._signers and stub.public_key not in self._signers):
            self._broken("removed", 0, 0, "The statement of removed segments is not signed by us.")
        present = min(self._standing.sizes, default=stub.segment + 1)
        if present <= stub.segment:
            # The statement comes first, then the removal: a crash in between leaves the file.
            return present, -1, ""
        self._result.add(
            Finding(
                "removed-for-age",
                stub.segment,
                stub.seq,
                f"Events 1 to {stub.seq} were removed for their age, by a signed statement.",
                broken=False,
            )
        )
        return stub.segment + 1, stub.seq, stub.link

    def _segment(self, number: int, seq: int, link: str, *, is_last: bool) -> tuple[int, str]:
        """Check one segment; return the number and link after it, -1 where that is lost."""
        folder, size = self._standing.folder, self._standing.sizes[number]
        head = self._standing.head
        if size == 0:
            if is_last and head and head.segment == number and head.offset == 0:
                return seq, link
            self._broken("emptied", number, seq + 1, f"Segment {number} was emptied.")
            return -1, ""
        first = next(audit_reading.lines(folder, number, end=size))
        begun = self._begin(number, first)
        found = line.head(first)
        if seq < 0 and found is not None:
            seq, link = found.seq - 1, found.prev  # what came before was told of already
        if not self._result.first_seq:
            self._result.first_seq = seq + 1
        self._skip_checkpoints(seq)
        key = self._key(number, begun)
        head = self._standing.head
        if head is not None and head.seq == seq and not self._head_told:
            self._told(seq, link, key)
        check = SegmentCheck(
            number,
            seq,
            link,
            key,
            self._result,
            self._now,
            self._next_told(seq),
            self._told,
        )
        before = len(self._result.findings)
        wrong = check.run(audit_reading.lines(folder, number, end=size))
        self._result.segments += 1
        if wrong is None:
            if not is_last and not _is(check.last_line, "record:close"):
                self._broken(
                    "shortened",
                    number,
                    check.seq + 1,
                    f"Segment {number} has no closing event: what came after event {check.seq} "
                    "was cut off",
                )
            return check.seq, check.prev
        if is_last and not wrong.endswith(b"\n") and head and check.seq >= head.seq:
            # A write that a crash cut off, and that nobody was told of.
            torn = self._result.findings[before]
            self._result.findings[before] = Finding(
                "torn", number, torn.seq, "The last line is torn: a crash, not yet repaired.", False
            )
            return check.seq, check.prev
        return -1, ""

    def _begin(self, number: int, first: bytes) -> int:
        """Return the segment at which its chain of keys began, as its first event says."""
        try:
            said = decode(first).event
        except ValueError:
            return 0
        details = said.details
        if said.action != "record:begin":
            return 0
        if self._record and details.get("record") != self._record:
            self._broken(
                "another-record", number, 0, f"Segment {number} belongs to another server's record."
            )
        elif details.get("segment") != number:
            self._broken("swapped", number, 0, f"Segment {number} is another segment.")
        if not self._keys:
            self._signers.add(str(details.get("public_key")))
        key_from = details.get("key_from")
        return key_from if isinstance(key_from, int) else 0

    def _key(self, number: int, begun: int) -> bytes | None:
        """Return the key for the first event of a segment, if there is one for it."""
        key = self._usable(number)
        if key is None:
            return None
        if begun > key.segment:
            self._broken(
                "another-key",
                number,
                0,
                f"Segment {number} is under a later verification key, which was not given.",
            )
            return None
        return self._first_key(number)

    def _usable(self, number: int) -> VerificationKey | None:
        return next((key for key in reversed(self._keys) if key.segment <= number), None)

    def _first_key(self, number: int) -> bytes | None:
        key = self._usable(number)
        if key is None:
            return None
        known = self._segment_key
        if known is None or known[0] != key.segment or known[1] > number:
            known = (key.segment, key.segment, key.segment_key)
        origin, at, segment_key = known
        for _ in range(number - at):
            segment_key = chain.next_segment_key(segment_key)
        self._segment_key = (origin, number, segment_key)
        return chain.first_key(segment_key)

    # ── what was said elsewhere of events on the way: the head and the checkpoints ──────────────

    def _next_told(self, seq: int) -> int:
        wanted = [self._checkpoint.seq] if self._checkpoint else []
        if self._standing.head is not None:
            wanted.append(self._standing.head.seq)
        return min((number for number in wanted if number > seq), default=_NEVER)

    def _skip_checkpoints(self, seq: int) -> None:
        """Leave out those of removed or broken parts, whose events are not there to compare."""
        while self._checkpoint is not None and self._checkpoint.seq <= seq:
            self._checkpoint = next(self._checkpoints, None)

    def _told(self, seq: int, link: str, key: bytes | None) -> int:
        head = self._standing.head
        if head is not None and head.seq == seq:
            self._head_told = True
            if head.offset == 0:  # it stands before the first event of its segment
                key = self._first_key(head.segment) if key is not None else None
            # Whoever cuts off the end has no key to put here: it is gone since that event.
            if head.link != link or (key is not None and head.key != key):
                self._broken("head", head.segment, seq, "The head of the record was replaced.")
        signers = self._signers
        while self._checkpoint is not None and self._checkpoint.seq == seq:
            self._result.checkpoints += 1
            wrong = kept_checkpoints.compare(self._checkpoint, self._record, signers, link, key)
            if wrong:
                self._broken("checkpoint", self._checkpoint.segment, seq, wrong)
            self._checkpoint = next(self._checkpoints, None)
        return self._next_told(seq)

    def _end(self, last: int) -> None:
        result, head = self._result, self._standing.head
        if head is not None and result.last_seq < head.seq and result.first_broken is None:
            self._broken(
                "shortened",
                last,
                result.last_seq + 1,
                f"The record ends with event {result.last_seq}, and event {head.seq} was written.",
            )
        if head is not None and not self._head_told and result.first_broken is None:
            said = f"The head of the record stands at event {head.seq}, which is not in it."
            self._broken("head", head.segment, head.seq, said)
        beyond = self._checkpoint
        while self._checkpoint is not None:
            beyond, self._checkpoint = self._checkpoint, next(self._checkpoints, None)
        if beyond is not None and beyond.record == self._record and beyond.seq > result.last_seq:
            self._broken(
                "shortened",
                last,
                result.last_seq + 1,
                f"A checkpoint tells of event {beyond.seq}, and the record ends with event "
                f"{result.last_seq}.",
            )
        if self._keys and result.with_key < result.events:
            under = result.events - result.with_key
            said = f"{under} events before the first verification key: links were checked, no more."
            result.add(Finding("without-key", 0, 0, said, broken=False))

    def _damaged(self, path: Path) -> None:
        self._broken("checkpoint", 0, 0, f"A checkpoint in {path.name} is damaged.")

    def _broken(self, kind: str, segment: int, seq: int, said: str) -> None:
        self._result.add(Finding(kind, segment, seq, said))


def _is(one: bytes, action: str) -> bool:
    try:
        return bool(one) and decode(one).event.action == action
    except ValueError:
        return False
