"""A disk that refuses, at every call there is: the old content stays, and the message helps."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.crash import (
    ALICE,
    NOW,
    PASSWORD,
    PLAIN,
    USER,
    Place,
    Writer,
    furnish,
    session,
    version_of,
)
from support.home import bare_variables
from support.traps import FAILURES, failing, trapped

from jupyter_secure.app.setup import set_up
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import SecureError, StateUnusable, StorageFailed
from jupyter_secure.locks import Lock, LockMode
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.sessions import DatabaseSessions
from jupyter_secure.vault.envelope import FileClass, is_sealed
from jupyter_secure.vault.keyring import Keyring

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX's calls and limits"),
]


@pytest.fixture(scope="module")
def keyring() -> Keyring:
    keyring, root = Keyring.create(USER, PASSWORD, profile=OWASP_MINIMUM)
    return keyring.add_password_slot(root, "bob", PASSWORD + "!", profile=OWASP_MINIMUM)


@pytest.fixture(scope="module")
def place(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return furnish(tmp_path_factory.mktemp("place"), keyring)


@pytest.fixture
def writer(place: Place) -> Iterator[Writer]:
    writer = Writer(place, 0)
    yield writer
    writer.close()


def contents(place: Place) -> dict[str, bytes]:
    """Return what each file below the root holds, opened if it is sealed."""
    found = {}
    for path in sorted(place.root.rglob("*")):
        if path.is_file():
            blob = path.read_bytes()
            if is_sealed(blob[:8]):
                history = path.name == "kept-checkpoint.ipynb"
                kind = FileClass.HISTORY if history else FileClass.CONTENT
                blob = place.vault.open_bytes(blob, expect=kind).data
            found[str(path.relative_to(place.root))] = blob
    return found


def descriptors() -> int:
    """Count the files that are open, but for the database's, whose connections stay."""
    if sys.platform != "linux":
        return 0
    opened = (Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
    return sum("state.db" not in _target(one) for one in opened)


def _target(descriptor: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return str(descriptor.readlink())
    return ""


def each_failure(
    number: int, work: Callable[[], object], *, lasting: bool = False
) -> Iterator[SecureError | None]:
    """Fail the first call of ``work``, at its next run the second, until there is none left."""
    for at in range(1, 1000):
        refused: SecureError | None = None
        try:
            with trapped(failing(at, number, lasting=lasting)) as seen:
                work()
        except (StorageFailed, StateUnusable) as error:
            refused = error
        assert refused is None or (refused.why and refused.remedy)
        yield refused
        if len(seen) < at:
            assert at > 1, "nothing was trapped"
            return
    raise AssertionError("it never ends")


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("work", ["save", "upload", "checkpoint", "restore", "seal", "copy_folder"])
def test_each_call_can_fail(writer: Writer, work: str, number: int, lasting: bool) -> None:
    """Whichever call of a write fails, all is old or all is new, and nothing is left over."""
    place, refused = writer.place, 0
    before, open_before = contents(place), descriptors()
    for error in each_failure(number, getattr(writer, work), lasting=lasting):
        now = contents(place)
        refused += error is not None
        if error is not None and work != "checkpoint":  # which saves first
            assert now == before
        if work == "copy_folder" and error is None:
            copy = place.root / f"copy-{writer.version}"
            assert sorted(path.name for path in copy.iterdir()) == ["inner.ipynb", "plain.csv"]
            shutil.rmtree(copy)
            now = contents(place)
        assert now.keys() == before.keys()
        for name, data in now.items():
            known = "kept.ipynb" if name == "restored.ipynb" else name.replace("-checkpoint", "")
            if data != before[name]:
                version_of(data, known)  # which fails unless it is a whole one
        assert descriptors() == open_before
        before = now
    assert refused


@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
def test_each_call_of_the_keys_can_fail(writer: Writer, number: int) -> None:
    """vault.json is as it was, or as it was to be, and nothing lies beside it."""
    state = writer.place.folder / "state"
    without = writer.place.keyring.remove_slot(writer.place.vault.root(), "bob")
    whole = {keyring.to_json() for keyring in (writer.place.keyring, without)}
    refused = 0
    for error in each_failure(number, writer.keys):
        refused += error is not None
        assert (state / "vault.json").read_bytes() in whole
        assert list(state.glob(".~jsec-*")) == []
    assert refused


@pytest.mark.usefixtures("cheap_passwords")
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
def test_each_call_of_init_can_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, lasting: bool
) -> None:
    """A set-up that fails anywhere takes everything back, or has succeeded."""
    for name, value in bare_variables(tmp_path).items():
        if name.startswith(("JUPYTER", "IPYTHON", "HOME")):
            monkeypatch.setenv(name, value)
    prepared = set_up.prepare(set_up.Wishes(USER, PASSWORD), NOW)
    refused = 0
    for error in each_failure(number, lambda: set_up.commit(prepared), lasting=lasting):
        if error is None:
            for name in ("data", "config", "ipython"):
                shutil.rmtree(tmp_path / name)
        else:
            refused += 1
        # An empty folder that is meant for settings may stay; the state's folder does not.
        assert not (tmp_path / "data" / "secure").exists()
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert refused


# ── disks that are really full ──────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a file system of its own with 3 MiB."""
    folder = tmp_path_factory.mktemp("disk")
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=3M", "tmpfs", str(folder)]
    if os.geteuid() or not mount or subprocess.run(command, check=False).returncode:
        # A limit on the size of files, below, is real too, and needs no rights.
        if os.geteuid() == 0 and os.environ.get("CI") == "true":
            pytest.fail("root cannot mount a small disk, and in CI it is meant to")
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Use up the room to the last byte."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def test_a_full_disk(small_disk: Path, keyring: Keyring) -> None:
    """On a full disk every write says so and changes nothing; with room again all goes on."""
    place = furnish(small_disk / "place", keyring)
    writer = Writer(place, 2)
    with open(os.devnull, "wb") as nowhere:  # the notes would need room as well
        os.dup2(nowhere.fileno(), writer.notes)
    try:
        before = contents(place)
        fill(small_disk)
        for work in ("save", "upload", "checkpoint", "restore", "seal", "copy_folder", "keys"):
            with pytest.raises(
                (StorageFailed, StateUnusable), match=r"disk is full|could not be copied"
            ):
                getattr(writer, work)()
            assert contents(place) == before
            assert max(path.name for path in (place.folder / "state").iterdir()) == "vault.json"
        check_database_is_full(writer)
        (small_disk / "filler").unlink()
        for work in ("save", "upload", "checkpoint", "restore", "seal", "keys", "log_in"):
            getattr(writer, work)()
    finally:
        writer.close()


def check_database_is_full(writer: Writer) -> None:
    """Check that no transaction takes effect in part."""
    locks, sessions = DatabaseLocks(writer.database), DatabaseSessions(writer.database)
    held = locks.list()
    before = (held, DatabaseAccounts(writer.database).list(), sessions.of_run("run"))
    for work in (
        lambda: locks.put(Lock("new.ipynb", None, LockMode.READ_ONLY, USER, NOW)),
        lambda: locks.copy("folder-0", f"folder-{len(locks.list())}"),
        lambda: DatabaseAccounts(writer.database).accept_step(USER, 1),
        lambda: sessions.add(session(1)),
        writer.add_account,
    ):
        with pytest.raises(StateUnusable, match="disk is full") as caught:
            for _ in range(100):  # the log that SQLite writes first may have room for a few
                work()
                before = (
                    locks.list(),
                    DatabaseAccounts(writer.database).list(),
                    sessions.of_run("run"),
                )
        assert caught.value.remedy
        assert (
            locks.list(),
            DatabaseAccounts(writer.database).list(),
            sessions.of_run("run"),
        ) == before


def test_a_real_limit_on_the_size_of_files(place: Place) -> None:
    """Where the system cuts a write short, whoever runs it: the old content stays, in words."""
    before = contents(place)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            writer = Writer(place, 2)
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
            refused = 0
            for work in ("save", "upload", "seal"):
                try:
                    getattr(writer, work)()
                except StorageFailed as error:
                    refused += "a limit allows" in str(error)
            status = 0 if refused == 3 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert contents(place) == before


# ── what is sealed stays sealed ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("how", ["write", "begin"])
def test_no_look_at_what_was_there(
    place: Place, writer: Writer, monkeypatch: pytest.MonkeyPatch, number: int, how: str
) -> None:
    """A sealed file that no pattern names is not written in plain text for want of a look at it."""
    path = place.root / "sealed.csv"
    writer.content.write(path, PLAIN, ALICE, seal=True)
    before = path.read_bytes()

    def refuse(*_: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("jupyter_secure.app.content.opening.open", refuse, raising=False)
    with pytest.raises(SecureError):
        if how == "write":
            writer.content.write(path, b"new", ALICE)
        else:
            writer.content.begin(path, ALICE).abort()
    assert path.read_bytes() == before
    path.unlink()
