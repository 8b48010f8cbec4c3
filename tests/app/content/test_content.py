"""The one way to content, without a server: what is sealed, what is locked, what fails."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.uploads import LAST, Uploads
from jupyter_secure.errors import (
    Conflict,
    CorruptFile,
    ElevationRequired,
    InvalidInput,
    Locked,
    NotFound,
    Refused,
    SecureError,
    StorageFailed,
    VaultSealed,
    WrongKey,
)
from jupyter_secure.locks import NOBODY, Actor, Lock, LockMode
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.envelope import FileClass, is_sealed
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.vault import Vault

if TYPE_CHECKING:
    from conftest import Foundation, Place

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
ALICE = Actor("alice", elevated=False, session="s1")
ELEVATED = Actor("alice", elevated=True, session="s2")
BOB = Actor("bob", elevated=True, session="s3")
DATA = b"canary " * 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def locks(place: Place) -> DatabaseLocks:
    return DatabaseLocks(place.database)


@pytest.fixture
def content(place: Place, foundation: Foundation, folder: Path, locks: DatabaseLocks) -> Content:
    place.vault.unseal(
        foundation.keyring.open_with_password("alice", foundation.people["alice"].password)
    )
    return Content(
        root=folder,
        vault=place.vault,
        locks=locks,
        provenance=place.provenance,
        encrypt=("*.ipynb",),
    )


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the system accept a few bytes of each file, and then say that the disk is full."""
    write = os.write

    def refuse(descriptor: int, data: memoryview) -> int:
        if os.fstat(descriptor).st_size + len(data) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr("jupyter_secure.store.atomic.os.write", refuse)
    yield
    monkeypatch.undo()


def lock(locks: DatabaseLocks, path: str, mode: LockMode, file_id: bytes | None = None) -> None:
    locks.put(Lock(path, file_id, mode, "alice", NOW))


def test_what_was_written_is_read(content: Content, folder: Path) -> None:
    """Content comes back as it was, and lies sealed."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    assert content.read(folder / "a.ipynb", ALICE).data == DATA
    assert is_sealed((folder / "a.ipynb").read_bytes())


def test_each_save_is_a_new_version_of_one_file(content: Content, folder: Path) -> None:
    """A file keeps its identity, and its version counts the saves."""
    headers = []
    for data in (b"1", b"2", b"3"):
        content.write(folder / "a.ipynb", data, ALICE)
        headers.append(content.read(folder / "a.ipynb", ALICE).header)
    assert [header.file_version for header in headers if header] == [1, 2, 3]
    assert len({header.file_id for header in headers if header}) == 1


def test_a_sealed_vault_gives_and_takes_nothing(
    content: Content, folder: Path, place: Place
) -> None:
    """Without the keys nothing sealed is read, nothing is written, and what was there stays."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    before = (folder / "a.ipynb").read_bytes()
    place.vault.seal()
    with pytest.raises(VaultSealed):
        content.read(folder / "a.ipynb", ALICE)
    with pytest.raises(VaultSealed):
        content.download(folder / "a.ipynb", ALICE)
    with pytest.raises(VaultSealed):
        content.write(folder / "a.ipynb", b"x", ALICE)
    with pytest.raises(VaultSealed):
        content.write(folder / "new.ipynb", b"x", ALICE)
    assert (folder / "a.ipynb").read_bytes() == before
    assert sorted(os.listdir(folder)) == ["a.ipynb"]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_loses_nothing(content: Content, folder: Path) -> None:
    """A save that does not fit says so, and the last one is still there, whole and alone."""
    content.write(folder / "a.ipynb", b"before", ALICE)
    content.write(folder / "a.txt", b"before", ALICE)
    for name in ("a.ipynb", "a.txt"):
        with pytest.raises(StorageFailed, match="disk is full"):
            content.write(folder / name, DATA, ALICE)
        assert content.read(folder / name, ALICE).data == b"before"
    uploads = Uploads(content, idle_seconds=60)
    uploads.take(folder / "a.ipynb", 1, b"part", ALICE)
    with pytest.raises(StorageFailed, match="disk is full"):
        uploads.take(folder / "a.ipynb", 2, DATA, ALICE)
    assert content.read(folder / "a.ipynb", ALICE).data == b"before"
    assert sorted(os.listdir(folder)) == ["a.ipynb", "a.txt"]


