"""A repository of versions that others have damaged, filled or hold: in words, and saves go on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from support.kept_versions import FILE, KEY, OTHER, keep, text

from jupyter_secure.errors import CorruptFile, StateUnusable
from jupyter_secure.store import history as store_history
from jupyter_secure.store import history_tidying, one_writer
from jupyter_secure.store.history import DIRECTORY, GitHistory
from jupyter_secure.store.history_branches import Branches
from jupyter_secure.store.history_index import Index
from jupyter_secure.store.history_objects import NewObjects
from jupyter_secure.store.history_pack import COMMIT, TREE
from jupyter_secure.store.history_packs import Objects
from jupyter_secure.store.history_reading import content_of, tip_of


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A repository with three versions of one notebook and one of another; its folder."""
    keep(GitHistory(tmp_path), b"other", file_id=OTHER)
    for number in range(3):
        keep(GitHistory(tmp_path), text(lines=500) + b"%d" % number)
    return tmp_path / DIRECTORY


def files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)
    for one in found:
        one.chmod(0o600)
    return found


def half_pack(folder: Path) -> None:
    """Cut the newest version's pack short."""
    pack = files(folder, "objects/pack/*.pack")[-1]
    pack.write_bytes(pack.read_bytes()[: pack.stat().st_size // 2])


def broken_index(folder: Path) -> None:
    """Let the newest version's index name other objects."""
    index = files(folder, "objects/pack/*.idx")[-1]
    blob = bytearray(index.read_bytes())
    blob[8 + 256 * 4 :] = os.urandom(len(blob) - 8 - 256 * 4)
    index.write_bytes(blob)


def missing_pack(folder: Path) -> None:
    """Take the newest version's pack away, and leave its index."""
    files(folder, "objects/pack/*.pack")[-1].unlink()


def empty_branch(folder: Path) -> None:
    """Leave a branch as some file systems do after a power cut."""
    (folder / "refs" / "notebooks" / FILE.hex()).write_bytes(b"")


def wild_branch(folder: Path) -> None:
    """Let a branch say something else."""
    (folder / "refs" / "notebooks" / FILE.hex()).write_bytes(b"ref: refs/heads/main\n")


def branch_into_nothing(folder: Path) -> None:
    """Let a branch lead to an object that is not there."""
    (folder / "refs" / "notebooks" / FILE.hex()).write_bytes(b"a" * 40 + b"\n")


def branch_to_a_chunk(folder: Path) -> None:
    """Let a branch lead to something that is no version."""
    new = NewObjects()
    blob = new.blob(b"no version")
    new.write(folder)
    (folder / "refs" / "notebooks" / FILE.hex()).write_text(blob.hex() + "\n")


def wild_commit(folder: Path) -> None:
    """Let a branch lead to a commit that Git would not write."""
    new = NewObjects()
    name = new._take(COMMIT, b"tree zz\nparent \xff\n\nx")
    new.write(folder)
    (folder / "refs" / "notebooks" / FILE.hex()).write_text(name.hex() + "\n")


DAMAGE = [
    half_pack,
    broken_index,
    missing_pack,
    empty_branch,
    wild_branch,
    branch_into_nothing,
    branch_to_a_chunk,
    wild_commit,
]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda one: one.__name__)
def test_damaged_in_part(kept: Path, damage: Callable[[Path], None]) -> None:
    """What is damaged is told in words; other notebooks are listed, opened and kept as ever."""
    damage(kept)
    history = GitHistory(kept.parent)
    looks = (
        lambda: list(history.versions(FILE, KEY)),
        lambda: history.read(KEY, FILE, 3)[1],
        lambda: keep(history, b"next"),
    )
    for look in looks:
        with pytest.raises((CorruptFile, StateUnusable)) as caught:
            look()
        assert caught.value.why
        assert caught.value.remedy
    assert history.read(KEY, OTHER, 1)[1] == b"other"
    assert keep(history, b"more", file_id=OTHER).number == 2
    assert [one.file_id for one in history.newest()] == [OTHER]
    assert sorted(history.file_ids()) == sorted([FILE, OTHER])


@pytest.mark.parametrize("damage", DAMAGE[:3], ids=lambda one: one.__name__)
def test_damage_is_not_packed_away(kept: Path, damage: Callable[[Path], None]) -> None:
    """Where something is missing or unreadable, packing says so and removes nothing."""
    damage(kept)
    before = sorted(path.name for path in kept.glob("objects/pack/*"))
    with pytest.raises(StateUnusable, match="could not be packed") as caught:
        GitHistory(kept.parent).tidy(everything=True)
    assert caught.value.why
    assert sorted(path.name for path in kept.glob("objects/pack/*")) == before
    assert GitHistory(kept.parent).read(KEY, OTHER, 1)[1] == b"other"


def test_mended_from_a_backup(kept: Path) -> None:
    """What was put back is found, without a restart."""
    pack = files(kept, "objects/pack/*.idx")[-1]
    whole = pack.read_bytes()
    history = GitHistory(kept.parent)
    pack.write_bytes(b"nonsense")
    with pytest.raises(CorruptFile):
        history.read(KEY, FILE, 3)[1]
    pack.write_bytes(whole)
    assert history.read(KEY, FILE, 3)[1].endswith(b"2")


def test_foreign_files(kept: Path) -> None:
    """Files that are none of ours neither disturb nor disappear."""
    foreign = [
        kept / "objects" / "pack" / "notes.txt",
        kept / "objects" / "pack" / "pack-mine.idx",
        kept / "objects" / "zz",
        kept / "refs" / "notebooks" / "README",
        kept / "refs" / "heads" / "main",
        kept / "keys" / "mine",
        kept / "hooks" / "post-receive",
    ]
    for one in foreign:
        one.parent.mkdir(exist_ok=True)
        one.write_bytes(b"not ours")
    history = GitHistory(kept.parent)
    assert keep(history, b"next").number == 4
    assert len(list(history.newest())) == 2
    (kept / "refs" / "notebooks" / "README").unlink()  # for which Git itself would not pack
    (kept / "refs" / "heads" / "main").unlink()
    history.tidy(everything=True)
    assert history.read(KEY, FILE, 4)[1] == b"next"
    assert [one for one in foreign if not one.exists()] == foreign[3:5]


def test_branches_in_one_file(kept: Path) -> None:
    """Branches that Git put into one file are found, and a newer one in a file counts."""
    GitHistory(kept.parent).tidy(everything=True)
    assert list((kept / "refs" / "notebooks").iterdir()) == []
    history = GitHistory(kept.parent)
    assert sorted(history.file_ids()) == sorted([FILE, OTHER])
    assert keep(history, b"next").number == 4
    assert len(list(history.versions(FILE, KEY))) == 4
    (kept / "packed-refs").write_bytes(b"\0nonsense " * 50)
    assert history.read(KEY, FILE, 4)[1] == b"next"
    for look in (lambda: list(history.versions(OTHER)), history.file_ids):
        with pytest.raises(CorruptFile):
            look()
    with pytest.raises(CorruptFile):  # and no second history is begun beside the first
        keep(history, b"again", file_id=OTHER)


_HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's locks")
def test_held_by_another_process(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another process holds the repository and hangs, that is said, and reading goes on."""
    monkeypatch.setattr(store_history, "_PATIENCE_SECONDS", 0.05)
    place = kept.parent / history_tidying.WRITING_FILE
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(place)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        history = GitHistory(kept.parent)
        with pytest.raises(StateUnusable, match="Another program holds"):
            keep(history, b"next")
        assert len(list(history.versions(FILE, KEY))) == 3
        holder.kill()
    assert keep(history, b"next").number == 4


def test_packing_that_dies(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that packs and is ended by a signal ends nothing else, and that is said."""
    run = subprocess.run

    def run_and_kill(_: list[str], **options: object) -> object:
        options["check"] = False
        code = f"import os; os.kill(os.getpid(), {int(signal.SIGBUS)})"
        return run([sys.executable, "-c", code], **options)  # type: ignore[call-overload]

    history = GitHistory(kept.parent)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", run_and_kill)
        with pytest.raises(StateUnusable, match=f"signal {int(signal.SIGBUS)}"):
            history.tidy(everything=True)
    assert history.read(KEY, FILE, 3)[1].endswith(b"2")


def test_nothing_is_mapped(kept: Path) -> None:
    """Whoever keeps and reads versions loads no library that maps packs into memory."""
    code = (
        "import sys; from pathlib import Path\n"
        "from support.kept_versions import *\n"
        f"history = GitHistory(Path({str(kept.parent)!r}))\n"
        "keep(history, b'next'), list(history.newest()), history.tidy(everything=True)\n"
        "assert history.read(KEY, FILE, 4)[1] == b'next'\n"
        "assert 'pygit2' not in sys.modules\n"
    )
    tests = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tests)


def test_index_of_nothing(tmp_path: Path) -> None:
    """A file too short for an index is damage."""
    path = tmp_path / "short.idx"
    for blob in (b"", b"\xfftOc\0\0\0\2", b"\xfftOc\0\0\0\2" + b"\0" * 1000):
        path.write_bytes(blob)
        with pytest.raises(CorruptFile):
            Index.load(path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's locks")
def test_nobody_waits_in_vain_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one waited in vain, those who come after it are told so, and do not wait in turn."""
    monkeypatch.setattr(store_history, "_PATIENCE_SECONDS", 0.5)
    waits: list[float] = []
    locked_within = one_writer._locked_within

    def noted(descriptor: int, seconds: float) -> bool:
        waits.append(seconds)
        return locked_within(descriptor, seconds)

    monkeypatch.setattr(one_writer, "_locked_within", noted)
    place = kept.parent / history_tidying.WRITING_FILE
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(place)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        history = GitHistory(kept.parent)
        for _ in range(3):
            with pytest.raises(StateUnusable, match="Another program holds"):
                keep(history, b"next")
        holder.kill()
    assert waits[0] == 0.5
    assert waits[-1] == 0
    assert keep(history, b"next").number == 4


def test_versions_round_and_round(kept: Path) -> None:
    """A version that leads back to itself is damage, and nobody follows it for ever."""
    name = "ab" * 20
    tip = (kept / "refs" / "notebooks" / FILE.hex()).read_text().strip()
    objects = Objects(kept)
    objects.look()
    said = objects.get(bytes.fromhex(tip), COMMIT).decode()
    data = re.sub("parent [0-9a-f]{40}", f"parent {name}", said).encode()
    place = kept / "objects" / name[:2] / name[2:]
    place.parent.mkdir()
    place.write_bytes(zlib.compress(b"commit %d\0" % len(data) + data))
    (kept / "refs" / "notebooks" / FILE.hex()).write_text(f"{name}\n")
    with pytest.raises(CorruptFile):
        list(islice(GitHistory(kept.parent).versions(FILE, KEY), 10))


def test_a_chunk_named_many_times(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would become larger than the version said it is is not put together."""
    objects = Objects(kept)
    objects.look()
    tip = tip_of(objects, Branches(kept), FILE)
    assert tip is not None
    asked: list[bytes] = []
    get = objects.get

    def many(name: bytes, kind: bytes) -> bytes:
        asked.append(kind)
        data = get(name, kind)
        return data * 5000 if name == tip.tree else data

    monkeypatch.setattr(objects, "get", many)
    with pytest.raises(CorruptFile):
        content_of(objects, tip, KEY, FILE, {})
    assert asked.count(TREE) < 100
