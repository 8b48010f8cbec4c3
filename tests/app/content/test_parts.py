"""What comes in parts, an upload or what a kernel writes, is told of as a whole save is."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.saves import NoSaves, Origin, Saved
from jupyter_secure.app.content.uploads import FIRST, LAST, Uploads
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import PassphraseRequired
from jupyter_secure.history.version import Kind
from jupyter_secure.locks import Actor
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.passphrase import PassphraseKey

ALICE = Actor("alice", elevated=True, session="a")
MOST = 100_000


class Told(NoSaves):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.saves: list[tuple[Saved, Origin]] = []

    def most(self, path: str) -> int:
        return MOST if path.endswith(".ipynb") else 10

    def saved(self, saved: Saved, origin: Origin) -> None:
        self.saves.append((saved, origin))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def content(place, tmp_path: Path, told: Told) -> Content:  # tests/app/conftest.py
    place.enter()
    root = tmp_path / "root"
    root.mkdir()
    return Content(
        root=root,
        vault=place.vault,
        locks=DatabaseLocks(place.database),
        provenance=place.provenance,
        encrypt=("*.ipynb",),
        passphrases=Passphrases(),
        saves=told,
    )


def write(content: Content, path: Path, *parts: bytes, seal: bool = False) -> None:
    writing = content.begin(path, ALICE, seal=seal)
    for part in parts:
        writing.update(part)
    writing.commit()


def test_upload(content: Content, told: Told, tmp_path: Path) -> None:
    """The parts of an upload are told of once, as one save by whoever sent them."""
    uploads, note = Uploads(content, idle_seconds=60), tmp_path / "root" / "note.ipynb"
    for part, data in ((FIRST, b"one "), (2, b"two "), (LAST, b"three")):
        assert told.saves == []
        uploads.take(note, part, data, ALICE)
    uploads.take(note, LAST, b"three", ALICE)  # a repetition
    ((saved, origin),) = told.saves
    assert (saved.content, saved.path, saved.actor) == (b"one two three", "note.ipynb", ALICE)
    assert origin.kind is Kind.AUTOMATIC
    header = content.header(note)
    assert header is not None
    assert saved.file_id == header.file_id


def test_not_told(content: Content, told: Told, tmp_path: Path) -> None:
    """What is plain, too large or thrown away is not told of."""
    root = tmp_path / "root"
    write(content, root / "plain.csv", b"x")
    write(content, root / "large.ipynb", b"x" * MOST, b"x")
    write(content, root / "data.bin", b"x" * 11, seal=True)
    content.begin(root / "none.ipynb", ALICE).abort()
    assert told.saves == []
    write(content, root / "data.bin", b"x" * 10, seal=True)
    write(content, root / "just.ipynb", b"x" * MOST)
    assert [len(saved.content) for saved, _ in told.saves] == [10, MOST]


def test_empty(content: Content, told: Told, tmp_path: Path) -> None:
    """An empty file is one as well."""
    write(content, tmp_path / "root" / "empty.ipynb")
    assert [saved.content for saved, _ in told.saves] == [b""]


def test_under_a_passphrase(content: Content, told: Told, tmp_path: Path) -> None:
    """What lies under a passphrase is told of with it, so that its versions do as well."""
    note = tmp_path / "root" / "note.ipynb"
    key = PassphraseKey.new("four unrelated words", profile=OWASP_MINIMUM)
    content.write(note, b"one", ALICE, passphrase=key)
    write(content, note, b"two")
    assert [saved.passphrase for saved, _ in told.saves] == [key, key]
    content.passphrases.keep_only(())
    with pytest.raises(PassphraseRequired):
        write(content, note, b"three")
    assert len(told.saves) == 2


def test_what_cannot_be_read_back(
    content: Content, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content that is in place stays there, whatever comes of telling."""

    def refuse(*_: object, **_options: object) -> None:
        raise PermissionError

    monkeypatch.setattr("jupyter_secure.app.content.parts.open", refuse, raising=False)
    note = tmp_path / "root" / "note.ipynb"
    write(content, note, b"one")
    assert content.read(note, ALICE).data == b"one"
    assert told.saves == []


def test_memory(content: Content, told: Told, tmp_path: Path) -> None:
    """However large a file is, only a few of its parts are in memory at once."""
    part = os.urandom(1 << 20)
    writing = content.begin(tmp_path / "root" / "large.ipynb", ALICE)
    tracemalloc.start()
    try:
        for _ in range(50):
            writing.update(part)
        writing.commit()
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()
    assert told.saves == []
