"""Files of the sizes at which things go wrong: sealed, opened, and read at any place."""

from __future__ import annotations

import io
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_secure.app.content import files
from jupyter_secure.app.content.download import Download
from jupyter_secure.app.content.opening import header_of
from jupyter_secure.vault.envelope import sealed_size
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

CHUNK = 16384
GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def vault() -> Vault:
    root = RootKey.generate()
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    return vault


class Piped(io.RawIOBase):
    """Pieces as a stream, of which nothing is kept."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = memoryview(b"")
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what it is given
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        self.size += count
        return count


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 16 * CHUNK, MEBIBYTE])
def test_borders(vault: Vault, tmp_path: Path, size: int) -> None:
    """A file of each size comes out as it went in: as a stream, as a whole, and part by part."""
    data = os.urandom(size)
    path = tmp_path / "file"
    with io.BytesIO(data) as plain:
        begin = files.head(plain, "plain")
        path.write_bytes(b"".join(files.sealed_pieces(vault, begin.first, plain)))
    assert path.stat().st_size == sealed_size(size)
    with path.open("rb") as file:
        header = files.require_sealed(files.head(file, "sealed"), "sealed")
        assert b"".join(files.opened_pieces(vault, header, file, "sealed")) == data
    file = path.open("rb")
    with Download(file, header_of(file, "sealed"), vault, name="sealed") as download:
        assert download.size == size
        assert b"".join(download.parts()) == data
        for start in {0, 1, size // 2, max(0, size - 1), size}:
            assert b"".join(download.parts(start, start + 3)) == data[start : start + 3]


@pytest.mark.integration
def test_five_gibibytes(vault: Vault, tmp_path: Path) -> None:
    """A file larger than 32 bits can count is sealed and opened in little memory."""
    size = 5 * GIBIBYTE + 1
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with path.open("rb") as plain:
        begin = files.head(plain, "sparse")
        sealed = Piped(files.sealed_pieces(vault, begin.first, plain))
        stream = io.BufferedReader(sealed, MEBIBYTE)
        header = files.require_sealed(files.head(stream, "sealed"), "sealed")
        came, zeros = 0, bytes(2 * MEBIBYTE)
        for piece in files.opened_pieces(vault, header, stream, "sealed"):
            assert zeros.startswith(piece)
            came += len(piece)
    assert came == size
    assert sealed.size == sealed_size(size)
    # In kibibytes, at its highest since this process began.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
