from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from jupyter_secure.app.content import files, in_place
from jupyter_secure.app.content.in_place import Bound, Hooks
from jupyter_secure.app.content.opening import sealing_of
from jupyter_secure.errors import Conflict, CorruptFile, StorageFailed, Swapped, WrongKey
from jupyter_secure.store.atomic import AtomicFile
from jupyter_secure.vault.catalogue_rows import Sealing
from jupyter_secure.vault.envelope import FileClass, Header, is_sealed
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

PIECE = files.PIECE_BYTES
LONG_AGO = 1_000_000_000_123_456_789  # ns since the epoch


@pytest.fixture
def root() -> RootKey:
    return RootKey(bytes(range(32)))


@pytest.fixture
def vault(root: RootKey) -> Iterator[Vault]:
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    yield vault
    vault.seal()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A plain file of some pieces, of long ago, with a mode of its own."""
    path = tmp_path / "a"
    path.write_bytes(os.urandom(2 * PIECE + 3))
    path.chmod(0o640)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return path


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, 2 * PIECE + 3])
def test_sealed_and_opened(vault: Vault, root: RootKey, tmp_path: Path, size: int) -> None:
    """A file of any size is sealed where it is and opened again with the root key alone."""
    path, content = tmp_path / "a", os.urandom(size)
    path.write_bytes(content)
    assert in_place.seal_in_place(vault, path)
    sealed = path.read_bytes()
    assert size < 32 or content[:32] not in sealed
    assert not in_place.seal_in_place(vault, path)
    assert path.read_bytes() == sealed
    assert in_place.open_in_place(partial(files.vault_of, root), path)
    assert path.read_bytes() == content
    assert not in_place.open_in_place(partial(files.vault_of, root), path)
    assert os.listdir(tmp_path) == ["a"]


def test_times_and_mode(vault: Vault, path: Path) -> None:
    """Neither direction changes when a file was changed, nor who may read it."""
    for turn in (
        lambda: in_place.seal_in_place(vault, path),
        lambda: in_place.open_in_place(lambda _: vault, path),
    ):
        assert turn()
        facts = path.stat()
        assert facts.st_mtime_ns == LONG_AGO
        assert stat.S_IMODE(facts.st_mode) == 0o640


def test_as_it_is_bound(vault: Vault, path: Path) -> None:
    """A file is sealed as what it is said to be; of a checkpoint nothing is told."""
    told: list[object] = []
    hooks = Hooks(check=lambda *what: told.append(what), left=lambda *what: told.append(what))
    bound = Bound(FileClass.HISTORY, b"i" * 16)
    header = in_place.seal_in_place(vault, path, bound=bound, hooks=hooks)
    assert header is not None
    assert (header.file_class, header.file_id) == (FileClass.HISTORY, b"i" * 16)
    assert Header.parse(path.read_bytes()) == header
    in_place.open_in_place(lambda _: vault, path, hooks=hooks)
    assert told == []


def test_what_is_told(vault: Vault, path: Path) -> None:
    """Before a live file is turned it is asked after, and then told of as it was left."""
    told: list[tuple[str, Path, Sealing | None]] = []
    hooks = Hooks(
        check=lambda path, sealing: told.append(("check", path, sealing)),
        left=lambda path, sealing: told.append(("left", path, sealing)),
    )
    in_place.seal_in_place(vault, path, hooks=hooks)
    blob = path.read_bytes()
    sealing = sealing_of(Header.parse(blob), blob)
    in_place.open_in_place(lambda _: vault, path, hooks=hooks)
    assert told == [
        ("check", path, None),
        ("left", path, sealing),
        ("check", path, sealing),
        ("left", path, None),
    ]


@pytest.mark.parametrize("sealed", [False, True])
def test_not_as_it_was_left(vault: Vault, path: Path, sealed: bool) -> None:
    """A file that somebody put in place of another is not turned, and so not taken for good."""
    if sealed:
        in_place.seal_in_place(vault, path)
    before = path.read_bytes()

    def check(_: Path, __: Sealing | None) -> None:
        raise Swapped("Another one.")

    with pytest.raises(Swapped):
        if sealed:
            in_place.open_in_place(lambda _: vault, path, hooks=Hooks(check=check))
        else:
            in_place.seal_in_place(vault, path, hooks=Hooks(check=check))
    assert path.read_bytes() == before


@pytest.mark.parametrize("sealed", [False, True])
def test_changed_meanwhile(vault: Vault, path: Path, sealed: bool) -> None:
    """What another program writes while a file is being turned is not lost."""
    if sealed:
        in_place.seal_in_place(vault, path)

    @contextmanager
    def meanwhile() -> Iterator[None]:
        path.write_bytes(b"newer work")
        yield

    told: list[object] = []
    hooks = Hooks(writing=meanwhile, left=lambda *what: told.append(what))
    with pytest.raises(Conflict, match="changed by another program"):
        if sealed:
            in_place.open_in_place(lambda _: vault, path, hooks=hooks)
        else:
            in_place.seal_in_place(vault, path, hooks=hooks)
    assert path.read_bytes() == b"newer work"
    assert os.listdir(path.parent) == ["a"]
    # That it is not known any more is told first: then nothing false is remembered.
    assert told == ([(path, None)] if sealed else [])


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "another"])
def test_what_is_read_back_differs(
    vault: Vault, path: Path, monkeypatch: pytest.MonkeyPatch, sealed: bool, how: str
) -> None:
    """A disk that gives back something else than was written: the original stays."""
    if sealed:
        in_place.seal_in_place(vault, path)
    before, finish = path.read_bytes(), AtomicFile.finish

    def spoiled(self: AtomicFile) -> Path:
        written = finish(self)
        held = written.read_bytes()
        if how == "gone":
            written.unlink()
        elif how == "cut":
            written.write_bytes(held[:-1])
        elif how == "another":
            other = b"other content"
            written.write_bytes(
                vault.seal_bytes(other, file_class=FileClass.CONTENT)
                if is_sealed(held[:8])
                else other
            )
        else:
            written.write_bytes(held[:-1] + bytes([held[-1] ^ 1]))
        return written

    monkeypatch.setattr(AtomicFile, "finish", spoiled)
    with pytest.raises(StorageFailed, match="could not be replaced") as caught:
        if sealed:
            in_place.open_in_place(lambda _: vault, path)
        else:
            in_place.seal_in_place(vault, path)
    assert caught.value.remedy
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["a"]


@pytest.mark.parametrize("sealed", [False, True])
def test_stopped_half_way(vault: Vault, path: Path, sealed: bool) -> None:
    """Whoever follows the reading can stop it; the file is as it was, with nothing beside it."""
    if sealed:
        in_place.seal_in_place(vault, path)
    before, seen = path.read_bytes(), 0

    def read(size: int) -> None:
        nonlocal seen
        seen += size
        if seen > PIECE:
            raise InterruptedError

    turn: Callable[[], object] = partial(in_place.seal_in_place, vault, path)
    if sealed:
        turn = partial(in_place.open_in_place, lambda _: vault, path)
    with pytest.raises(InterruptedError):
        turn(hooks=Hooks(read=read))  # type: ignore[call-arg]  # of either
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["a"]


def test_damaged_at_the_very_end(vault: Vault, path: Path) -> None:
    """A file whose last byte was altered stays sealed: no part of it replaces it."""
    in_place.seal_in_place(vault, path)
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1
    path.write_bytes(sealed)
    with pytest.raises(CorruptFile):
        in_place.open_in_place(lambda _: vault, path)
    assert path.read_bytes() == sealed
    assert os.listdir(path.parent) == ["a"]


def test_key_of_another_vault(vault: Vault, path: Path) -> None:
    """Another vault's key is told from damage, and changes nothing."""
    in_place.seal_in_place(vault, path)
    before = path.read_bytes()
    with pytest.raises(WrongKey, match="does not belong"):
        in_place.open_in_place(partial(files.vault_of, RootKey(bytes(32))), path)
    assert path.read_bytes() == before


def test_hard_links(vault: Vault, path: Path) -> None:
    """A file with another name is not sealed: its content would stay under that one."""
    path.with_name("b").hardlink_to(path)
    before = path.read_bytes()
    with pytest.raises(Conflict, match="hard links"):
        in_place.seal_in_place(vault, path)
    assert path.read_bytes() == before


def test_checkpoints_open_too(vault: Vault, tmp_path: Path) -> None:
    """A checkpoint that a person names is opened: it may be what is left of a notebook."""
    path = tmp_path / "a-checkpoint.ipynb"
    path.write_bytes(vault.seal_bytes(b"earlier", file_class=FileClass.HISTORY))
    assert in_place.open_in_place(lambda _: vault, path)
    assert path.read_bytes() == b"earlier"
