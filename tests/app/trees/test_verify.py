from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_secure.app.trees import verify as module
from jupyter_secure.app.trees.verify import verify
from jupyter_secure.errors import NotFound
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

PATTERNS = ("*.ipynb",)
CHECKPOINTS = ".ipynb_checkpoints"


@pytest.fixture
def vault() -> Iterator[Vault]:
    root = RootKey(bytes(range(32)))
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    yield vault
    vault.seal()


@pytest.fixture
def put(vault: Vault, tmp_path: Path) -> Callable[..., Path]:
    """Put a sealed file somewhere below the folder."""

    def write(name: str, content: bytes = b"x", kind: FileClass = FileClass.CONTENT) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(vault.seal_bytes(content, file_class=kind))
        return path

    return write


def test_all_is_well(vault: Vault, put: Callable[..., Path], tmp_path: Path) -> None:
    """Documents, checkpoints and files that match no pattern are read; plain ones are counted."""
    put("a.ipynb")
    put("sub/b.csv", b"y" * 3_000_000)
    put(f"sub/{CHECKPOINTS}/b-checkpoint.ipynb", kind=FileClass.HISTORY)
    (tmp_path / "plain.ipynb").write_text("{}")
    (tmp_path / "other.txt").write_text("not asked for")
    (tmp_path / ".~jsec-0123456789abcdef").write_bytes(put("c").read_bytes()[:100])
    (tmp_path / "c").unlink()
    (tmp_path / "link.ipynb").symlink_to("a.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = verify(tmp_path, lambda _: vault, PATTERNS)
    assert (found.read, found.checkpoints, found.plain, found.failures) == (3, 1, 1, [])
    assert found.bytes == sum(
        path.stat().st_size
        for path in tmp_path.rglob("*")
        if path.suffix in {".ipynb", ".csv"} and path.name != "plain.ipynb" and _is_file(path)
    )


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _cut_in_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:90])


def _flip(path: Path) -> None:
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(blob)


def _make_newer(path: Path) -> None:
    blob = bytearray(path.read_bytes())
    blob[8] = 2
    path.write_bytes(blob)


def _of_another_vault(path: Path) -> None:
    root = RootKey.generate()
    vault = Vault(Keyring.from_root(root, os.urandom(16), 1))
    vault.unseal(root)
    path.write_bytes(vault.seal_bytes(b"x", file_class=FileClass.CONTENT))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_cut, "corrupt"),
        (_cut_in_header, "corrupt"),
        (_flip, "corrupt"),
        (_make_newer, "unsupported-format"),
        (_of_another_vault, "wrong-key"),
    ],
)
def test_what_is_wrong_is_told(
    vault: Vault,
    put: Callable[..., Path],
    tmp_path: Path,
    spoil: Callable[[Path], None],
    reason: str,
) -> None:
    """Each file that fails is named with its reason, and the others are read all the same."""
    put("a.ipynb")
    bad = put("b.ipynb", b"z" * 40_000)
    put("c.ipynb")
    spoil(bad)
    before = bad.read_bytes()
    found = verify(tmp_path, lambda _: vault, PATTERNS)
    assert found.read == 3
    assert [(one.path, one.error.reason) for one in found.failures] == [(bad, reason)]
    assert str(bad) in str(found.failures[0].error)
    assert bad.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.ipynb", FileClass.HISTORY), (f"{CHECKPOINTS}/a.ipynb", FileClass.CONTENT)],
)
def test_what_lies_in_the_wrong_place(
    vault: Vault, put: Callable[..., Path], tmp_path: Path, name: str, kind: FileClass
) -> None:
    """A checkpoint where a document should be fails, and a document among the checkpoints."""
    bad = put(name, kind=kind)
    found = verify(tmp_path, lambda _: vault, PATTERNS)
    assert [one.path for one in found.failures] == [bad]
    assert "in the place of" in str(found.failures[0].error)


def test_a_closed_folder(
    vault: Vault, put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be listed is a failure: what is in it could not be checked."""
    put("a.ipynb")
    closed = put("sub/b.ipynb").parent
    real = os.scandir

    def scandir(path: object) -> object:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)  # type: ignore[call-overload]  # handed on as it comes

    monkeypatch.setattr(os, "scandir", scandir)
    found = verify(tmp_path, lambda _: vault, PATTERNS)
    assert found.read == 1
    assert [one.path for one in found.failures] == [closed]
    assert "Permission denied" in str(found.failures[0].error)


def test_a_disk_that_fails(
    vault: Vault, put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk in the middle of a file is that file's failure, not the end."""
    bad = put("a.ipynb")
    put("b.ipynb")
    real = module.files.head

    def fail(file: object, name: str) -> object:
        if name == str(bad):
            raise OSError(5, "Input/output error")
        return real(file, name)  # type: ignore[arg-type]  # handed on as it comes

    monkeypatch.setattr(module.files, "head", fail)
    found = verify(tmp_path, lambda _: vault, PATTERNS)
    assert [one.path for one in found.failures] == [bad]
    assert "Input/output error" in str(found.failures[0].error)


def test_removed_meanwhile(vault: Vault, put: Callable[..., Path], tmp_path: Path) -> None:
    """A file that is deleted while others are read is no failure."""
    put("a.ipynb")
    gone = put("b.ipynb")

    def opened(_: Header) -> Vault:
        gone.unlink(missing_ok=True)
        return vault

    found = verify(tmp_path, opened, PATTERNS)
    assert (found.read, found.failures) == (1, [])


def test_one_file(vault: Vault, put: Callable[..., Path]) -> None:
    """A single file can be named instead of a folder."""
    assert verify(put("a.ipynb"), lambda _: vault, PATTERNS).read == 1


def test_nothing_there(vault: Vault, tmp_path: Path) -> None:
    """A folder that does not exist is not an empty one."""
    with pytest.raises(NotFound):
        verify(tmp_path / "missing", lambda _: vault, PATTERNS)


def test_little_memory(vault: Vault, put: Callable[..., Path], tmp_path: Path) -> None:
    """A file of 64 MB is read in a small part of that."""
    put("big.ipynb", bytes(64_000_000))
    tracemalloc.start()
    try:
        assert verify(tmp_path, lambda _: vault, PATTERNS).failures == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