def test_another_vaults_file_is_told_apart(content: Content, folder: Path) -> None:
    """A file that another vault sealed is neither opened nor taken for damaged."""
    from jupyter_secure.crypto.kdf import OWASP_MINIMUM

    keyring, root = Keyring.create("eve", "some other password", profile=OWASP_MINIMUM)
    other = Vault(keyring)
    other.unseal(root)
    (folder / "o.ipynb").write_bytes(other.seal_bytes(DATA, file_class=FileClass.CONTENT))
    with pytest.raises(WrongKey, match="vault"):
        content.read(folder / "o.ipynb", ALICE)


def test_a_checkpoint_is_bound_to_be_one(content: Content, folder: Path) -> None:
    """A checkpoint does not open as the live file, nor the live file as a checkpoint."""
    live, kept = folder / "a.ipynb", folder / "kept"
    content.write(live, b"one", ALICE)
    content.checkpoints.keep(live, kept, ALICE)
    content.write(live, b"two", ALICE)
    with pytest.raises(CorruptFile, match="checkpoint"):
        content.read(kept, ALICE)
    with pytest.raises(CorruptFile):
        content.checkpoints.restore(live, live, ALICE)
    content.checkpoints.restore(kept, live, ALICE)
    assert content.read(live, ALICE).data == b"one"


def test_a_restored_file_is_sealed_though_no_pattern_asks(content: Content, folder: Path) -> None:
    """What was sealed when it was kept is sealed when it comes back, also where nothing is left."""
    live, kept = folder / "a.ipynb", folder / "kept"
    content.write(live, DATA, ALICE)
    content.checkpoints.keep(live, kept, ALICE)
    content.checkpoints.restore(kept, folder / "a.txt", ALICE)
    assert is_sealed((folder / "a.txt").read_bytes())


@pytest.mark.parametrize(
    ("mode", "actor", "reads", "writes"),
    [
        (LockMode.PRIVATE, ALICE, ElevationRequired, ElevationRequired),
        (LockMode.PRIVATE, ELEVATED, None, None),
        (LockMode.PRIVATE, BOB, Locked, Locked),
        (LockMode.PRIVATE, NOBODY, Locked, Locked),
        (LockMode.READ_ONLY, ALICE, None, Locked),
        (LockMode.READ_ONLY, ELEVATED, None, Locked),
        (LockMode.READ_ONLY, BOB, None, Locked),
        (LockMode.READ_ONLY, NOBODY, None, Locked),
    ],
)
@pytest.mark.parametrize("name", ["a.ipynb", "link.ipynb"])
def test_what_a_lock_withholds(
    content: Content,
    locks: DatabaseLocks,
    folder: Path,
    name: str,
    mode: LockMode,
    actor: Actor,
    reads: type[Exception] | None,
    writes: type[Exception] | None,
) -> None:
    """A lock withholds what its mode says, from whom it says, under each name of the file."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    (folder / "link.ipynb").symlink_to("a.ipynb")
    lock(locks, "a.ipynb", mode)
    path = folder / name
    for work, expected in (
        (lambda: content.write(path, b"x", actor), writes),
        (lambda: content.begin(path, actor).abort(), writes),
        (lambda: content.moving.check(folder / "a.ipynb", actor), writes),
        (lambda: content.moving.check(folder, actor), writes),
        (lambda: content.read(path, actor), reads),
        (lambda: content.download(path, actor).close(), reads),
        (lambda: content.checkpoints.keep(path, folder / "kept", actor), reads or writes),
    ):
        if expected is None:
            work()
        else:
            with pytest.raises(expected):
                work()


def test_a_copy_of_what_is_private_is_private(
    content: Content, locks: DatabaseLocks, folder: Path
) -> None:
    """The sealed bytes are withheld under any name, also under a milder lock of that name."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    header = content.read(folder / "a.ipynb", ALICE).header
    assert header is not None
    lock(locks, "a.ipynb", LockMode.PRIVATE, header.file_id)
    (folder / "copy").write_bytes((folder / "a.ipynb").read_bytes())
    with pytest.raises(ElevationRequired):
        content.read(folder / "copy", ALICE)
    lock(locks, "copy", LockMode.READ_ONLY, header.file_id)
    with pytest.raises(ElevationRequired):
        content.read(folder / "copy", ALICE)
    with pytest.raises(ElevationRequired):
        content.download(folder / "copy", ALICE)


