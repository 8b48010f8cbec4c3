"""Reading a file in parts: what is returned is authentic, and what is kept is little."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_secure.app.content import download
from jupyter_secure.app.content.download import Download
from jupyter_secure.app.content.opening import header_of
from jupyter_secure.errors import CorruptFile
from jupyter_secure.vault.envelope import FileClass, Flags
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

DATA = bytes(range(256)) * 4096  # 1 MiB: several parts, many chunks


@pytest.fixture(scope="module")
def vault() -> Vault:
    root = RootKey.generate()
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    return vault


@pytest.fixture(params=["sealed", "plain"])
def path(request: pytest.FixtureRequest, vault: Vault, tmp_path: Path) -> Path:
    path = tmp_path / "file"
    sealed = request.param == "sealed"
    path.write_bytes(
        vault.seal_bytes(DATA, file_class=FileClass.CONTENT, flags=Flags.VALID) if sealed else DATA
    )
    return path


def opened(vault: Vault, path: Path) -> Download:
    file = path.open("rb")
    try:
        return Download(file, header_of(file, "file"), vault, name="file")
    except BaseException:
        file.close()
        raise


def damaged(blob: bytes, at: int) -> bytes:
    return blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, None),
        (0, 0),
        (1, 2),
        (16383, 16385),
        (262143, 262145),
        (len(DATA) - 1, None),
        (5, len(DATA) + 9),
        (len(DATA), None),
    ],
)
def test_parts(vault: Vault, path: Path, start: int, end: int | None) -> None:
    """Any range of the content is returned, and the size is that of the content."""
    with opened(vault, path) as file:
        assert file.size == len(DATA)
        assert b"".join(file.parts(start, end)) == DATA[start:end]
        assert b"".join(file.parts(start, end)) == DATA[start:end], "asked a second time"


@pytest.mark.parametrize("keeps", [0, len(DATA)], ids=["read twice", "kept"])
def test_authentic_parts(
    vault: Vault, path: Path, keeps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the content is returned, whether it is kept or read a second time."""
    monkeypatch.setattr(download, "_KEEP_BYTES", keeps)
    with opened(vault, path) as file:
        assert b"".join(file.authentic_parts()) == DATA


@pytest.mark.parametrize("keeps", [0, len(DATA)], ids=["read twice", "kept"])
def test_damage_is_found_first(
    vault: Vault, tmp_path: Path, keeps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all must be authentic, damage in the middle is told before anything is returned."""
    monkeypatch.setattr(download, "_KEEP_BYTES", keeps)
    path = tmp_path / "file"
    path.write_bytes(damaged(vault.seal_bytes(DATA, file_class=FileClass.CONTENT), len(DATA) // 2))
    with opened(vault, path) as file, pytest.raises(CorruptFile):
        file.authentic_parts()


@pytest.mark.parametrize("cut", [1, 16, 16400, 16401, len(DATA)])
def test_a_file_that_was_cut_short_is_no_download(vault: Vault, tmp_path: Path, cut: int) -> None:
    """Wherever it was cut, nothing is promised of it: neither a size nor a byte."""
    path = tmp_path / "file"
    path.write_bytes(vault.seal_bytes(DATA, file_class=FileClass.CONTENT)[:-cut])
    with pytest.raises(CorruptFile, match="cut short"):
        opened(vault, path)


def test_what_comes_before_damage_is_authentic(vault: Vault, tmp_path: Path) -> None:
    """A part that is not authentic is withheld, and ends what is returned."""
    path = tmp_path / "file"
    path.write_bytes(damaged(vault.seal_bytes(DATA, file_class=FileClass.CONTENT), 500_000))
    came = b""
    with opened(vault, path) as file:
        with pytest.raises(CorruptFile, match="damaged"):
            for part in file.parts():
                came += part
        assert b"".join(file.parts(600_000, 700_000)) == DATA[600_000:700_000]
    assert 0 < len(came) <= 500_000
    assert DATA.startswith(came)


def test_two_readers_at_once(vault: Vault, path: Path) -> None:
    """Two readers of one download do not get in each other's way."""
    with opened(vault, path) as file:
        pairs = list(zip(file.parts(), file.parts(), strict=True))
        assert b"".join(one for one, _ in pairs) == b"".join(two for _, two in pairs) == DATA


def test_version_changes_with_every_save(vault: Vault, tmp_path: Path) -> None:
    """Two saves of one file have different versions."""
    path = tmp_path / "file"
    versions = set()
    for number in (1, 2):
        path.write_bytes(
            vault.seal_bytes(
                b"", file_class=FileClass.CONTENT, file_id=bytes(16), file_version=number
            )
        )
        with opened(vault, path) as file:
            versions.add(file.version)
    assert len(versions) == 2
