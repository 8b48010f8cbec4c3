from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.setup import disable, set_up
from jupyter_secure.errors import NotSetUp, StateUnusable

PASSWORD = "a red kite over Talgarth at noon"
BEFORE = '{"ServerApp": {"port":9999},\t"Mine": {}}'


@pytest.fixture
def config(account_home: Path, cheap_passwords: None) -> Path:  # noqa: ARG001  # a fixture for what it does
    """The settings file of a home that was set up with settings already there."""
    config = account_home / "config/jupyter_server_config.json"
    config.parent.mkdir()
    config.write_text(BEFORE)
    wishes = set_up.Wishes("alice", PASSWORD)
    set_up.commit(set_up.prepare(wishes, datetime.now(timezone.utc)))
    return config


def test_restores_exactly(config: Path, tmp_path: Path) -> None:
    """Every settings file becomes what it was, to the byte; the state stays."""
    vault = (tmp_path / "data/secure/vault.json").read_bytes()
    done = disable.disable()
    assert config.read_text() == BEFORE
    assert not (tmp_path / "ipython/profile_default/ipython_kernel_config.json").exists()
    assert done.left == ()
    assert config in done.restored
    assert (tmp_path / "data/secure/vault.json").read_bytes() == vault


def test_edited_since(config: Path) -> None:
    """What was edited since stays, and a setting of ours that was changed is named."""
    settings = json.loads(config.read_text())
    settings["ServerApp"]["certfile"] = "/new.pem"
    settings["Mine"]["a"] = 1
    config.write_text(json.dumps(settings))
    assert disable.disable().left == ("ServerApp.certfile",)
    assert json.loads(config.read_text()) == {
        "ServerApp": {"port": 9999, "certfile": "/new.pem"},
        "Mine": {"a": 1},
    }


@pytest.mark.usefixtures("config")
def test_twice() -> None:
    """The second time there is nothing to take out, and the message says how to turn it on."""
    disable.disable()
    with pytest.raises(NotSetUp, match="jupyter secure init"):
        disable.disable()


def test_on_and_off_again(config: Path) -> None:
    """After disable, init puts the same settings back; after that, disable still restores."""
    on = config.read_bytes()
    disable.disable()
    assert set_up.turn_on_again() is not None
    assert config.read_bytes() == on
    disable.disable()
    assert config.read_text() == BEFORE


def test_never_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing is set up there is nothing to take back."""
    monkeypatch.setenv("JUPYTER_SECURE_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(NotSetUp):
        disable.affected_files()


def test_settings_that_were_broken_since(config: Path, tmp_path: Path) -> None:
    """A settings file that no longer parses is named, left alone, and can be tried again."""
    config.write_text("{")
    with pytest.raises(StateUnusable, match="jupyter_server_config"):
        disable.disable()
    assert config.read_text() == "{"
    assert disable.affected_files()
    assert (tmp_path / "data/secure/vault.json").exists()
