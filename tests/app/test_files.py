from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_secure.app import files
from jupyter_secure.errors import Conflict, CorruptFile, WrongKey
from jupyter_secure.vault.envelope import FileClass
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

PIECE = files._PIECE


class Pipe(io.RawIOBase):
    """Gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(size, 7))


@pytest.fixture
def root() -> RootKey:
    return RootKey(bytes(range(32)))


@pytest.fixture
def vault(root: RootKey) -> Iterator[Vault]:
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    yield vault
    vault.seal()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, 2 * PIECE + 3])
def test_sealed_and_opened(vault: Vault, root: RootKey, tmp_path: Path, size: int) -> None:
    """A file of any size is sealed where it is and opened again with the root key alone."""
    path, content = tmp_path / "a", os.urandom(size)
    path.write_bytes(content)
    assert files.seal_in_place(vault, path)
    sealed = path.read_bytes()
    assert size < 32 or content[:32] not in sealed
    assert not files.seal_in_place(vault, path)
    assert path.read_bytes() == sealed
    assert files.open_in_place(root, path)
    assert path.read_bytes() == content
    assert not files.open_in_place(root, path)
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 1000])
def test_pipe_that_drips(vault: Vault, content: bytes) -> None:
    """Content that comes in drops is sealed whole, and read back whole."""
    pipe = Pipe(content)
    begin = files.head(pipe, "It")
    assert begin.header is None
    sealed = b"".join(files.sealed_pieces(vault, begin.first, pipe))
    pipe = Pipe(sealed)
    header = files.require_sealed(files.head(pipe, "It"), "It")
    assert b"".join(files.opened_pieces(vault, header, pipe, "It")) == content


def test_changed_meanwhile(vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program writes while a file is being sealed is not lost."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    pieces = files.sealed_pieces

    def meanwhile(*arguments: object) -> Iterator[bytes]:
        yield from pieces(*arguments)  # type: ignore[arg-type]  # handed on as they come
        path.write_bytes(b"newer work")

    monkeypatch.setattr(files, "sealed_pieces", meanwhile)
    with pytest.raises(Conflict, match="changed by another program"):
        files.seal_in_place(vault, path)
    assert path.read_bytes() == b"newer work"
    assert os.listdir(tmp_path) == ["a"]


def test_damaged_at_the_very_end(vault: Vault, root: RootKey, tmp_path: Path) -> None:
    """A file whose last byte was altered stays sealed: no part of it replaces it."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3 * PIECE)
    files.seal_in_place(vault, path)
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1
    path.write_bytes(sealed)
    with pytest.raises(CorruptFile):
        files.open_in_place(root, path)
    assert path.read_bytes() == sealed
    assert os.listdir(tmp_path) == ["a"]


def test_key_of_another_vault(vault: Vault, tmp_path: Path) -> None:
    """Another vault's key is told from damage, and changes nothing."""
    path = tmp_path / "a"
    path.write_bytes(b"x")
    files.seal_in_place(vault, path)
    before = path.read_bytes()
    with pytest.raises(WrongKey, match="does not belong"):
        files.open_in_place(RootKey(bytes(32)), path)
    assert path.read_bytes() == before


def test_checkpoints_open_too(vault: Vault, root: RootKey, tmp_path: Path) -> None:
    """A checkpoint that a person names is opened: it may be what is left of a notebook."""
    path = tmp_path / "a-checkpoint.ipynb"
    path.write_bytes(vault.seal_bytes(b"earlier", file_class=FileClass.HISTORY))
    assert files.open_in_place(root, path)
    assert path.read_bytes() == b"earlier"