def test_who_has_seen_it_may_save_it_and_no_more(
    content: Content, locks: DatabaseLocks, folder: Path
) -> None:
    """After the elevation the session that had it open saves its work; it reads nothing new."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    lock(locks, "a.ipynb", LockMode.PRIVATE)
    with pytest.raises(ElevationRequired):
        content.write(folder / "a.ipynb", b"x", ALICE)
    content.read(folder / "a.ipynb", Actor("alice", True, "s1"))
    content.write(folder / "a.ipynb", b"work", ALICE)
    with pytest.raises(ElevationRequired):
        content.read(folder / "a.ipynb", ALICE)
    with pytest.raises(ElevationRequired):
        content.moving.check(folder / "a.ipynb", ALICE)
    with pytest.raises(ElevationRequired):
        content.write(folder / "a.ipynb", b"x", Actor("alice", False, "another"))


def test_a_damaged_file_can_be_saved_over(content: Content, folder: Path) -> None:
    """What is damaged is not read, and the next save mends it."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    (folder / "a.ipynb").write_bytes((folder / "a.ipynb").read_bytes()[:-1])
    with pytest.raises(CorruptFile):
        content.read(folder / "a.ipynb", ALICE)
    content.write(folder / "a.ipynb", b"mended", ALICE)
    assert content.read(folder / "a.ipynb", ALICE).data == b"mended"


@pytest.mark.parametrize(
    ("name", "error"), [("none.ipynb", NotFound), ("sub", InvalidInput), ("out.ipynb", Refused)]
)
def test_what_cannot_be_read_is_explained(
    content: Content, folder: Path, tmp_path: Path, name: str, error: type[Exception]
) -> None:
    """A missing file, a folder, a link that leads out: each has its own error."""
    (folder / "sub").mkdir()
    (tmp_path / "outside").write_bytes(b"x")
    (folder / "out.ipynb").symlink_to(tmp_path / "outside")
    with pytest.raises(error, match=name):
        content.read(folder / name, ALICE)


def test_nothing_is_moved_onto_what_is_there(content: Content, folder: Path) -> None:
    """A link is not moved onto its own target, nor anything to a name that is locked."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    (folder / "link.ipynb").symlink_to("a.ipynb")
    with pytest.raises(Conflict, match="exists"):
        content.moving.begin(folder / "link.ipynb", folder / "a.ipynb", ALICE)


# ── downloads ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["a.ipynb", "a.txt"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, None),
        (0, 0),
        (0, 1),
        (16383, 16385),
        (16384, 32768),
        (100_000, None),
        (139_999, 999_999),
    ],
)
def test_any_part_can_be_read(
    content: Content, folder: Path, name: str, start: int, end: int | None
) -> None:
    """A part of a file, sealed or plain, is that part of its content."""
    content.write(folder / name, DATA, ALICE)
    with content.download(folder / name, ALICE) as download:
        assert download.size == len(DATA)
        assert b"".join(download.parts(start, end)) == DATA[start:end]


def test_a_download_is_of_one_version(content: Content, folder: Path) -> None:
    """A save in the middle of a download does not mix two versions."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    with content.download(folder / "a.ipynb", ALICE) as download:
        content.write(folder / "a.ipynb", b"new" * 50_000, ALICE)
        assert b"".join(download.parts()) == DATA


