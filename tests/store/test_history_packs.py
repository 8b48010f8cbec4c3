from __future__ import annotations

import contextlib
import errno
import io
import os
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kept_versions import FILE, KEY, OTHER, keep, text

from jupyter_secure.errors import CorruptFile, StateUnusable
from jupyter_secure.store import history_packs
from jupyter_secure.store.history import DIRECTORY, GitHistory
from jupyter_secure.store.history_index import Index
from jupyter_secure.store.history_pack import MOST_BYTES, Entry, changed, read_entry
from jupyter_secure.store.history_packs import Objects

CONTENTS = [text(lines=2000) + b"edit %d" % number for number in range(30)]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A repository with some versions of two notebooks; its folder."""
    keep(GitHistory(tmp_path), *CONTENTS)
    keep(GitHistory(tmp_path), b"the other one", file_id=OTHER)
    return tmp_path / DIRECTORY


def git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, input=given, capture_output=True).stdout


def packs(folder: Path, kind: str = "pack") -> list[Path]:
    return sorted((folder / "objects" / "pack").glob(f"*.{kind}"))


def objects(folder: Path) -> dict[str, tuple[bytes, bytes]]:
    """Return kind and data of every object, as Git itself reads them."""
    listed = git(folder, "cat-file", "--batch-all-objects", "--batch-check")
    found = {}
    for line in listed.decode().splitlines():
        name, kind, _ = line.split()
        found[name] = kind.encode(), git(folder, "cat-file", kind, name)
    return found


@pytest.mark.parametrize("by_offset", ["true", "false"])
def test_as_git_packs_them(kept: Path, by_offset: str) -> None:
    """What Git itself has packed, objects made from others among it, is read as Git reads it."""
    # Ciphertext is never made from another: something that is must come from elsewhere.
    data = b"".join(b"line %d\n" % number for number in range(5000))
    for number in range(60):
        git(kept, "hash-object", "-w", "--stdin", given=data + b"%d" % number)
        data = data.replace(b"line %d\n" % (number * 70), b"")
    config = ["-c", f"repack.usedeltabaseoffset={by_offset}"]
    git(kept, *config, "repack", "-a", "-d", "-f", "-q", "--keep-unreachable", "--depth=50")
    (index,) = packs(kept, "idx")
    assert b"chain length" in git(kept, "verify-pack", "-v", str(index))
    reader, expected = Objects(kept), objects(kept)
    assert sorted(expected) == sorted(name.hex() for name in Index.load(index).ids())
    for name, (kind, content) in expected.items():
        assert reader.get(bytes.fromhex(name), kind) == content
    assert GitHistory(kept.parent).read(KEY, FILE, 7)[1] == CONTENTS[6]


def test_loose(kept: Path) -> None:
    """Objects that lie in files of their own are read as well."""
    (pack, *others) = packs(kept)
    unpacked = {one: one.read_bytes() for one in (pack, *others)}
    for one in packs(kept, "*"):
        one.unlink()
    for data in unpacked.values():
        git(kept, "unpack-objects", "-q", given=data)
    assert packs(kept) == []
    assert GitHistory(kept.parent).read(KEY, FILE, 30)[1] == CONTENTS[29]


def test_large_offsets(kept: Path, tmp_path: Path) -> None:
    """Places beyond two gigabytes, which an index has apart, are found."""
    (index, *_) = packs(kept, "idx")
    made = tmp_path / "made.idx"
    with index.with_suffix(".pack").open("rb") as pack:
        git(
            kept,
            "index-pack",
            "--index-version=2,0x0c",
            "-o",
            str(made),
            str(index.with_suffix(".pack")),
        )
        ours, theirs = Index.load(index), Index.load(made)
        assert len(made.read_bytes()) > len(index.read_bytes())
        for name in ours.ids():
            offset = theirs.find(name)
            assert offset == ours.find(name)
            assert read_entry(pack, offset or 0).kind


@pytest.mark.parametrize("kind", ["pack", "idx"])
def test_cut_short_while_read(kept: Path, kind: str) -> None:
    """A file that is cut short in place, under whoever reads it, is an error and ends nothing."""
    whole = {one: one.read_bytes() for one in packs(kept, kind)}
    for part in range(0, 100, 3):
        history = GitHistory(kept.parent)
        listing = history.versions(FILE, KEY)
        next(listing)
        for one, data in whole.items():
            one.chmod(0o600)
            os.truncate(one, len(data) * part // 100)
        for look in (lambda: list(listing), lambda: history.read(KEY, FILE, 3)[1]):  # noqa: B023
            with contextlib.suppress(CorruptFile, StateUnusable):
                look()
        for one, data in whole.items():
            one.write_bytes(data)
    assert GitHistory(kept.parent).read(KEY, FILE, 3)[1] == CONTENTS[2]


def test_a_block_that_cannot_be_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk refuses a part of a pack, the error says so."""
    history = GitHistory(kept.parent)

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(history_packs, "read_entry", refuse)
        with pytest.raises(StateUnusable, match=r"Input/output error.*history verify"):
            history.read(KEY, FILE, 3)[1]
    assert history.read(KEY, FILE, 3)[1] == CONTENTS[2]


