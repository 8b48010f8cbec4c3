"""The file system ``secure://``, where no server is needed; the rest is tests/integration's."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import fsspec
import pytest

from jupyter_secure.kernels.access_file import VARIABLE, Access, NoAccess
from jupyter_secure.kernels.filesystem import SecureFileSystem
from jupyter_secure.kernels.reading import RemoteReader
from jupyter_secure.kernels.transport import FileChanged, Transport


@pytest.fixture(autouse=True)
def nothing_cached() -> None:
    SecureFileSystem.clear_instance_cache()


def test_fsspec_finds_it_by_its_name() -> None:
    """Installing the package is enough for `secure://`."""
    assert fsspec.get_filesystem_class("secure") is SecureFileSystem


def test_outside_of_a_kernel_it_says_how_to_get_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no kernel of a server has no access, and is told in words where there is one."""
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(NoAccess, match="open the notebook in JupyterLab"):
        fsspec.open("secure://x.csv").open()


@pytest.mark.parametrize("held", [None, "", "no json", "[]", '{"token": "canary-token"}'])
def test_an_access_that_is_gone_or_damaged_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: str | None
) -> None:
    """Its file goes with the kernel; what is left of it is not shown."""
    path = tmp_path / "k.json"
    if held is not None:
        path.write_text(held)
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(NoAccess, match="Restart the kernel") as error:
        fsspec.open("secure://x.csv").open()
    assert "canary" not in str(error.value)


def test_a_server_that_is_gone_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A kernel that has outlived its server is told that, and not "connection refused"."""
    path = tmp_path / "k.json"
    facts = {"socket": str(tmp_path / "none.sock"), "base_url": "/", "token": "canary-token"}
    path.write_text(json.dumps(facts))
    monkeypatch.setenv(VARIABLE, str(path))
    for mode in ("rb", "wb"):
        with pytest.raises(NoAccess, match="is not there any more"):
            fsspec.open("secure://x.csv", mode).open()


def test_neither_tracebacks_nor_pickles_hold_the_token() -> None:
    """What a notebook shows or a cluster is sent names nothing that opens data."""
    access = Access("/socket", "/", "canary-token")
    assert "canary" not in repr(access)
    files = SecureFileSystem()
    files._transport._access = access
    assert b"canary" not in pickle.dumps(files)
    assert "canary" not in files.to_json()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("secure://a/b.csv", "a/b.csv"),
        ("secure:///a/b.csv", "a/b.csv"),
        ("secure://", ""),
        ("secure:///", ""),
        ("secure://.", ""),
        ("secure://a/./b//c/", "a/b/c"),
        ("secure://a/../b", "b"),
        ("secure://../b", "../b"),
        ("a b%20?#é", "a b%20?#é"),
        (Path("a/b"), "a/b"),
    ],
)
def test_a_url_is_a_path_below_the_folder(url: str | Path, path: str) -> None:
    """Nothing in a name is an escape, a query or a host; what leads out stays visible as such."""
    assert SecureFileSystem._strip_protocol(url) == path


@pytest.mark.parametrize("mode", ["ab", "r+b", "w+b", "a", "r+"])
def test_a_file_is_never_changed_in_place(mode: str) -> None:
    """Appending and updating are refused before anything is asked."""
    with pytest.raises(NotImplementedError, match="replaced as a whole"):
        SecureFileSystem().open("x", mode)


def test_nothing_is_fetched_by_opening_and_seeking() -> None:
    """Only reading asks; nothing lies before the beginning or behind the end."""
    file = RemoteReader(Transport(), "x", 100, '"v"')
    assert (file.seek(10), file.seek(5, 1), file.seek(-1, 2), file.tell()) == (10, 15, 99, 99)
    with pytest.raises(ValueError, match="before its beginning"):
        file.seek(-1)
    file.seek(100)
    assert (file.read(10), file.readall(), file.seek(1000), file.read()) == (b"", b"", 1000, b"")
    file.close()


def test_a_changed_file_is_an_error_of_the_system() -> None:
    """Whoever catches OSError catches this."""
    assert issubclass(FileChanged, OSError)
    assert issubclass(NoAccess, PermissionError)