def test_a_download_that_was_cut_short_fails(content: Content, folder: Path) -> None:
    """Of a damaged file no part is given that is not authentic, and its end is not passed over."""
    content.write(folder / "a.ipynb", DATA, ALICE)
    whole = (folder / "a.ipynb").read_bytes()
    for damaged in (whole[:-1], whole[:-20_000], whole[:-1] + bytes([whole[-1] ^ 1])):
        (folder / "a.ipynb").write_bytes(damaged)
        given = b""
        with pytest.raises(CorruptFile), content.download(folder / "a.ipynb", ALICE) as download:
            for part in download.parts():
                given += part
        assert DATA.startswith(given)
        assert len(given) < len(DATA)


# ── uploads ─────────────────────────────────────────────────────────────────────────────────────


def test_an_idle_upload_is_thrown_away(content: Content, folder: Path) -> None:
    """An upload that nobody goes on with leaves nothing behind, and cannot be gone on with."""
    now = [0.0]
    uploads = Uploads(content, idle_seconds=60, clock=lambda: now[0])
    uploads.take(folder / "a.ipynb", 1, DATA, ALICE)
    now[0] = 59
    assert uploads.discard_idle() == 0
    now[0] = 61
    assert uploads.discard_idle() == 1
    assert os.listdir(folder) == []
    with pytest.raises(InvalidInput):
        uploads.take(folder / "a.ipynb", LAST, DATA, ALICE)


def test_nobody_waits_for_an_upload_to_look_at_idle_ones(content: Content, folder: Path) -> None:
    """While one ends, and waits for others who write, the event loop that looks does not."""
    now = [0.0]
    uploads = Uploads(content, idle_seconds=60, clock=lambda: now[0])
    uploads.take(folder / "idle.ipynb", 1, DATA, ALICE)
    uploads.take(folder / "a.ipynb", 1, DATA, BOB)
    now[0] = 61
    found: list[int] = []
    with content.settling:
        ends = threading.Thread(target=uploads.take, args=(folder / "a.ipynb", LAST, DATA, BOB))
        ends.start()
        while not uploads._lock.locked():
            time.sleep(0.01)
        looks = threading.Thread(target=lambda: found.append(uploads.discard_idle()))
        looks.start()
        looks.join(10)
        assert found == [0]
    ends.join(10)
    assert uploads.discard_idle() == 1


def test_two_sessions_do_not_mix_their_parts(content: Content, folder: Path) -> None:
    """Uploads of one file in two sessions are two; the last to finish stands."""
    uploads = Uploads(content, idle_seconds=60)
    for actor, data in ((ALICE, b"a"), (BOB, b"b")):
        uploads.take(folder / "a.ipynb", 1, data, actor)
    for actor, data in ((ALICE, b"A"), (BOB, b"B")):
        uploads.take(folder / "a.ipynb", LAST, data, actor)
    assert content.read(folder / "a.ipynb", ALICE).data == b"bB"
    assert os.listdir(folder) == ["a.ipynb"]


def test_stopping_throws_away_what_is_unfinished(content: Content, folder: Path) -> None:
    """When the server stops nothing half-written is left."""
    uploads = Uploads(content, idle_seconds=60)
    uploads.take(folder / "a.ipynb", 1, DATA, ALICE)
    uploads.discard_all()
    assert os.listdir(folder) == []


def test_a_pipe_is_no_file(content: Content, folder: Path) -> None:
    """What nobody may ever write to is not waited for, least of all by who may write alone."""
    pipe = folder / "pipe.ipynb"
    os.mkfifo(pipe)
    for use in (
        content.read,
        content.download,
        lambda path, _actor: content.header(path),
        lambda path, _actor: content.facts(path),
        lambda path, _actor: content.guard.lock_on(path),
        lambda path, actor: content.write(path, DATA, actor),
        lambda path, _actor: content.seal_in_place(path),
    ):
        with pytest.raises(InvalidInput, match="is no file"):
            use(pipe, ALICE)
    assert not content.checkpoints.can_restore(pipe, folder / "other.ipynb")
    plain, copy = folder / "plain", folder / "copy"
    plain.mkdir()
    os.mkfifo(plain / "pipe.ipynb")
    with pytest.raises(SecureError):
        content.moving.copy_folder(plain, copy)


