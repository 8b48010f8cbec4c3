"""What a kernel can do with files, and that all of it is an event."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.kernels.access import Capabilities, Capability
from jupyter_secure.app.kernels.files import KernelEvent, KernelFiles
from jupyter_secure.app.kernels.places import Places
from jupyter_secure.errors import (
    Conflict,
    CorruptFile,
    InvalidInput,
    Locked,
    NotFound,
    Refused,
    SecureError,
    VaultSealed,
)
from jupyter_secure.locks import Actor, Lock, LockMode
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.envelope import is_sealed

if TYPE_CHECKING:
    from conftest import Foundation, Place

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
ALICE = Actor("alice", elevated=True, session="s1")
DATA = b"canary " * 100_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("root/nb/data", "root/other", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "outside" / "x.csv").write_bytes(b"outside")
    return tmp_path / "root"


@pytest.fixture
def locks(place: Place) -> DatabaseLocks:
    return DatabaseLocks(place.database)


@pytest.fixture
def content(place: Place, foundation: Foundation, root: Path, locks: DatabaseLocks) -> Content:
    place.vault.unseal(
        foundation.keyring.open_with_password("alice", foundation.people["alice"].password)
    )
    return Content(
        root=root,
        vault=place.vault,
        locks=locks,
        provenance=place.provenance,
        encrypt=("*.ipynb",),
    )


@pytest.fixture
def events() -> list[KernelEvent]:
    return []


@pytest.fixture
def capabilities() -> Capabilities:
    return Capabilities()


@pytest.fixture
def kernel(capabilities: Capabilities) -> Capability:
    found = capabilities.find(capabilities.issue("k", "nb", "alice", lambda: True))
    assert found is not None
    return found


@pytest.fixture
def files(
    content: Content, root: Path, capabilities: Capabilities, events: list[KernelEvent]
) -> KernelFiles:
    return KernelFiles(content, root, capabilities, events.append)


def written(files: KernelFiles, kernel: Capability, path: str, data: bytes = DATA) -> None:
    writing = files.begin(kernel, path)
    writing.update(data)
    files.commit(kernel, path, writing)


def content_of(files: KernelFiles, kernel: Capability, path: str) -> bytes:
    with files.read(kernel, path) as download:
        return b"".join(download.parts())


def told(events: list[KernelEvent]) -> list[tuple[str, str, str]]:
    return [(one.action, one.path, one.outcome) for one in events]


def test_what_a_kernel_writes_is_sealed_whatever_its_name(
    files: KernelFiles, kernel: Capability, root: Path
) -> None:
    """No pattern names it, and still nothing but ciphertext is on the disk."""
    written(files, kernel, "data/x.csv")
    blob = (root / "nb/data/x.csv").read_bytes()
    assert is_sealed(blob)
    assert b"canary" not in blob
    assert content_of(files, kernel, "data/x.csv") == DATA


def test_a_plain_file_is_readable_and_sealed_once_it_is_written(
    files: KernelFiles, kernel: Capability, root: Path
) -> None:
    """What was there before stays readable; writing it anew seals it."""
    (root / "nb/x.csv").write_bytes(b"plain")
    assert content_of(files, kernel, "x.csv") == b"plain"
    written(files, kernel, "x.csv")
    assert is_sealed((root / "nb/x.csv").read_bytes())


@pytest.mark.parametrize(
    "path",
    ["../other/x.csv", "..", "data/../../other/x.csv", "/etc/passwd", "/", "out/x.csv", "up/x.csv"],
)
@pytest.mark.parametrize("what", ["look", "read", "describe", "list", "begin", "make_folder"])
def test_nothing_outside_of_the_folder_is_reached(
    files: KernelFiles, kernel: Capability, root: Path, path: str, what: str
) -> None:
    """By no dots, by no absolute path, and by no link, to the root's outside or another folder."""
    (root / "other/x.csv").write_bytes(b"other")
    (root / "nb/out").symlink_to(root.parent / "outside")
    (root / "nb/up").symlink_to("../other")
    with pytest.raises(Refused):
        getattr(files, what)(kernel, path)