def test_packed_anew_meanwhile(kept: Path) -> None:
    """Who reads while packs are replaced finds what went from one into another."""
    history = GitHistory(kept.parent)
    listing = history.versions(FILE, KEY)
    next(listing)
    GitHistory(kept.parent).tidy(everything=True)
    assert [version.number for version in listing] == list(range(29, 0, -1))


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_wild_changes(base: bytes, changes: bytes) -> None:
    """Changes that make no sense are damage, and nothing else."""
    with contextlib.suppress(CorruptFile):
        assert len(changed(base, changes)) < 1 << 24


@given(st.binary(max_size=80))
def test_wild_entry(data: bytes) -> None:
    """What is no entry of a pack is damage, and nothing else."""
    with contextlib.suppress(CorruptFile):
        read_entry(io.BytesIO(data), 0)


@given(st.binary(min_size=20, max_size=20), st.binary(max_size=3000))
def test_wild_index(tmp_path_factory: pytest.TempPathFactory, name: bytes, data: bytes) -> None:
    """What is no index of a pack is damage, and nothing else."""
    path = tmp_path_factory.getbasetemp() / "wild.idx"
    path.write_bytes(b"\xfftOc\0\0\0\2" + data)
    with contextlib.suppress(CorruptFile):
        Index.load(path).find(name)


def test_bomb() -> None:
    """An object that would become very large is not inflated."""
    head = bytes([0x3F | 0x80, 0xFF, 0xFF, 0xFF, 0x7F])
    with pytest.raises(CorruptFile):
        read_entry(io.BytesIO(head), 0)


def test_made_from_itself(kept: Path) -> None:
    """An object that is made from itself, round and round, is damage."""
    (index, *_) = packs(kept, "idx")
    name = Index.load(index).ids()[0]
    offset = Index.load(index).find(name)
    assert offset is not None
    pack = index.with_suffix(".pack")
    pack.chmod(0o600)
    blob = bytearray(pack.read_bytes())
    made = bytes([7 << 4 | 2]) + name + zlib.compress(b"\0\0")
    blob[offset : offset + len(made)] = made
    pack.write_bytes(blob)
    with pytest.raises(CorruptFile):
        Objects(kept).get(name, b"blob")


def test_what_went_is_not_there(kept: Path) -> None:
    """What was read from a pack that went since is found no more, by whoever would rely on it."""
    reader = Objects(kept)
    reader.look()
    names = [name for index in packs(kept, "idx") for name in Index.load(index).ids()]
    assert all(name in reader for name in names)
    reader.get(names[0], objects(kept)[names[0].hex()][0])
    for one in packs(kept, "*"):
        one.unlink()
    reader.look()
    assert not any(name in reader for name in names)


def test_a_size_without_end() -> None:
    """A number that is longer than any size is not worked out."""
    with pytest.raises(CorruptFile):
        changed(b"", b"\x80" * 12 + b"\0" + b"\0")


def test_beyond_any_file(tmp_path: Path) -> None:
    """A place that no file has is damage."""
    below = (0,) * 7 + (1,) * 249
    large = struct.pack(">Q", (1 << 64) - 1)
    index = Index(tmp_path / "no.pack", below, b"\x07" * 20, struct.pack(">I", 1 << 31), large)
    with pytest.raises(CorruptFile):
        index.find(b"\x07" * 20)


def test_much_leads_to_it(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that is made from very much is damage before the memory is full."""
    (index, *_) = packs(kept, "idx")
    name = Index.load(index).ids()[0]
    read: list[int] = []

    def large(_: object, offset: int) -> Entry:
        read.append(offset)
        return Entry(None, bytes(MOST_BYTES), base=name)

    monkeypatch.setattr(history_packs, "read_entry", large)
    with pytest.raises(CorruptFile):
        Objects(kept).get(name, b"blob")
    assert len(read) < 20
