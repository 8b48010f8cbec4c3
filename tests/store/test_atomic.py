from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_secure.errors import Conflict, InvalidInput, StorageFailed
from jupyter_secure.store import atomic
from jupyter_secure.store.atomic import AtomicFile, remove_debris, write_atomically

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions and signals of POSIX")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file with content."""
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(b"old")
    return path


def alone(path: Path) -> bool:
    """Tell whether nothing but the file lies in its folder."""
    return list(path.parent.iterdir()) == [path]


# ── what is written ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (b"new", b"new"),
        (bytearray(b"new"), b"new"),
        (memoryview(b"new"), b"new"),
        ([b"n", bytearray(b"e"), memoryview(b"w")], b"new"),
        (iter([b"", b"new"]), b"new"),
        (b"", b""),
        ([], b""),
        (bytes(300_000), bytes(300_000)),
    ],
)
def test_content_is_replaced(target: Path, chunks: bytes, expected: bytes) -> None:
    """The file holds the new content, and nothing else is left in the folder."""
    write_atomically(target, chunks)
    assert target.read_bytes() == expected
    assert alone(target)


def test_new_files_are_made(tmp_path: Path) -> None:
    """A file that is not there yet is made, with the permissions that the umask allows."""
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("existing", "given", "after"), [(0o664, None, 0o664), (0o644, 0o600, 0o600)]
)
def test_permissions(target: Path, existing: int, given: int | None, after: int) -> None:
    """An existing file keeps its permissions unless others are given."""
    target.chmod(existing)
    write_atomically(target, b"new", mode=given)
    assert stat.S_IMODE(target.stat().st_mode) == after


def test_the_temporary_file_is_private(target: Path) -> None:
    """While it is written, content with private permissions is readable by nobody else."""
    target.chmod(0o600)
    with AtomicFile(target) as file:
        file.write(b"new")
        (temporary,) = (path for path in target.parent.iterdir() if path != target)
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        assert temporary.name.startswith(".~jsec-")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
def test_owner_and_group_are_kept(target: Path) -> None:
    """A file of another owner stays theirs."""
    os.chown(target, 12345, 23456)
    write_atomically(target, b"new")
    assert (target.stat().st_uid, target.stat().st_gid) == (12345, 23456)


def test_links_stay_links(target: Path) -> None:
    """Writing through a symbolic link replaces what it points to, not the link."""
    link = target.parent / "sub" / "link.ipynb"
    link.parent.mkdir()
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert list(link.parent.iterdir()) == [link]


def test_everything_is_on_the_disk_before_it_counts(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is synced before the rename, and the folder after it."""
    done: list[str] = []
    sync, replace = os.fsync, Path.replace

    def recorded_sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def recorded_replace(self: Path, other: Path) -> Path:
        done.append("replace")
        return replace(self, other)

    monkeypatch.setattr(os, "fsync", recorded_sync)
    monkeypatch.setattr(Path, "replace", recorded_replace)
    write_atomically(target, b"new")
    assert done == ["file", "replace", "folder"]


def test_short_writes_are_continued(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes a few bytes at a time still gets them all."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    write_atomically(target, bytes(range(100)))
    assert target.read_bytes() == bytes(range(100))


# ── in several calls ───────────────────────────────────────────────────────────────────────────


def test_nothing_shows_before_the_commit(target: Path) -> None:
    """The old content stays until the commit; then all of the new is there."""
    file = AtomicFile(target)
    file.write(b"ne")
    file.write(b"w")
    assert target.read_bytes() == b"old"
    file.commit()
    file.abort()
    assert target.read_bytes() == b"new"
    assert alone(target)


def test_aborting_leaves_no_trace(target: Path) -> None:
    """After an abort, or two, the old content is all there is."""
    file = AtomicFile(target)
    file.write(b"new")
    file.abort()
    file.abort()
    assert target.read_bytes() == b"old"
    assert alone(target)


def test_an_exception_aborts(target: Path) -> None:
    """An error in the caller's own chunks passes through, and nothing is changed."""

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise LookupError("the caller's")

    with pytest.raises(LookupError, match="the caller's"):
        write_atomically(target, chunks())
    assert target.read_bytes() == b"old"
    assert alone(target)


# ── what goes wrong ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", ["open", "write", "fsync", "close", "replace"])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full. Free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permissions"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_every_step_can_fail(
    target: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, words: str
) -> None:
    """Whichever step fails, the old file stays, no temporary file does, and the message helps."""
    close = os.close

    def fail(*arguments: object, **_: object) -> None:
        if step == "close":
            monkeypatch.setattr(os, "close", close)
            close(int(str(arguments[0])))
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path if step == "replace" else os, step, fail)
    with pytest.raises(StorageFailed) as caught:
        write_atomically(target, b"new")
    monkeypatch.undo()
    assert str(target) in str(caught.value)
    assert words in str(caught.value)
    assert caught.value.remedy
    assert target.read_bytes() == b"old"
    assert alone(target)