def test_a_lease_is_waited_for(content: Content, folder: Path) -> None:
    """A file that a file server holds for somebody is read when it is given back."""
    fcntl = pytest.importorskip("fcntl")
    if not hasattr(fcntl, "F_SETLEASE"):
        pytest.skip("Linux has leases")
    path = folder / "a.ipynb"
    content.write(path, DATA, ALICE)
    descriptor = os.open(path, os.O_RDWR)
    given_back = threading.Timer(0.1, fcntl.fcntl, (descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK))
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # with which the system asks for it
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        given_back.start()
        assert content.read(path, ALICE).data == DATA
    finally:
        signal.signal(signal.SIGIO, before)
        os.close(descriptor)


class TestReadAtOnce:
    """Reading on the event loop, which must wait for nothing."""

    @pytest.fixture
    def path(self, content: Content, folder: Path) -> Path:
        """Return a small sealed file that was saved and opened."""
        path = folder / "a.ipynb"
        content.write(path, b"small", ALICE)
        content.read(path, ALICE)
        return path

    def test_gives_what_is_small(self, content: Content, path: Path) -> None:
        """A small file that the system has in memory is read."""
        reading = content.read_at_once(path, ALICE)
        assert reading is not None
        assert reading.data == b"small"

    def test_leaves_what_takes_time(
        self, content: Content, folder: Path, monkeypatch: pytest.MonkeyPatch, path: Path
    ) -> None:
        """A large file, a plain one, none at all, a folder and a pipe are left to others."""
        large, plain, pipe = (folder / name for name in ("large.ipynb", "plain.txt", "pipe.ipynb"))
        content.write(large, bytes(256 * 1024), ALICE)
        plain.write_bytes(b"plain")
        os.mkfifo(pipe)
        for other in (large, plain, pipe, folder, folder / "none.ipynb"):
            assert content.read_at_once(other, ALICE) is None
        assert content.read_at_once(path, ALICE) is not None

        def on_the_disk(*_args: object) -> int:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

        monkeypatch.setattr(os, "preadv", on_the_disk)
        assert content.read_at_once(path, ALICE) is None
        monkeypatch.setattr(os, "preadv", lambda *_args: 3)
        assert content.read_at_once(path, ALICE) is None
        monkeypatch.delattr(os, "RWF_NOWAIT")
        assert content.read_at_once(path, ALICE) is None

    def test_is_no_way_around(
        self, content: Content, locks: DatabaseLocks, path: Path, place: Place
    ) -> None:
        """Locks, damage, links that lead out and a sealed vault are what they are for reading."""
        lock(locks, "a.ipynb", LockMode.PRIVATE)
        with pytest.raises(ElevationRequired):
            content.read_at_once(path, ALICE)
        assert content.read_at_once(path, ELEVATED) is not None
        outside = path.parent.parent / "outside.ipynb"
        outside.write_bytes(path.read_bytes())
        link = path.with_name("link.ipynb")
        link.symlink_to(outside)
        with pytest.raises(Refused):
            content.read_at_once(link, ALICE)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(CorruptFile):
            content.read_at_once(path, ELEVATED)
        place.vault.seal()
        with pytest.raises(VaultSealed):
            content.read_at_once(path, ELEVATED)

    def test_waits_for_no_writer(self, content: Content, path: Path) -> None:
        """Somebody else's turn to write is not waited for, whatever is found."""
        held, done = threading.Event(), threading.Event()

        def write() -> None:
            with content.settling:
                held.set()
                done.wait(10)

        writer = threading.Thread(target=write)
        writer.start()
        held.wait(10)
        try:
            assert content.read_at_once(path, ALICE) is not None
        finally:
            done.set()
            writer.join()
