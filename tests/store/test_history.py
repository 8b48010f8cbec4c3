from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pygit2
import pytest
from support.kept_versions import FILE, KEY, OTHER, following, keep, text

from jupyter_secure.errors import CorruptFile, NotFound, StateUnusable
from jupyter_secure.history.notebook_key import KEY_BYTES, NotebookKey
from jupyter_secure.history.version import Kind, Version
from jupyter_secure.store import history_packing, history_tidying
from jupyter_secure.store.history import DIRECTORY, GitHistory


@pytest.fixture
def history(tmp_path: Path) -> GitHistory:
    return GitHistory(tmp_path)


def test_nothing_yet(history: GitHistory, tmp_path: Path) -> None:
    """Looking for versions where there are none finds none and makes nothing."""
    assert list(history.versions(FILE)) == []
    assert list(history.newest()) == []
    assert history.sealed_key(FILE) is None
    with pytest.raises(NotFound):
        history.read(KEY, FILE, 1)[1]
    assert not (tmp_path / DIRECTORY).exists()


def test_keeps(history: GitHistory, tmp_path: Path) -> None:
    """Each version comes back whole, newest first, also to another process."""
    contents = [b"", text(), text()[:-100] + b"an edit", os.urandom(200_000)]
    kept = [keep(history, content) for content in contents]
    other = GitHistory(tmp_path)
    assert list(other.versions(FILE, KEY)) == kept[::-1]
    for version, content in zip(kept, contents, strict=True):
        assert other.read(KEY, FILE, version.number)[1] == content
    with pytest.raises(NotFound):
        other.read(KEY, FILE, 99)[1]


def test_only_ciphertext(history: GitHistory, tmp_path: Path) -> None:
    """No object and no file of the repository holds a line of the notebook."""
    keep(history, text(lines=20_000))
    git = pygit2.Repository(str(tmp_path / DIRECTORY))
    for object_id in git:
        assert b"secret" not in git.read(object_id)[1]
    assert len(list(git)) > 10
    assert (tmp_path / DIRECTORY).stat().st_mode & 0o077 == 0


def test_what_is_the_same_is_kept_once(history: GitHistory, tmp_path: Path) -> None:
    """An edit adds a handful of objects, however large the notebook is; also after a restart."""
    content = text(lines=20_000)
    keep(history, content)
    git = pygit2.Repository(str(tmp_path / DIRECTORY))
    before = len(list(git))
    keep(GitHistory(tmp_path), content.replace(b'secret\\n",\n', b'edited\\n",\n', 1))
    assert 0 < len(list(git)) - before <= 6


def test_nothing_to_keep(history: GitHistory) -> None:
    """Who has nothing new to keep keeps nothing."""
    first = keep(history, b"x")
    history.keep(FILE, KEY, lambda _: [])
    assert list(history.versions(FILE)) == [first]


def test_each_notebook_apart(history: GitHistory) -> None:
    """Notebooks have histories of their own, and the newest of each is found."""
    keep(history, b"one")
    one, other = keep(history, b"two"), keep(history, b"three", file_id=OTHER)
    assert {version.file_id: version for version in history.newest()} == {FILE: one, OTHER: other}
    assert [version.number for version in history.versions(OTHER)] == [1]


def test_several_at_once(history: GitHistory, tmp_path: Path) -> None:
    """Versions that are kept together are as if each was kept by itself."""
    texts = [text(), text().replace(b"secret", b"other", 1), b"short", text()]
    keep(history, *texts[:2])
    keep(history, *texts[2:])
    assert [one.number for one in history.versions(FILE, KEY)] == [4, 3, 2, 1]
    for other in (history, GitHistory(tmp_path)):
        assert [other.read(KEY, FILE, number)[1] for number in (1, 2, 3, 4)] == texts
    assert len(list(tmp_path.glob("history.git/objects/pack/*.pack"))) == 2


def test_described_anew(history: GitHistory) -> None:
    """The newest version can be described anew, with others after it or without."""
    first, second = keep(history, b"one"), keep(history, b"two")
    by_hand = second.marked(Kind.MANUAL)
    history.keep(FILE, KEY, lambda newest: [(newest.marked(Kind.MANUAL), None)] if newest else [])
    assert list(history.versions(FILE, KEY)) == [by_hand, first]

    def restored_and_more(newest: Version | None) -> list[tuple[Version, bytes | None]]:
        assert newest is not None
        return [(newest.marked(Kind.RESTORED), None), *following(b"three")(newest)]

    history.keep(FILE, KEY, restored_and_more)
    third, again, before = history.versions(FILE, KEY)
    assert (third.number, again, before) == (3, second.marked(Kind.RESTORED), first)
    assert [history.read(KEY, FILE, number)[1] for number in (1, 2, 3)] == [
        b"one",
        b"two",
        b"three",
    ]