def test_a_folder_that_cannot_be_synced_is_no_failure(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When only the folder's sync fails, the new content is in place and is not called missing."""
    sync = os.fsync

    def picky(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not supported")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", picky)
    write_atomically(target, b"new")
    assert target.read_bytes() == b"new"


def make_folder(path: Path) -> Path:
    """A folder where a file should go."""
    path.mkdir()
    return path


def make_pipe(path: Path) -> Path:
    """A pipe where a file should go."""
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_folder, "It is a folder"),
        (make_pipe, "device or a pipe"),
        (lambda path: path / "missing" / "file", "folder does not exist"),
        (lambda path: path.with_name("n" * 300), "name is too long"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: object, words: str) -> None:
    """A target that cannot be a file is refused with its reason, and stays what it is."""
    assert callable(make)
    path = make(tmp_path / "target")
    with pytest.raises(StorageFailed, match=words):
        write_atomically(path, b"new")
    assert not os.path.isfile(path)


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_impossible_names_are_refused(tmp_path: Path, name: str) -> None:
    """A name that no file can have is refused in words."""
    with pytest.raises(InvalidInput, match="cannot be the name of a file"):
        write_atomically(tmp_path / name, b"new")


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every account can reach and write; pytest's own are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o777)
        yield path
        path.chmod(0o777)


def run_as_nobody(code: str, *arguments: Path) -> str:
    """Run Python code that is not root's, so that permissions hold; return what it printed."""
    drop = "import os\nif os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    imports = (
        "import sys, pathlib, resource, signal\n"
        "from jupyter_secure.store.atomic import write_atomically\n"
        "from jupyter_secure.errors import StorageFailed\n"
    )
    attempt = (
        "try: write_atomically(pathlib.Path(sys.argv[1]), bytes(100_000))\n"
        "except StorageFailed as error: print(error)\n"
    )
    command = [sys.executable, "-c", imports + code + drop + attempt, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o666, 0o555)])
def test_permissions_are_respected(reachable: Path, file_mode: int, folder_mode: int) -> None:
    """A file that may not be written is not replaced, although a rename could do it."""
    path = reachable / "file"
    path.write_bytes(b"old")
    path.chmod(file_mode)
    reachable.chmod(folder_mode)
    assert "permissions" in run_as_nobody("", path)
    assert path.read_bytes() == b"old"
    assert alone(path)


def test_a_real_limit_on_size_is_explained(reachable: Path) -> None:
    """When the system itself stops the write half-way, the old file is there and alone."""
    target = reachable / "file"
    target.write_bytes(b"old")
    target.chmod(0o666)
    limit = (
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
    )
    assert "larger than the file system or a limit allows" in run_as_nobody(limit, target)
    assert target.read_bytes() == b"old"
    assert alone(target)


def test_a_kill_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """Killed at any moment, the writer leaves one whole content, and debris that can be cleared."""
    target = tmp_path / "file"
    write_atomically(target, b"\0" * 200_000)
    code = (
        "import sys, pathlib\nfrom jupyter_secure.store.atomic import write_atomically\n"
        "print('ready', flush=True)\n"
        "for turn in range(10**9):\n"
        "    content = [bytes([turn % 256]) * 1000] * 200\n"
        "    write_atomically(pathlib.Path(sys.argv[1]), content)\n"
    )
    rng = random.Random(20261)
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(rng.uniform(0, 0.03))
            writer.send_signal(signal.SIGKILL)
        content = target.read_bytes()
        assert len(content) == 200_000
        assert len(set(content)) == 1
    remove_debris(tmp_path)
    assert alone(target)


# ── what is left behind ────────────────────────────────────────────────────────────────────────


