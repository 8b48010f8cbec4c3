from __future__ import annotations

import os
import stat
import struct
import sys
from pathlib import Path

import pytest

from jupyter_secure.errors import StorageFailed
from jupyter_secure.store.atomic import write_atomically

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="lists of Linux's own")

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
OWNER, USER, GROUP, MASK, OTHER = 1, 2, 4, 0x10, 0x20
NOBODY_IN_PARTICULAR = 0xFFFFFFFF
SOMEBODY = 4321


def acl(user: int) -> bytes:
    """Return the list of a file that its group may not read, and one account may."""
    entries = [(OWNER, 6), (USER, user), (GROUP, 0), (MASK, user), (OTHER, 0)]
    packed = (
        struct.pack("<HHI", tag, bits, SOMEBODY if tag == USER else NOBODY_IN_PARTICULAR)
        for tag, bits in entries
    )
    return struct.pack("<I", 2) + b"".join(packed)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in a folder on a file system that knows lists."""
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"old")
    path.chmod(0o600)
    try:
        os.setxattr(path, ACCESS, acl(6))
        os.removexattr(path, ACCESS)
    except OSError:
        pytest.skip("no access lists on this file system")
    path.chmod(0o600)
    return path


def test_an_access_list_stays(path: Path) -> None:
    """Who was let in by the list still is, and the group is not let in by its mask."""
    os.setxattr(path, ACCESS, acl(6))
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.getxattr(path, ACCESS) == acl(6)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_list_of_the_folder(path: Path) -> None:
    """A file that had no list gets none from its folder when it is replaced; a new one does."""
    path.chmod(0o640)
    os.setxattr(path.parent, DEFAULT, acl(6))
    write_atomically(path, b"new")
    assert ACCESS not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_atomically(path.with_name("new"), b"new")
    assert ACCESS in os.listxattr(path.with_name("new"))


def test_a_mode_that_was_asked_for(path: Path) -> None:
    """What is for its owner only is so, whatever the list said before."""
    os.setxattr(path, ACCESS, acl(6))
    write_atomically(path, b"new", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_list_that_cannot_be_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is not replaced by one that is open to others."""
    os.setxattr(path, ACCESS, acl(6))

    def refused(*_: object) -> None:
        raise PermissionError(1, "no")

    monkeypatch.setattr(os, "setxattr", refused)
    with pytest.raises(StorageFailed):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