def test_retain(history: GitHistory) -> None:
    """What is dropped is gone, and what stays keeps its number, its content and its MAC."""
    for number in range(1, 8):
        keep(history, b"content %d" % number)
    assert history.retain(FILE, [1, 4, 7]) == 4
    assert [version.number for version in history.versions(FILE, KEY)] == [7, 4, 1]
    assert history.read(KEY, FILE, 4)[1] == b"content 4"
    with pytest.raises(NotFound):
        history.read(KEY, FILE, 5)[1]
    assert keep(history, b"next").number == 8


def test_retain_what_came_meanwhile(history: GitHistory) -> None:
    """What was kept after somebody looked which may go is not dropped with them."""
    for number in range(1, 7):
        keep(history, b"content %d" % number)
    assert history.retain(FILE, [1, 4]) == 2
    assert [version.number for version in history.versions(FILE, KEY)] == [6, 5, 4, 1]


@pytest.mark.parametrize("staying", [[], [99], [1, 2]])
def test_retain_nothing_or_all(history: GitHistory, staying: list[int]) -> None:
    """A history never becomes empty by thinning, and is not rewritten for nothing."""
    keep(history, b"one"), keep(history, b"two")
    assert history.retain(FILE, staying) == 0
    assert len(list(history.versions(FILE))) == 2


def test_key(history: GitHistory, tmp_path: Path) -> None:
    """A notebook's sealed key is kept, and replaced."""
    history.set_sealed_key(FILE, b"sealed")
    history.set_sealed_key(FILE, b"sealed anew")
    assert GitHistory(tmp_path).sealed_key(FILE) == b"sealed anew"
    assert history.sealed_key(OTHER) is None


