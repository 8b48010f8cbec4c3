from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_secure.app.content import files
from jupyter_secure.app.content.files import PIECE_BYTES, pieces
from jupyter_secure.errors import StorageFailed
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault


class Pipe(io.RawIOBase):
    """Gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(memoryview(buffer)[:7])


@pytest.fixture
def root() -> RootKey:
    return RootKey(bytes(range(32)))


@pytest.fixture
def vault(root: RootKey) -> Iterator[Vault]:
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    yield vault
    vault.seal()


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


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 2 * PIECE_BYTES + 1])
def test_pieces_are_all_of_it(tmp_path: Path, size: int) -> None:
    """What is left of a file comes whole and in order, though each piece has the same memory."""
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(b"head" + data)
    with (tmp_path / "f").open("rb") as file:
        assert file.read(4) == b"head"
        assert b"".join(map(bytes, pieces(file))) == data
    assert b"".join(map(bytes, pieces(io.BytesIO(data)))) == data


def test_a_pipe_that_does_not_wait() -> None:
    """A pipe that has nothing at the moment is not taken for one that has come to its end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.write(writing, b"begun")
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb"):
        found = pieces(file)
        assert bytes(next(found)) == b"begun"
        with pytest.raises(StorageFailed, match="to its end"):
            next(found)
