"""Sealing and opening whole trees, killed at any moment and on disks that refuse."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import migrating
from support.crash import PASSWORD, USER, Place, furnish
from support.home import bare_variables
from support.traps import FAILURES, failing, trapped

from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.vault import Vault

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no fork and no SIGKILL"),
]

KILLED = -9
SEED = 20263
DIRECTIONS = pytest.mark.parametrize("action", ["seal", "open"])


class Midwife:
    """Gives life to one process after the other that seals or opens the tree, and takes it."""

    def __init__(self, place: Place, process: subprocess.Popen[str]) -> None:
        self.place = place
        self._process = process

    @property
    def tree(self) -> Path:
        """The files."""
        return self.place.tree

    @property
    def vault(self) -> Vault:
        """What opens them."""
        return self.place.vault

    def life(self, *works: str, **end: float) -> bool:
        """Return whether it was killed, False if it was done before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"works": works, "version": 1, **end}) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        assert status in (0, KILLED), "it failed of something else; see above"
        return status == KILLED

    def begin_with(self, action: str) -> None:
        """Bring the tree into the form that ``action`` begins with."""
        shutil.rmtree(self.tree, ignore_errors=True)
        migrating.plant(self.tree)
        if action == "open":
            migrating.turn(self.tree, self.vault, "seal")


@pytest.fixture(scope="module")
def midwife(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midwife]:
    keyring, root = Keyring.create(USER, PASSWORD, profile=OWASP_MINIMUM)
    root.wipe()
    place = furnish(tmp_path_factory.mktemp("place"), keyring)
    process = subprocess.Popen(
        [sys.executable, "-m", "support.crash", str(place.folder)],
        env=bare_variables(tmp_path_factory.mktemp("home")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Midwife(place, process)


@DIRECTIONS
def test_killed_at_each_step(midwife: Midwife, action: str) -> None:
    """Wherever in its calls to the system it dies, each file is whole; the next run finishes."""
    debris, between = 0, 0
    for step in range(1, 1000):
        midwife.begin_with(action)
        if not midwife.life(f"{action}_tree", kill_at=step):
            break
        sealed, left = migrating.check(midwife.tree, midwife.vault)
        debris += len(left)
        between += 0 < len(sealed) < len(migrating.SIZES)
        done = migrating.turn(midwife.tree, midwife.vault, action)
        assert done.failures == []
        sealed, left = migrating.check(midwife.tree, midwife.vault)
        assert len(sealed) == (len(migrating.SIZES) if action == "seal" else 0)
        assert left == [], "what a dead process left was not removed"
    else:
        raise AssertionError("it never ends")
    assert debris
    assert between


@pytest.mark.parametrize("jobs", ["", "s"], ids=["one at a time", "several"])
def test_killed_at_any_moment(midwife: Midwife, jobs: str) -> None:
    """A hundred deaths at random moments, in both directions, lose nothing."""
    rng = random.Random(SEED)
    works = (f"seal_tree{jobs}", f"open_tree{jobs}")
    midwife.begin_with("seal")
    debris, forms = 0, set()
    for _ in range(100):
        assert midwife.life(*works, delay=rng.uniform(0, 0.08))
        sealed, left = migrating.check(midwife.tree, midwife.vault)
        debris += len(left)
        forms.add(len(sealed))
    assert debris
    assert len(forms) > 2, "it was never killed between two files"
    migrating.turn(midwife.tree, midwife.vault, "seal")
    assert migrating.check(midwife.tree, midwife.vault) == (set(migrating.SIZES), [])


@DIRECTIONS
@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_each_call_can_fail(midwife: Midwife, action: str, number: int, lasting: bool) -> None:
    """Whichever call to the system fails, the file is reported and whole, the others are done."""
    refused, at = 0, 0
    while True:
        # Every third: all of them, for each error, would be thousands of runs.
        at += 3
        midwife.begin_with(action)
        before = set(os.listdir("/proc/self/fd")) if sys.platform == "linux" else set()
        with trapped(failing(at, number, lasting=lasting)) as seen:
            done = migrating.turn(midwife.tree, midwife.vault, action)
        if before:
            assert set(os.listdir("/proc/self/fd")) == before
        sealed, left = migrating.check(midwife.tree, midwife.vault)
        assert left == []
        refused += len(done.failures)
        turned = sealed if action == "seal" else set(migrating.SIZES) - sealed
        names = {one.path.relative_to(midwife.tree).as_posix() for one in done.failures}
        assert turned | names == set(migrating.SIZES)
        for failure in done.failures:
            assert failure.error.why
            assert failure.error.remedy
        if len(seen) < at:
            break
    assert refused


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a file system of its own with 4 MiB."""
    folder = tmp_path_factory.mktemp("disk")
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=4M", "tmpfs", str(folder)]
    if os.geteuid() or not mount or subprocess.run(command, check=False).returncode:
        if os.geteuid() == 0 and os.environ.get("CI") == "true":
            pytest.fail("root cannot mount a small disk, and in CI it is meant to")
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@DIRECTIONS
def test_a_full_disk(small_disk: Path, midwife: Midwife, action: str) -> None:
    """What there is no room for is left as it is and named; with room again it is done."""
    tree = small_disk / action
    migrating.plant(tree)
    if action == "open":
        migrating.turn(tree, midwife.vault, "seal")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        # Room for the small files, not for the largest.
        file.write(bytes((3 << 20) - 1_500_000 - 500_000))
        os.fsync(file.fileno())
        while os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize > 700_000:
            file.write(bytes(4096))
    done = migrating.turn(tree, midwife.vault, action)
    assert [failure.path.name for failure in done.failures] == ["d.ipynb"]
    assert "The disk is full" in str(done.failures[0].error)
    assert migrating.check(tree, midwife.vault)[1] == []
    filler.unlink()
    done = migrating.turn(tree, midwife.vault, action)
    assert (done.files_done, done.failures) == (1, [])
    migrating.check(tree, midwife.vault)
    shutil.rmtree(tree)


@pytest.mark.skipif(sys.platform != "linux", reason="a read-only mount of a folder")
@DIRECTIONS
def test_a_read_only_disk(small_disk: Path, midwife: Midwife, action: str) -> None:
    """On a read-only file system every file is named, and nothing is changed."""
    tree = small_disk / f"read-only-{action}"
    migrating.plant(tree)
    if action == "open":
        migrating.turn(tree, midwife.vault, "seal")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        done = migrating.turn(tree, midwife.vault, action)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert (done.files_done, len(done.failures)) == (0, len(migrating.SIZES))
    assert all("read-only" in str(failure.error) for failure in done.failures)
    sealed, left = migrating.check(tree, midwife.vault)
    assert (len(sealed), left) == (0 if action == "seal" else len(migrating.SIZES), [])
    shutil.rmtree(tree)