@pytest.mark.parametrize(
    "path",
    [
        "a/b/c.ipynb",
        ".git",
        "..",
        "x/.",
        "new\nline",
        "\udcff",
        "ü" * 2000,
        "\u202egnp.ipynb",
        "-x",
    ],
)
def test_wild_names(history: GitHistory, tmp_path: Path, path: str) -> None:
    """Whatever a notebook is called, its versions are kept and Git finds nothing wrong."""
    history.keep(FILE, KEY, following(text(), path=path))
    assert next(history.versions(FILE, KEY)).path == path
    checked = subprocess.run(
        ["git", "-C", tmp_path / DIRECTORY, "fsck", "--strict"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_threads(history: GitHistory, tmp_path: Path) -> None:
    """Whoever saves at once, in one process or several, each version is kept once."""
    ways = [history, GitHistory(tmp_path), GitHistory(tmp_path)]
    threads = [
        threading.Thread(target=lambda way=way, at=at: keep(way, b"%d" % at))
        for at, way in enumerate(ways * 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [version.number for version in history.versions(FILE, KEY)] == list(range(12, 0, -1))


def test_tidied_meanwhile(history: GitHistory, tmp_path: Path) -> None:
    """What somebody removed from the repository is not taken to be there still."""
    content = text()
    keep(history, content)
    git = pygit2.Repository(str(tmp_path / DIRECTORY))
    for name in list(git.references):
        git.references.delete(name)
    subprocess.run(["git", "-C", tmp_path / DIRECTORY, "gc", "-q", "--prune=now"], check=True)
    keep(history, content + b"more")
    assert GitHistory(tmp_path).read(KEY, FILE, 1)[1] == content + b"more"


def _objects(path: Path) -> list[Path]:
    return [one for one in (path / DIRECTORY / "objects").rglob("*") if one.is_file()]


@pytest.mark.parametrize("kind", [".pack", ".idx", ""])
@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_damaged(history: GitHistory, tmp_path: Path, damage: bytes | None, kind: str) -> None:
    """A damaged repository is an error in words, and never another content."""
    keep(history, b"x" * 2000)
    copy = tmp_path / "copy"  # of which nothing is in this process's memory
    shutil.copytree(tmp_path / DIRECTORY, copy / DIRECTORY)
    for one in _objects(copy):
        if kind in one.name:
            one.chmod(0o600)
            one.unlink() if damage is None else one.write_bytes(damage)
    with pytest.raises((StateUnusable, CorruptFile), match=r"history|version"):
        GitHistory(copy).read(KEY, FILE, 1)[1]


def test_swapped(history: GitHistory, tmp_path: Path) -> None:
    """One notebook's versions put in the place of another's are found out."""
    keep(history, b"one")
    other_key = NotebookKey(os.urandom(KEY_BYTES))
    history.keep(OTHER, other_key, following(b"other", file_id=OTHER, key=other_key))
    git = pygit2.Repository(str(tmp_path / DIRECTORY))
    planted = git.references[f"refs/notebooks/{OTHER.hex()}"].target
    git.references.create(f"refs/notebooks/{FILE.hex()}", planted, force=True)
    for look in (lambda: list(history.versions(FILE, KEY)), lambda: history.read(KEY, FILE, 1)[1]):
        with pytest.raises(CorruptFile):
            look()
    with pytest.raises(CorruptFile):
        list(history.versions(FILE))


def test_half_made(history: GitHistory, tmp_path: Path) -> None:
    """A repository that was begun and not finished when the power went is made anew."""
    (tmp_path / f"{DIRECTORY}.tmp" / "objects").mkdir(parents=True)
    keep(history, b"x")
    assert history.read(KEY, FILE, 1)[1] == b"x"


def test_lock_left_behind(history: GitHistory, tmp_path: Path) -> None:
    """A lock file that a killed writer left does not stop the next one."""
    keep(history, b"one")
    (tmp_path / DIRECTORY / "refs" / "notebooks" / f"{FILE.hex()}.lock").touch()
    keep(history, b"two")
    assert history.read(KEY, FILE, 2)[1] == b"two"


def test_not_a_repository(history: GitHistory, tmp_path: Path) -> None:
    """A folder that is no repository is an error in words."""
    (tmp_path / DIRECTORY).mkdir()
    with pytest.raises(StateUnusable, match=DIRECTORY):
        list(history.versions(FILE))


def test_tidy(history: GitHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tidying packs what has become many, loses nothing, and goes on working."""
    monkeypatch.setattr(history_tidying, "SMALL_PACKS", 3)
    monkeypatch.setattr(history_tidying, "SMALL_BYTES", 20_000)
    monkeypatch.setattr(history_tidying, "PACKS", 3)
    monkeypatch.setattr(history_tidying, "BRANCHES", 1)
    history.set_sealed_key(FILE, b"sealed")
    for number in range(40):
        keep(history, text(number, lines=200))
        history_packing.tidy(tmp_path / DIRECTORY)
    packs = list((tmp_path / DIRECTORY / "objects" / "pack").glob("*.pack"))
    assert 1 <= len(packs) <= 6
    assert len(_objects(tmp_path)) < 40
    for number in range(40):
        assert history.read(KEY, FILE, number + 1)[1] == text(number, lines=200)
    assert GitHistory(tmp_path).sealed_key(FILE) == b"sealed"


def test_tidy_frees(history: GitHistory, tmp_path: Path) -> None:
    """What was thinned out is gone from the disk once everything is tidied, and only that."""
    for number in range(20):
        keep(history, os.urandom(20_000) + b"%d" % number)
    last = history.read(KEY, FILE, 20)[1]
    before = sum(one.stat().st_size for one in _objects(tmp_path))
    history.retain(FILE, [20])
    assert history.tidy(everything=True) > 300_000
    assert sum(one.stat().st_size for one in _objects(tmp_path)) < before / 10
    assert history.read(KEY, FILE, 20)[1] == last
    assert keep(history, last + b"!").number == 21
    assert GitHistory(tmp_path).read(KEY, FILE, 21)[1] == last + b"!"


def test_tidy_nothing(history: GitHistory, tmp_path: Path) -> None:
    """Where no version was kept yet, there is nothing to tidy and nothing is made."""
    assert history.tidy(everything=True) == 0
    assert not (tmp_path / DIRECTORY).exists()


def test_tidying_cut_short(history: GitHistory, tmp_path: Path) -> None:
    """What a killed tidying left is cleared away by the next."""
    keep(history, b"x")
    (tmp_path / DIRECTORY / "objects" / "tidying").mkdir()
    (tmp_path / DIRECTORY / "objects" / "tidying" / "pack-half.pack").touch()
    history.tidy(everything=True)
    history.tidy(everything=True)
    assert history.read(KEY, FILE, 1)[1] == b"x"