@pytest.mark.parametrize("path", ["../other/x.csv", "up/x.csv", "out/x.csv", "", ".", "data/.."])
def test_nothing_outside_of_the_folder_is_deleted_or_moved(
    files: KernelFiles, kernel: Capability, root: Path, path: str
) -> None:
    """Nor is the folder itself; both ends of a move are looked at."""
    (root / "other/x.csv").write_bytes(b"other")
    (root / "nb/mine").write_bytes(b"mine")
    (root / "nb/out").symlink_to(root.parent / "outside")
    (root / "nb/up").symlink_to("../other")
    for attempt in (
        lambda: files.delete(kernel, path),
        lambda: files.move(kernel, path, "new"),
        lambda: files.move(kernel, "mine", path),
    ):
        with pytest.raises((Refused, InvalidInput)):
            attempt()
    assert (root / "other/x.csv").read_bytes() == b"other"
    assert (root.parent / "outside/x.csv").exists()
    assert (root / "nb/mine").exists()


@given(path=st.text(st.sampled_from("./a\0~\\ é\udc80"), max_size=12))
def test_no_path_leads_out(path: str) -> None:
    """Whatever a kernel writes as a path, it is refused or lies in the folder."""
    kernel = Capability("k", "nb", None, lambda: True)

    class Keys:
        def key(self, place: str) -> str:
            return os.path.relpath(place, "/srv")

    places = Places(Keys(), "/srv", allow_hidden=True)  # type: ignore[arg-type]
    try:
        place = places.locate(kernel, path)
    except SecureError:
        return
    assert place == "/srv/nb" or place.startswith("/srv/nb/")


def test_a_link_within_the_folder_is_followed(
    files: KernelFiles, kernel: Capability, root: Path
) -> None:
    """Links are fine as long as they stay inside."""
    written(files, kernel, "data/x.csv")
    (root / "nb/x.csv").symlink_to("data/x.csv")
    assert content_of(files, kernel, "x.csv") == DATA


@pytest.mark.parametrize("path", [".hidden", ".git/config", "data/.x.csv", "visible"])
def test_what_is_hidden_is_no_data(
    files: KernelFiles, kernel: Capability, root: Path, path: str
) -> None:
    """Hidden files, and links to them, are not there, as in the contents API."""
    (root / "nb/.git").mkdir()
    for name in (".hidden", ".git/config", "data/.x.csv"):
        (root / "nb" / name).write_bytes(b"x")
    (root / "nb/visible").symlink_to(".hidden")
    with pytest.raises(NotFound):
        files.read(kernel, path)


def test_a_pipe_is_refused(files: KernelFiles, kernel: Capability, root: Path) -> None:
    """Nobody waits for a writer that never comes."""
    os.mkfifo(root / "nb/pipe")
    with pytest.raises(Refused):
        files.read(kernel, "pipe")
    with pytest.raises(Refused):
        files.begin(kernel, "pipe")


@pytest.mark.parametrize("mode", [LockMode.PRIVATE])
def test_a_private_file_is_not_given_even_to_its_owners_kernel(
    files: KernelFiles,
    kernel: Capability,
    locks: DatabaseLocks,
    events: list[KernelEvent],
    mode: LockMode,
) -> None:
    """Code confirms no second factor, so neither reading nor writing is let through."""
    written(files, kernel, "x.csv")
    locks.put(Lock("nb/x.csv", None, mode, "alice", NOW))
    events.clear()
    for attempt in (files.read, files.look, files.begin, files.delete):
        with pytest.raises(Locked, match="not given to kernels"):
            attempt(kernel, "x.csv")
    assert {one.outcome for one in events} == {"elevation-required"}
    assert len(events) == 4


def test_a_read_only_file_is_read_and_not_changed(
    files: KernelFiles, kernel: Capability, locks: DatabaseLocks
) -> None:
    """A read-only lock withholds nothing from a kernel but every change."""
    written(files, kernel, "x.csv")
    locks.put(Lock("nb/x.csv", None, LockMode.READ_ONLY, "alice", NOW))
    assert content_of(files, kernel, "x.csv") == DATA
    for attempt in (
        lambda: files.begin(kernel, "x.csv"),
        lambda: files.delete(kernel, "x.csv"),
        lambda: files.move(kernel, "x.csv", "y.csv"),
    ):
        with pytest.raises(Locked, match="read-only"):
            attempt()


