"""Whether what lies at a path is what was left there.

The catalogue knows what was saved; here it is asked at every opening, and told at every saving,
moving and deleting. What nobody of us wrote is taken as it is where nothing is known of its place:
a copy, a clone, a restored backup opens, and is known from then on.
"""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_secure.errors import NotAsLeft, RolledBack, Swapped, Unchecked, Unsealed
from jupyter_secure.vault.catalogue import Catalogue, Finding
from jupyter_secure.vault.catalogue_rows import Entry, Sealing

_REMEDY = "If you or a program of yours did that, accept the file; otherwise restore the last one."


class Provenance:
    """Asks and tells the catalogue about files by path; safe for several threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    # ── asking ──────────────────────────────────────────────────────────────────────────────────

    def check(self, path: str | Path, sealing: Sealing | None) -> None:
        """Raise ``NotAsLeft`` unless what lies at ``path`` may be what was left there.

        ``sealing`` is that of the file, which has proved authentic; None for a plain one. What is
        news is written down.
        """
        name = _name(path)
        entry = self._catalogue.entry(name)
        others = []
        if entry is None and sealing is not None:
            others = self._catalogue.elsewhere(sealing.file_id, name)
        finding = entry if isinstance(entry, Finding) else _compare(entry, sealing, others)
        if finding is not None:
            raise not_as_left(path, finding)
        if sealing is not None and not (isinstance(entry, Entry) and entry.sealing == sealing):
            for other in _moved_away(others):
                self._catalogue.forget(other.path)
            self._catalogue.record(name, sealing)

    def check_history(self, path: str | Path, file_id: bytes) -> None:
        """Raise ``Swapped`` if a checkpoint of file ``file_id`` is none of the file at ``path``."""
        left = self.left_at(path)
        if left is not None and left.sealing.file_id != file_id:
            raise Swapped(
                f"The checkpoint of “{Path(path).name}” is one of another file.",
                why="It was put there from outside.",
                remedy="Remove it, or put the right one back.",
            )

    def left_at(self, path: str | Path) -> Entry | None:
        """Return what was left at ``path``, where that is known and believed."""
        entry = self._catalogue.entry(_name(path))
        return entry if isinstance(entry, Entry) else None

    def is_whole(self, *, again: bool = False) -> bool:
        """Say whether the catalogue itself is as we left it."""
        return self._catalogue.check() if again else self._catalogue.is_whole()

    def survey(self) -> Survey:
        """Return what is known now, to look at many files with."""
        return Survey(self._catalogue.entries())

    # ── telling ─────────────────────────────────────────────────────────────────────────────────

    def saved(self, path: str | Path, sealing: Sealing) -> None:
        """Write down what was saved at ``path``."""
        self._catalogue.record(_name(path), sealing)

    def saved_all(self, sealings: dict[Path, Sealing]) -> None:
        """Write down what was saved at many paths, at once."""
        self._catalogue.record_all({_name(path): one for path, one in sealings.items()})

    def accepted(self, path: str | Path, sealing: Sealing | None) -> None:
        """Write down that the file at ``path``, plain without ``sealing``, is as it should be."""
        name = _name(path)
        if sealing is None:
            self._catalogue.forget(name)
            return
        for other in _moved_away(self._catalogue.elsewhere(sealing.file_id, name)):
            self._catalogue.forget(other.path)
        self._catalogue.record(name, sealing, accepted=True)

    def begin_anew(self) -> None:
        """Take what can be believed of an altered catalogue for all there is."""
        self._catalogue.begin_anew()

    def moved(self, old: str | Path, new: str | Path) -> None:
        """Follow a file or folder that was moved."""
        self._catalogue.move(_entry_name(old), _entry_name(new))

    def deleted(self, path: str | Path) -> None:
        """Forget a file or folder that was deleted."""
        self._catalogue.forget(_entry_name(path))


class Survey:
    """What was known at one moment, for looking at many files."""

    def __init__(self, entries: list[Entry]) -> None:
        self._by_path = {entry.path: entry for entry in entries}
        self._by_file_id: dict[bytes, list[Entry]] = {}
        for entry in entries:
            self._by_file_id.setdefault(entry.sealing.file_id, []).append(entry)

    def finding(self, path: str | Path, sealing: Sealing | None) -> Finding | None:
        """Say why the file at ``path``, a real one, is not what was left there."""
        entry = self._by_path.get(os.fsencode(path))
        others = self._by_file_id.get(sealing.file_id, []) if sealing and not entry else []
        return _compare(entry, sealing, others)


def _compare(entry: Entry | None, sealing: Sealing | None, others: list[Entry]) -> Finding | None:
    """Compare a file with what was left at its path or, where that is nothing, at ``others``."""
    if entry is None:
        if sealing is None or all(_follows(sealing, other) for other in _moved_away(others)):
            return None
        return Finding.ROLLED_BACK
    if sealing is None:
        return Finding.UNSEALED
    if sealing.file_id != entry.sealing.file_id:
        return Finding.SWAPPED
    return None if _follows(sealing, entry) else Finding.ROLLED_BACK


def _follows(sealing: Sealing, entry: Entry) -> bool:
    # A version that is higher than any before can only have been sealed with this vault's keys: by
    # another server, or by this one before a power cut undid the entry.
    return sealing == entry.sealing or sealing.file_version > entry.highest


def _moved_away(entries: list[Entry]) -> list[Entry]:
    """Return those whose file is gone: a copy beside the file itself is just a copy."""
    return [entry for entry in entries if not os.path.lexists(entry.path)]


def not_as_left(path: str | Path, finding: Finding) -> NotAsLeft:
    """Return a finding in words."""
    name = f"“{Path(path).name}”"
    if finding is Finding.UNSEALED:
        return Unsealed(
            f"{name} was encrypted, and now a plain file lies there.",
            why="It was put there from outside.",
            remedy=_REMEDY,
        )
    if finding is Finding.SWAPPED:
        return Swapped(
            f"{name} is not the file that was saved there.",
            why="Another encrypted file was put in its place from outside.",
            remedy=_REMEDY,
        )
    if finding is Finding.ROLLED_BACK:
        return RolledBack(
            f"{name} is not the version that was saved last.",
            why="Another version of it was put there from outside, as a restored backup does.",
            remedy=_REMEDY,
        )
    return Unchecked(
        f"Whether {name} is what was saved last cannot be told.",
        why="The catalogue of what was saved was changed from outside.",
        remedy="Look at what you open with care, and accept the files to begin the catalogue anew.",
    )


def _name(path: str | Path) -> bytes:
    return os.fsencode(os.path.realpath(path))


def _entry_name(path: str | Path) -> bytes:
    """Return the name of the entry itself: a link that is moved leaves what it leads to alone."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.fsencode(os.path.join(os.path.realpath(folder), name))
