"""The catalogue: which sealed file was left at which path, in which version.

What opens is authentic, but it need not be what was last saved there: whoever may write the folder
can swap two files or put an older version back. The catalogue lies elsewhere and tells. What it
cannot tell is that it was put back itself, rows and head together, while no server ran.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum

from jupyter_secure.vault.catalogue_rows import (
    CatalogueKeys,
    CatalogueStore,
    Entry,
    Head,
    Row,
    Rows,
    Sealing,
)


class Finding(str, Enum):
    """Why a file is not taken for what was left there."""

    ROLLED_BACK = "rolled-back"
    SWAPPED = "swapped"
    UNSEALED = "unsealed"
    UNCHECKED = "unchecked"


class Catalogue:
    """Keeps and checks the entries. ``derive`` gives the key for a purpose, or ``VaultSealed``.

    Safe for several threads and, by the store's transactions, for several processes.
    """

    def __init__(self, store: CatalogueStore, derive: Callable[[bytes], bytes]) -> None:
        self._store = store
        self._derive = derive
        self._whole: bool | None = None
        # The newest revision that was seen: within one run the head cannot be put back either.
        self._revision = 0
        self._lock = threading.Lock()

    # ── asking ──────────────────────────────────────────────────────────────────────────────────

    def entry(self, path: bytes) -> Entry | Finding | None:
        """Return what was left at ``path``; ``UNCHECKED`` where that cannot be believed."""
        if not self.is_whole():
            return Finding.UNCHECKED
        row = self._store.get(path)
        if row is None:
            return None
        return row.entry if CatalogueKeys(self._derive).authentic(row) else Finding.UNCHECKED

    def elsewhere(self, file_id: bytes, path: bytes) -> list[Entry]:
        """Return what is believed of a file at other paths than ``path``."""
        keys = CatalogueKeys(self._derive)
        rows = self._store.by_file_id(file_id)
        return [row.entry for row in rows if row.entry.path != path and keys.authentic(row)]

    def entries(self) -> list[Entry]:
        """Return everything that is believed."""
        keys = CatalogueKeys(self._derive)
        with self._store.reading() as rows:
            return [row.entry for row in rows.under(b"") if keys.authentic(row)]

    def is_whole(self) -> bool:
        """Say whether no row was taken out or put back; looked at once, and in ``check`` again."""
        if self._whole is None:
            self.check()
        return bool(self._whole)

    @property
    def looked_whole(self) -> bool:
        """Whether that was looked at already, and nothing was missing."""
        return bool(self._whole)

    def check(self) -> bool:
        """Look at every row and the head; say whether they fit."""
        keys = CatalogueKeys(self._derive)
        with self._lock:
            with self._store.reading() as stored:
                sealed, rows = stored.head(), stored.under(b"")
            found = keys.open_head(sealed) if sealed is not None else Head()
            total = Head()
            for row in rows:
                total = total.plus(keys.weight(row))
            self._whole = (
                found is not None
                and found.revision >= self._revision
                and found.count == total.count
                and hmac.compare_digest(found.sum, total.sum)
                and all(keys.authentic(row) for row in rows)
            )
            if found is not None and self._whole:
                self._revision = found.revision
            return self._whole

    # ── changing ────────────────────────────────────────────────────────────────────────────────

    def record(self, path: bytes, sealing: Sealing, *, accepted: bool = False) -> None:
        """Write down what was left at ``path``.

        Versions of one file only grow, unless an older one is ``accepted``.
        """
        with self._changing() as change:
            change.record(path, sealing, accepted=accepted)

    def record_all(self, sealings: Mapping[bytes, Sealing]) -> None:
        """Write down what was left at many paths, at once."""
        with self._changing() as change:
            for path, sealing in sealings.items():
                change.record(path, sealing, accepted=False)

    def move(self, old: bytes, new: bytes) -> None:
        """Follow a file, or a folder with all below it, that was moved."""
        with self._changing() as change:
            change.remove(change.rows.under(new))
            moved = change.rows.under(old)
            change.remove(moved)
            # One that is not believed is dropped, not given a tag: the sum tells of it.
            change.put(
                replace(row.entry, path=new + row.entry.path[len(old) :])
                for row in moved
                if change.keys.authentic(row)
            )

    def forget(self, path: bytes) -> None:
        """Forget ``path`` and everything below it."""
        with self._changing() as change:
            change.remove(change.rows.under(path))

    def begin_anew(self) -> None:
        """Take the rows that can be believed for all there is, and drop the others."""
        with self._lock:
            with self._store.changing() as rows:
                revision = self._rewrite(rows, CatalogueKeys(self._derive))
            self._revision, self._whole = revision, True

    def rekey(self, rows: Rows, derive: Callable[[bytes], bytes]) -> None:
        """Bring all that can be believed under the keys of ``derive``, within one transaction."""
        with self._lock:
            self._rewrite(rows, CatalogueKeys(derive))

    def _rewrite(self, rows: Rows, new: CatalogueKeys) -> int:
        """Put the believed rows under ``new``; return the revision, which holds once committed."""
        old = CatalogueKeys(self._derive)
        sealed = rows.head()
        head = old.open_head(sealed) if sealed is not None else None
        revision = max(self._revision, head.revision if head else 0)
        total = Head(revision + 1)
        before = rows.under(b"")
        after = [new.row(row.entry) for row in before if old.authentic(row)]
        for row in after:
            total = total.plus(new.weight(row))
        rows.remove(before)
        rows.put(after)
        rows.put_head(new.seal_head(total))
        return total.revision

    @contextmanager
    def _changing(self) -> Iterator[_Change]:
        keys = CatalogueKeys(self._derive)
        with self._lock:
            with self._store.changing() as rows:
                sealed = rows.head()
                head = keys.open_head(sealed) if sealed is not None else Head()
                change = _Change(rows, keys, head or Head())
                yield change
                # A head that is not ours or was put back is left as it is: so it is found.
                fits = head is not None and head.revision >= self._revision
                after = replace(change.head, revision=change.head.revision + 1)
                if fits:
                    rows.put_head(keys.seal_head(after))
            # Not before it is committed: a full disk undoes it, and the head would seem put back.
            if fits:
                self._revision = after.revision
            else:
                self._whole = False


class _Change:
    """One transaction: what it does to the rows, it does to their sum."""

    def __init__(self, rows: Rows, keys: CatalogueKeys, head: Head) -> None:
        self.rows = rows
        self.keys = keys
        self.head = head

    def record(self, path: bytes, sealing: Sealing, *, accepted: bool) -> None:
        """Put what was left at ``path`` in place of what was known of it."""
        before = self.rows.get(path)
        highest = sealing.file_version
        if before is not None and before.entry.sealing.file_id == sealing.file_id:
            if not accepted and sealing.file_version < before.entry.sealing.file_version:
                return  # of two saves at once the later one was written down first
            highest = max(highest, before.entry.highest)
        self.remove([before] if before is not None else [])
        self.put([Entry(path, sealing, highest)])

    def put(self, entries: Iterable[Entry]) -> None:
        """Add entries where there are none."""
        rows = [self.keys.row(entry) for entry in entries]
        self.rows.put(rows)
        for row in rows:
            self.head = self.head.plus(self.keys.weight(row))

    def remove(self, rows: Sequence[Row]) -> None:
        """Remove rows that are there."""
        self.rows.remove(rows)
        for row in rows:
            self.head = self.head.minus(self.keys.weight(row))