def test_a_lock_that_comes_while_a_file_is_being_written_holds(
    files: KernelFiles, kernel: Capability, locks: DatabaseLocks, root: Path
) -> None:
    """The last word is the lock's, and nothing half-written remains."""
    written(files, kernel, "x.csv", b"old")
    writing = files.begin(kernel, "x.csv")
    writing.update(b"new")
    locks.put(Lock("nb/x.csv", None, LockMode.READ_ONLY, "alice", NOW))
    with pytest.raises(Locked):
        files.commit(kernel, "x.csv", writing)
    assert content_of(files, kernel, "x.csv") == b"old"
    assert sorted(os.listdir(root / "nb")) == ["data", "x.csv"]


def test_a_sealed_vault_gives_nothing(
    files: KernelFiles, kernel: Capability, place: Place, events: list[KernelEvent]
) -> None:
    """Without the keys nothing is read or written, and that is an event too."""
    written(files, kernel, "x.csv")
    events.clear()
    place.vault.seal()
    for attempt in (files.read, files.begin):
        with pytest.raises(VaultSealed):
            attempt(kernel, "x.csv")
    assert told(events) == [("read", "nb/x.csv", "sealed"), ("write", "nb/x.csv", "sealed")]


def test_a_damaged_file_is_an_event(
    files: KernelFiles, kernel: Capability, root: Path, events: list[KernelEvent]
) -> None:
    """What does not open is told and recorded."""
    written(files, kernel, "x.csv")
    blob = bytearray((root / "nb/x.csv").read_bytes())
    blob[100] ^= 1
    (root / "nb/x.csv").write_bytes(blob)
    events.clear()
    with pytest.raises(CorruptFile):
        files.read(kernel, "x.csv")
    assert told(events) == [("read", "nb/x.csv", "corrupt")]


def test_every_opening_is_one_event(
    files: KernelFiles, kernel: Capability, events: list[KernelEvent]
) -> None:
    """Parts of a file that was opened are no more events; opening it again is one."""
    written(files, kernel, "x.csv")
    events.clear()
    for start in (7, 100, 0, 5, 0):
        files.read(kernel, "x.csv", start).close()
    assert told(events) == [("read", "nb/x.csv", "done")] * 3
    assert events[0] == KernelEvent("k", "alice", "read", "nb/x.csv", "done")
    written(files, kernel, "x.csv", b"a new version")
    files.read(kernel, "x.csv", 3).close()
    assert told(events)[3:] == [("write", "nb/x.csv", "done"), ("read", "nb/x.csv", "done")]


def test_looking_is_no_event_and_neither_is_what_is_not_there(
    files: KernelFiles, kernel: Capability, events: list[KernelEvent]
) -> None:
    """Sizes and names are no content."""
    written(files, kernel, "x.csv")
    events.clear()
    files.look(kernel, "x.csv").close()
    files.describe(kernel, "x.csv")
    files.list(kernel, "")
    with pytest.raises(NotFound):
        files.read(kernel, "nothing")
    assert events == []


def test_every_change_is_an_event(
    files: KernelFiles, kernel: Capability, events: list[KernelEvent]
) -> None:
    """Folders, moves and deletions, done or refused."""
    files.make_folder(kernel, "d")
    written(files, kernel, "d/x")
    files.move(kernel, "d/x", "y")
    files.delete(kernel, "y")
    files.delete(kernel, "d")
    with pytest.raises(Refused):
        files.delete(kernel, "../other/z")
    assert told(events) == [
        ("create", "nb/d", "done"),
        ("write", "nb/d/x", "done"),
        ("move", "nb/d/x", "done"),
        ("delete", "nb/y", "done"),
        ("delete", "nb/d", "done"),
        ("delete", "nb/../other/z", "not-allowed"),
    ]


