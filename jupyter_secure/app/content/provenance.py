"""Whether what lies at a path is what was left there.

The catalogue knows what was saved; here it is asked at every opening, and told at every saving,
moving and deleting. What nobody of us wrote is taken as it is where nothing is known of its place:
a copy, a clone, a restored backup opens, and is known from then on.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from jupyter_secure.app.content.linked_names import linked_names
from jupyter_secure.app.content.opening import at_once, header_of
from jupyter_secure.app.content.place import real_path
from jupyter_secure.errors import (
    NotAsLeft,
    RolledBack,
    SecureError,
    Swapped,
    Unchecked,
    Unsealed,
)
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
        gone = [one for one in others if _is_gone(one, name)]
        finding = entry if isinstance(entry, Finding) else _compare(entry, sealing, gone)
        # A file that was replaced by a link is asked after by the name that it had.
        linked = self._replaced_by_links(path)
        for one in linked:
            finding = finding or _compare(one, sealing, [])
        if finding is not None:
            raise not_as_left(path, finding)
        if sealing is not None and not (isinstance(entry, Entry) and entry.sealing == sealing):
            for other in _left_behind(others, name):
                self._catalogue.forget(other.path)
            self._catalogue.record(name, sealing)
        for one in linked:
            self._catalogue.forget(one.path)

    def is_as_left(self, path: str | Path, sealing: Sealing) -> bool:
        """Say whether ``path`` is known to hold just what was left there, and no link leads to it.

        False says nothing of the file: ask ``check``, which may have to wait.
        """
        if not self._catalogue.looked_whole or linked_names(path):
            return False
        entry = self._catalogue.entry(_name(path))
        return isinstance(entry, Entry) and entry.sealing == sealing

    def _replaced_by_links(self, path: str | Path) -> list[Entry]:
        entries = (self._catalogue.entry(name) for name in linked_names(path))
        return [entry for entry in entries if isinstance(entry, Entry)]

    def check_history(self, path: str | Path, file_id: bytes | None) -> None:
        """Raise ``NotAsLeft`` if a checkpoint is none of the file at ``path``.

        ``file_id`` is that of the checkpoint, None for a plain one.
        """
        name = f"“{Path(path).name}”"
        left = self._catalogue.entry(_name(path))
        if isinstance(left, Finding):
            raise not_as_left(path, left)
        if left is not None and file_id is None:
            raise Unsealed(
                f"The checkpoint of {name} is a plain file, and {name} is encrypted.",
                why="It is from before that, or was put there from outside.",
                remedy="If it is yours, encrypt the folder, and the checkpoint with it; otherwise "
                "remove it.",
            )
        if left is not None and left.sealing.file_id != file_id:
            raise Swapped(
                f"The checkpoint of {name} is one of another file.",
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
        return Survey(self._catalogue.entries(), whole=self.is_whole())

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
        for one in self._replaced_by_links(path):
            self._catalogue.forget(one.path)
        if sealing is None:
            self._catalogue.forget(name)
            return
        for other in _left_behind(self._catalogue.elsewhere(sealing.file_id, name), name):
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

    def __init__(self, entries: list[Entry], *, whole: bool) -> None:
        """``whole`` is whether the catalogue as a whole is believed."""
        self.whole = whole
        self._by_path = {entry.path: entry for entry in entries}
        self._by_file_id: dict[bytes, list[Entry]] = {}
        for entry in entries:
            self._by_file_id.setdefault(entry.sealing.file_id, []).append(entry)

    def finding(self, path: str | Path, sealing: Sealing | None) -> Finding | None:
        """Say why the file at ``path``, a real one, is not what was left there."""
        name = os.fsencode(path)
        entry = self._by_path.get(name)
        others = self._by_file_id.get(sealing.file_id, []) if sealing and not entry else []
        return _compare(entry, sealing, [one for one in others if _is_gone(one, name)])

    def live(self) -> set[bytes]:
        """Return the ids of the files that are where they were left."""
        return {
            file_id
            for file_id, entries in self._by_file_id.items()
            if any(os.path.isfile(entry.path) for entry in entries)
        }

    def replaced_by_links(self, start: Path) -> list[Path]:
        """Return where at or below ``start`` a file was left and a link leads to one now."""
        names = (os.fsencode(os.path.realpath(start)), *linked_names(start))
        found = []
        real: dict[bytes, bytes] = {}  # of folders: looked at once, not for every file
        for name in self._by_path:
            if any(name == one or name.startswith(one.rstrip(b"/") + b"/") for one in names):
                folder = os.path.dirname(name)
                if folder not in real:
                    real[folder] = os.path.realpath(folder)
                if (real[folder] != folder or os.path.islink(name)) and os.path.isfile(name):
                    found.append(Path(os.fsdecode(name)))
        return found


def _compare(entry: Entry | None, sealing: Sealing | None, gone: list[Entry]) -> Finding | None:
    """Compare a file with what was left at its path or, where that is nothing, with ``gone``."""
    if entry is None:
        if sealing is None or all(_follows(sealing, other) for other in gone):
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


def _is_gone(entry: Entry, name: bytes) -> bool:
    """Say whether the file of ``entry`` does not lie at its path any more.

    Then the one at ``name`` is it, and no copy: a copy lies beside the file itself. Something else
    in its place, or a link to where it went, does not make it one.
    """
    try:
        is_there = os.path.isfile(entry.path) and os.path.realpath(entry.path) == entry.path
        if not is_there or _is_other_case(entry.path, name):
            return True
        with open(entry.path, "rb", opener=at_once) as file:
            header = header_of(file, "")
    except (OSError, SecureError):
        return True
    return header is None or header.file_id != entry.sealing.file_id


def _is_other_case(one: bytes, other: bytes) -> bool:
    # Two names of one file that has a single one: on a file system that folds case.
    return os.path.samefile(one, other) and os.stat(one).st_nlink == 1


def _left_behind(entries: list[Entry], name: bytes) -> list[Entry]:
    """Return those whose path leads to ``name`` now, or to nothing: they have had their day.

    One where something else lies is kept, to tell of that.
    """
    return [one for one in entries if _leads_to(one.path, name)]


def _leads_to(path: bytes, name: bytes) -> bool:
    if os.path.realpath(path) == name or not os.path.lexists(path):
        return True
    with suppress(OSError):
        return _is_other_case(path, name)
    return False


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
    return os.fsencode(real_path(path))


def _entry_name(path: str | Path) -> bytes:
    """Return the name of the entry itself: a link that is moved leaves what it leads to alone."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.fsencode(os.path.join(os.path.realpath(folder), name))
