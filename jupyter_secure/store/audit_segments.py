"""Appending to the record: many events in one write and one ``fdatasync``, then the next key.

In this order, so that a crash at any point costs nothing of what the disk has: the lines, then
``fdatasync``, then the head with the next key. A head that is behind (the crash came in between)
still has the key that vouches for the lines after it; what follows the last one that it vouches for
was never told to be recorded, and is cut off with an event that says so.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from jupyter_secure.audit import chain, line, own_events
from jupyter_secure.crypto import signing
from jupyter_secure.errors import SecureError, StateUnusable
from jupyter_secure.store import audit_folder
from jupyter_secure.store.atomic import sync_folder
from jupyter_secure.store.audit_head import HeadFile, RecordHead, first_head, next_segment
from jupyter_secure.store.audit_tail import after_last_line, genuine_end

#: A segment ends with the first event beyond this many bytes: some 60,000 events.
SEGMENT_BYTES = 32 * 1024 * 1024
# How old the head on the disk may be after a power cut, in seconds.
_HEAD_SYNC_SECONDS = 1.0


def clock_ms() -> int:
    """Return a clock that nobody sets, in ms; it begins anew when the machine does."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 10**6


class RecordFiles:
    """The record in one folder, for writing. For one thread at a time; processes take turns."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Prepare for the record in ``folder``; nothing is opened yet."""
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._head_file: HeadFile | None = None
        self._lock = self._file = -1
        self._file_path, self._file_number = "", 0
        self._synced_at = 0.0
        # What the head file said, and where the record stands since a start that followed.
        self._ahead: tuple[RecordHead, RecordHead] | None = None

    def append(self, said: Sequence[bytes], *, durable: bool = True) -> int:
        """Add events (as ``events.encode`` returns them); return the last one's number.

        All of them are on the disk then, or ``RecordUnwritable`` is raised and none is. Without
        ``durable`` nobody waits for the disk: a kill does not undo them, a power cut may.
        """
        with self._turn():
            head = self._settled()
            if head.offset >= self._segment_bytes:
                head = self._begun(self._closed(head))
            return self._append(head, said, durable=durable).seq

    def append_at_once(self, said: bytes) -> bool:
        """Add one event where that takes no wait and no repair, not for the disk either.

        Return whether it was added; where it was not, ``append`` says why.
        """
        if self._lock < 0 or not audit_folder.try_lock(self._lock):
            return False
        try:
            head = self._undisturbed(self._read_head())
            if head is None or head.offset >= self._segment_bytes:
                return False
            self._append(head, [said], durable=False)
        except OSError:
            return False
        finally:
            audit_folder.unlock(self._lock)
        return True

    def sync(self) -> None:
        """Bring onto the disk what was added without waiting for it.

        After ``RecordUnwritable`` it is not known to be there; the next one to add anything takes
        those lines in again.
        """
        with self._turn():
            head = self._settled()
            os.fdatasync(self._file)
            self._write_head(head)
            self._ahead = None

    def settle(self) -> RecordHead:
        """Return where it stands, repaired if a crash cut it. Raises ``RecordUnwritable``."""
        with self._turn():
            return self._settled()

    def begin_chain(self) -> tuple[RecordHead, bytes]:
        """Close the segment and begin one under a new key; return its head and that key.

        The key is what a verification key is made of, and is nowhere else. Where the head was lost
        this begins anew after what is there. Raises ``RecordUnwritable``.
        """
        with self._turn():
            segment_key = chain.new_segment_key()
            return self._chain_begun(segment_key), segment_key

    def close(self) -> None:
        """Close every file. Using the record again opens them again."""
        if self._head_file is not None:
            with contextlib.suppress(OSError):
                self._head_file.close()
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        self._head_file = None
        self._lock = self._file = -1
        self._ahead = None  # what was not brought onto the disk is taken in by its key

    # ── under the lock ──────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Keep other writers out for the block. What goes wrong in it is ``RecordUnwritable``."""
        try:
            if self._lock < 0:
                self.folder.mkdir(mode=0o700, exist_ok=True)
                flags = os.O_RDWR | os.O_CREAT
                self._lock = os.open(self.folder / audit_folder.LOCK_FILE, flags, 0o600)
            audit_folder.lock(self._lock)
            try:
                yield
            finally:
                audit_folder.unlock(self._lock)
        except (OSError, SecureError) as error:
            self.close()
            raise audit_folder.unwritable(error) from error

    def _settled(self) -> RecordHead:
        """Return the head, with the files as it says."""
        head = self._read_head()
        if head is None:
            if audit_folder.segments(self.folder):
                raise StateUnusable(
                    "The record's head is missing or damaged, so the record cannot go on.",
                    remedy="Find out why; then `jupyter secure audit setup-key` begins anew after "
                    "what is there.",
                )
            head = first_head(chain.new_segment_key(), os.urandom(16), segment=1)
            self._write_head(head, durable=True)
        if head.offset == 0:
            return self._begun(head)
        stands = self._undisturbed(head)
        if stands is not None:
            return stands
        self._ahead = None
        path = audit_folder.segment_path(self.folder, head.segment)
        try:
            there = path.stat()
        except FileNotFoundError:
            return self._after_gap(head, 0)
        self._open(path, head.segment)
        if there.st_size < head.offset:
            return self._after_gap(head, there.st_size)
        if there.st_size > head.offset:
            return self._after_crash(head, there.st_size)
        return head

    def _undisturbed(self, head: RecordHead | None) -> RecordHead | None:
        """Return where it stands if the files are open, and all is as it was left here."""
        if head is None or self._file < 0 or self._file_number != head.segment:
            return None
        try:
            there = os.stat(self._file_path)
        except FileNotFoundError:
            return None
        if not audit_folder.same_file(self._file, there):
            return None
        if self._ahead is not None and self._ahead[0] != head:
            self._ahead = None
        if self._ahead is not None:
            head = self._ahead[1]  # nothing since: its key need not vouch for what is there again
        return head if there.st_size == head.offset else None

    def _read_head(self) -> RecordHead | None:
        if self._head_file is not None and not self._head_file.is_there():
            self._head_file.close()
            self._head_file = None
        if self._head_file is None:
            self._head_file = HeadFile(self.folder / audit_folder.HEAD_FILE)
        return self._head_file.read()

    def _write_head(self, head: RecordHead, *, durable: bool = False) -> None:
        assert self._head_file is not None
        now = time.monotonic()
        durable = durable or now - self._synced_at > _HEAD_SYNC_SECONDS
        self._head_file.write(head, durable=durable)
        if durable:
            self._synced_at = now

    def _open(self, path: Path, number: int) -> None:
        if self._file >= 0:
            descriptor, self._file = self._file, -1
            os.close(descriptor)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file_path, self._file_number = str(path), number

    def _append(
        self, head: RecordHead, said: Sequence[bytes], *, durable: bool = True
    ) -> RecordHead:
        now = time.time_ns() // 10**6, clock_ms()
        data, seq, prev, key = line.make_all(head.seq, head.link, now, said, head.key)
        try:
            audit_folder.write_at(self._file, data, head.offset)
            if durable:
                os.fdatasync(self._file)
        except OSError:
            # Never told to be recorded; if cutting it off fails too, the next writer does it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, head.offset)
            raise
        before = head
        head = replace(head, seq=seq, link=prev, key=key, offset=head.offset + len(data))
        if durable:
            self._write_head(head)
            self._ahead = None
            return head
        # The head, whose key vouches for these lines, stays behind, as after a crash: it must never
        # be on the disk before what it tells of.
        self._ahead = (self._ahead[0] if self._ahead else before, head)
        return head

    def _closed(self, head: RecordHead) -> RecordHead:
        """End the segment with its closing event; return the head of the next."""
        head = next_segment(self._append(head, [own_events.closes(head.segment)]))
        self._write_head(head, durable=True)
        return head

    def _begun(self, head: RecordHead) -> RecordHead:
        """Make the segment that the head is to begin, with its first event."""
        self._open(audit_folder.segment_path(self.folder, head.segment), head.segment)
        size = os.fstat(self._file).st_size
        if size:
            # Its first event was written, and the crash came before the head told of it.
            return self._after_crash(head, size)
        public = signing.public_key(audit_folder.signing_key(self.folder))
        begin = own_events.begins(head.record_id, head.segment, head.key_from, public)
        head = self._append(head, [begin])
        sync_folder(self.folder)
        return head

    def _after_crash(self, head: RecordHead, size: int) -> RecordHead:
        """Take in the lines after the head that its key vouches for, and cut off the rest."""
        before = head.offset
        head, closed, torn_lines = genuine_end(self._file, head)
        if head.offset > before:
            # After a wait for the disk that failed, the system no longer knows that it owes them.
            taken_in = os.pread(self._file, head.offset - before, before)
            audit_folder.write_at(self._file, taken_in, before)
            os.fdatasync(self._file)  # before the head tells of them
        torn = size - head.offset
        if torn:
            os.ftruncate(self._file, head.offset)
            self._write_head(head, durable=True)
        if closed:
            head = next_segment(head)
            self._write_head(head, durable=True)
        if head.offset == 0:
            head = self._begun(head)
        if not torn:
            return head
        return self._append(head, [own_events.repaired(torn, torn_lines)])

    def _after_gap(self, head: RecordHead, found: int) -> RecordHead:
        """Go on in a new segment after one that is shorter than it was left: say so and keep it."""
        following = next_segment(head)
        self._write_head(following, durable=True)
        gap = own_events.shortened(head.segment, head.offset, found)
        return self._append(self._begun(following), [gap])

    def _chain_begun(self, segment_key: bytes) -> RecordHead:
        head = self._read_head()
        lost = head is None and audit_folder.segments(self.folder)
        if head is None:
            present = audit_folder.segments(self.folder)
            number = present[-1] + 1 if present else 1
            head = first_head(segment_key, os.urandom(16), segment=number)
            if present:
                head = after_last_line(self.folder, present[-1], head)
        else:
            head = self._closed(self._settled())
            head = replace(
                head,
                key_from=head.segment,
                key=chain.first_key(segment_key),
                next_segment_key=chain.next_segment_key(segment_key),
            )
        self._write_head(head, durable=True)
        return self._append(self._begun(head), own_events.new_key(head_lost=bool(lost)))
