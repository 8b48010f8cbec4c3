from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_secure.kernels import access_file

FACTS = {"socket": "/run/kernels.sock", "base_url": "/", "token": "secret-token"}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the environment names."""
    path = tmp_path / "kernel.json"
    path.write_text(json.dumps(FACTS))
    monkeypatch.setenv(access_file.VARIABLE, str(path))
    return path


@pytest.mark.usefixtures("path")
def test_read() -> None:
    """It says how to reach the server; the token does not show when it is printed."""
    access = access_file.read()
    assert (access.socket, access.base_url, access.token) == tuple(FACTS.values())
    assert "secret-token" not in repr(access)


@pytest.mark.usefixtures("path")
def test_a_file_of_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another account has put in its place leads nowhere."""
    mine = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: mine)
    facts = os.stat_result((0o100600, 1, 1, 1, mine + 1, 0, 10, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda _: facts)
    with pytest.raises(access_file.NoAccess):
        access_file.read()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"socket": "s", "base_url": "/"}', "\x00"])
def test_a_file_that_says_something_else(path: Path, text: str) -> None:
    """What cannot be understood gives no access, and is not shown."""
    path.write_text(text)
    with pytest.raises(access_file.NoAccess) as caught:
        access_file.read()
    assert caught.value.__cause__ is None