def test_no_event_holds_content(
    files: KernelFiles, kernel: Capability, events: list[KernelEvent]
) -> None:
    """Neither of what was read nor of what was written."""
    written(files, kernel, "x.csv")
    content_of(files, kernel, "x.csv")
    assert "canary" not in repr(events)


def test_a_listing_shows_sizes_of_the_content(
    files: KernelFiles, kernel: Capability, root: Path
) -> None:
    """Folders, sealed and plain files and links within; nothing hidden, nothing from outside."""
    written(files, kernel, "sealed.csv")
    (root / "nb/plain.csv").write_bytes(b"plain")
    (root / "nb/.hidden").write_bytes(b"x")
    (root / "nb/link.csv").symlink_to("sealed.csv")
    (root / "nb/out").symlink_to(root.parent / "outside")
    (root / "nb/broken").symlink_to("nowhere")
    os.mkfifo(root / "nb/pipe")
    found = {one.name: (one.is_folder, one.size, one.sealed) for one in files.list(kernel, "")}
    assert found == {
        "data": (True, 0, False),
        "link.csv": (False, len(DATA), True),
        "plain.csv": (False, 5, False),
        "sealed.csv": (False, len(DATA), True),
    }


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda files, kernel: files.read(kernel, "nothing"), NotFound),
        (lambda files, kernel: files.read(kernel, "data"), InvalidInput),
        (lambda files, kernel: files.begin(kernel, "data"), InvalidInput),
        (lambda files, kernel: files.begin(kernel, "no/where"), NotFound),
        (lambda files, kernel: files.begin(kernel, "x.csv", new=True), Conflict),
        (lambda files, kernel: files.list(kernel, "x.csv"), NotFound),
        (lambda files, kernel: files.delete(kernel, "nothing"), NotFound),
        (lambda files, kernel: files.delete(kernel, "full"), Conflict),
        (lambda files, kernel: files.make_folder(kernel, "data"), Conflict),
        (lambda files, kernel: files.make_folder(kernel, "no/where"), NotFound),
        (lambda files, kernel: files.move(kernel, "x.csv", "data"), Conflict),
        (lambda files, kernel: files.move(kernel, "nothing", "y"), NotFound),
        (lambda files, kernel: files.read(kernel, "a\0b"), InvalidInput),
    ],
)
def test_what_cannot_be_done_says_so(
    files: KernelFiles,
    kernel: Capability,
    root: Path,
    attempt: Callable[[KernelFiles, Capability], object],
    error: type[SecureError],
) -> None:
    """Each with the error that fits, and everything stays as it was."""
    written(files, kernel, "x.csv")
    (root / "nb/full").mkdir()
    (root / "nb/full/y").write_bytes(b"y")
    with pytest.raises(error):
        attempt(files, kernel)
    assert content_of(files, kernel, "x.csv") == DATA
    assert (root / "nb/full/y").exists()


def test_only_sealed_data_counts_as_given(
    files: KernelFiles, kernel: Capability, capabilities: Capabilities, root: Path
) -> None:
    """For a plain file nobody needs the keys."""
    (root / "nb/plain").write_bytes(b"x")
    files.read(kernel, "plain").close()
    assert not capabilities.any_given()
    written(files, kernel, "x.csv")
    assert capabilities.any_given()


@pytest.mark.parametrize(
    "path", ["a\0b", "data/\0", "x" * 300, "a/" + "y" * 5000, "\ud800x", "\udcff", "a\n\x1b", "./"]
)
def test_a_name_that_no_file_has(files: KernelFiles, kernel: Capability, path: str) -> None:
    """Whatever a kernel asks for, it gets an answer or an error in words, and no other."""
    written(files, kernel, "x.csv")
    for attempt in (
        lambda: files.is_folder(kernel, path),
        lambda: files.describe(kernel, path),
        lambda: files.read(kernel, path).close(),
        lambda: files.list(kernel, path),
        lambda: files.begin(kernel, path).abort(),
        lambda: files.make_folder(kernel, path),
        lambda: files.move(kernel, "x.csv", path),
        lambda: files.move(kernel, path, "y"),
        lambda: files.delete(kernel, path),
    ):
        with contextlib.suppress(SecureError):
            attempt()