def test_debris_is_removed(target: Path) -> None:
    """Old temporary files go; everything else stays, whatever it is called."""
    folder = target.parent
    old = time.time() - 2 * atomic.STALE_SECONDS
    debris = folder / ".~jsec-0123456789abcdef"
    fresh = folder / ".~jsec-fedcba9876543210"
    others = [
        folder / ".~notebook.ipynb",
        folder / ".~jsec-notes",
        folder / ".~jsec-0123456789abcdef.ipynb",
        folder / "x.~jsec-0123456789abcdef",
    ]
    for path in (debris, fresh, *others):
        path.write_bytes(b"")
    subfolder = folder / ".~jsec-aaaaaaaaaaaaaaaa"
    subfolder.mkdir()
    link = folder / ".~jsec-bbbbbbbbbbbbbbbb"
    link.symlink_to(target)
    for path in (debris, *others, subfolder, target):
        os.utime(path, (old, old))
    assert remove_debris(folder) == 1
    assert set(folder.iterdir()) == {target, fresh, subfolder, link, *others}


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux names its boot")


@linux_only
def test_what_is_being_written_is_left_alone(target: Path) -> None:
    """A file that its writer still holds stays, however old; a moment after its death it goes."""
    file = AtomicFile(target)
    file.write(b"new")
    (temporary_file,) = target.parent.glob(".~jsec-*")
    os.utime(temporary_file, (0, 0))
    assert remove_debris(target.parent, older_than=0) == 0
    file.commit()
    assert target.read_bytes() == b"new"
    dead = AtomicFile(target)
    os.close(dead._descriptor)
    os.close(dead._held)  # as the system does when a process ends
    assert remove_debris(target.parent) == 1
    assert alone(target)


@linux_only
@pytest.mark.parametrize("when", ["before the lock", "after it was removed"])
def test_taken_for_left_behind(target: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Someone clearing up between the making of a file and its lock costs the writer nothing."""
    import fcntl

    flock, cleaners = fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not cleaners:
            (found,) = target.parent.glob(".~jsec-*")
            cleaners.append(os.open(found, os.O_RDONLY))
            flock(cleaners[0], operation)
            found.unlink()
            if when == "after it was removed":
                flock(cleaners[0], fcntl.LOCK_UN)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    write_atomically(target, b"new")
    os.close(cleaners[0])
    assert target.read_bytes() == b"new"
    assert alone(target)


def test_without_locks_age_tells(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without locks everything can be written, and only what is old goes."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    file = AtomicFile(target)
    assert remove_debris(target.parent) == 0
    (temporary_file,) = target.parent.glob(".~jsec-*")
    file.commit()
    assert alone(target)
    temporary_file.write_bytes(b"")
    os.utime(temporary_file, (0, 0))
    assert remove_debris(target.parent) == 1


def test_a_missing_folder_has_no_debris(tmp_path: Path) -> None:
    """Clearing a folder that is not there clears nothing and says so."""
    assert remove_debris(tmp_path / "missing") == 0


def test_keeps_times(tmp_path: Path) -> None:
    """The new content can be given the times of the old."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.utime(path, ns=(1_600_000_000_000_000_001, 1_500_000_000_000_000_003))
    before = path.stat()
    with AtomicFile(path) as file:
        file.write(b"new")
        file.keep_times(before)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_removed_since(tmp_path: Path) -> None:
    """Nor does it bring back a file that was removed meanwhile."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    file = AtomicFile(path, unchanged=path.stat())
    path.unlink()
    with pytest.raises(Conflict):
        file.commit()
    assert os.listdir(tmp_path) == []


def test_changed_since(tmp_path: Path) -> None:
    """New content that was made from a file does not replace what came in its place meanwhile."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    file = AtomicFile(path, unchanged=path.stat())
    file.write(b"made from old")
    path.write_bytes(b"newer work")
    with pytest.raises(Conflict):
        file.commit()
    assert path.read_bytes() == b"newer work"
    assert os.listdir(tmp_path) == ["a"]


def test_finished_and_not_yet_in_place(tmp_path: Path) -> None:
    """What is finished can be read back while the old content is in place, and then committed."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    file = AtomicFile(path)
    file.write(b"new")
    written = file.finish()
    assert (written.read_bytes(), path.read_bytes()) == (b"new", b"old")
    assert file.finish() == written
    file.commit()
    assert path.read_bytes() == b"new"
    file.abort()
    assert os.listdir(tmp_path) == ["a"]
    assert path.read_bytes() == b"new"
