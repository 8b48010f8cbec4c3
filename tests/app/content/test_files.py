from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from jupyter_secure.app.content import files
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault


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
