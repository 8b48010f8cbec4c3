from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_secure.errors import InvalidInput, NotFound, SecureError, StateUnusable, StorageFailed
from jupyter_secure.store.key_file import make_key_file, read_key_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the key file is to be."""
    return tmp_path / "vault.key"


def test_made_and_read(path: Path) -> None:
    """It is made for its owner only, and read as it was made."""
    key = make_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 81
    assert read_key_file(path).expose() == key.expose()


def test_never_over_another(path: Path, tmp_path: Path) -> None:
    """What exists, be it a link to nowhere, is never written to."""
    path.write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for one in (path, link):
        with pytest.raises(FileExistsError):
            make_key_file(one)
    assert path.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file that could not be written whole is taken away again."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed, match="No space"):
        make_key_file(path)
    assert not path.exists()


def test_no_folder(tmp_path: Path) -> None:
    """Where its folder is missing, or is none, it says so."""
    with pytest.raises(StorageFailed):
        make_key_file(tmp_path / "missing" / "vault.key")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotFound, match="no key file"):
        read_key_file(tmp_path / "file" / "vault.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o666, 0o610, 0o777])
def test_open_to_others(path: Path, mode: int) -> None:
    """A file that any other account could read or change is not used."""
    make_key_file(path)
    path.chmod(mode)
    with pytest.raises(StateUnusable, match=f"{mode:04o}") as caught:
        read_key_file(path)
    assert "chmod 600" in caught.value.remedy


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_through_a_link(path: Path, tmp_path: Path, mode: int) -> None:
    """A link is followed, and what it leads to is judged."""
    key = make_key_file(path)
    path.chmod(mode)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_key_file(link).expose() == key.expose()
    path.chmod(0o644)
    with pytest.raises(StateUnusable):
        read_key_file(link)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda _: None, NotFound, "There is no key file"),
        (lambda path: path.symlink_to(path), StorageFailed, "cannot be read"),
        (lambda path: path.mkdir(mode=0o700), InvalidInput, "regular file"),
        (lambda path: os.mkfifo(path, 0o600), InvalidInput, "regular file"),
        (lambda path: _write(path, b""), InvalidInput, "empty"),
        (lambda path: _write(path, b"jsec-key-file-1:00"), InvalidInput, "cut short"),
        (lambda path: _write(path, bytes(1 << 20)), InvalidInput, "does not begin"),
    ],
    ids=["missing", "loop", "folder", "pipe", "empty", "cut", "large"],
)
def test_hostile_places(
    path: Path, make: Callable[[Path], object], error: type[SecureError], words: str
) -> None:
    """What lies there instead is refused at once, with words for it."""
    make(path)
    with pytest.raises(error, match=words) as caught:
        read_key_file(path)
    assert caught.value.remedy


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_of_another_account(path: Path) -> None:
    """A file that belongs to another account could be changed by it."""
    make_key_file(path)
    os.chown(path, 12345, -1)
    with pytest.raises(StateUnusable, match="another account"):
        read_key_file(path)
