from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_secure.app.setup import effective_settings as module
from jupyter_secure.app.setup.effective_settings import effective_settings
from jupyter_secure.errors import StateUnusable


@pytest.fixture
def config(account_home: Path) -> Path:
    """The folder of settings of an account that has none."""
    folder = account_home / "config"
    folder.mkdir()
    return folder


def test_none(config: Path) -> None:
    """Where the account has no settings, none of them is made up."""
    found = effective_settings()
    assert found.get("ServerApp", "certfile") is None
    assert found.get("ServerApp", "port", 8888) == 8888
    assert not [name for name in found.files if Path(name).is_relative_to(config)]


def test_later_files_win(config: Path) -> None:
    """All files that a server reads count, in its order: JSON over Python, Lab's over both."""
    json_file = config / "jupyter_server_config.json"
    json_file.write_text(json.dumps({"ServerApp": {"ip": "b", "port": 2, "certfile": "b.pem"}}))
    (config / "jupyter_server_config.py").write_text(
        "c.ServerApp.ip = 'a'\nc.ServerApp.keyfile = 'a.pem'"
    )
    (config / "jupyter_lab_config.py").write_text("c.ServerApp.port = 3")
    found = effective_settings()
    assert found.settings["ServerApp"] == {
        "ip": "b",
        "port": 3,
        "certfile": "b.pem",
        "keyfile": "a.pem",
    }
    assert str(json_file) in found.files
    assert found.files[-1] == str(config / "jupyter_lab_config.py")


@pytest.mark.parametrize(
    ("content", "disabled"),
    [
        ('{"disabledExtensions": {"@a/b": true, "@a/c": false}, "appName": "x"}', {"@a/b"}),
        ('{"disabledExtensions": ["@a/b"]}', set()),
        ("[]", set()),
        ("{", set()),
    ],
)
def test_what_pages_leave_out(config: Path, content: str, disabled: set[str]) -> None:
    """Extensions that Jupyter's settings turn off in pages are known; what is wrong turns none."""
    (config / "labconfig").mkdir()
    (config / "labconfig" / "page_config.json").write_text(content)
    found = effective_settings().disabled
    assert {name for name in found if name.startswith("@a/")} == disabled


def test_value_that_is_no_json(config: Path) -> None:
    """What a Python file sets to a class or a path is shown as text."""
    (config / "jupyter_server_config.py").write_text(
        "import pathlib\nc.ServerApp.identity_provider_class = pathlib.Path"
    )
    assert "pathlib" in effective_settings().get("ServerApp", "identity_provider_class")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("jupyter_server_config.py", "nonsense", "NameError"),
        ("jupyter_server_config.json", "{", "JSON"),
        ("jupyter_lab_config.py", "raise RuntimeError('no')", "RuntimeError"),
        ("jupyter_server_config.py", "import sys; print('{'); sys.exit(0)", "JSON"),
    ],
)
def test_broken_file(config: Path, name: str, text: str, words: str) -> None:
    """A file that a server would skip over with a warning is an error here."""
    (config / name).write_text(text)
    with pytest.raises(StateUnusable, match="cannot be loaded") as caught:
        effective_settings()
    assert words in caught.value.why
    assert caught.value.remedy


def test_file_that_hangs(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings file that never finishes is given up on."""
    (config / "jupyter_server_config.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr(module, "_TIMEOUT_SECONDS", 0.5)
    with pytest.raises(StateUnusable) as caught:
        effective_settings()
    assert "did not finish" in caught.value.why
