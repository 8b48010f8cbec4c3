from __future__ import annotations

from pathlib import Path

import jupyter_core.paths
import pytest

from jupyter_secure.errors import StateUnusable
from jupyter_secure.store import places

VARIABLES = [
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_NO_CONFIG",
    "JUPYTER_PLATFORM_DIRS",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTER_SECURE_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"JUPYTER_CONFIG_DIR": "/c"},
        {"JUPYTER_DATA_DIR": "/d"},
        {"JUPYTER_RUNTIME_DIR": "/r"},
        {"JUPYTER_CONFIG_DIR": "/c", "JUPYTER_DATA_DIR": "/d", "JUPYTER_PLATFORM_DIRS": "1"},
        {"JUPYTER_CONFIG_DIR": "", "JUPYTER_DATA_DIR": ""},
        {"XDG_DATA_HOME": "/x"},
        {"XDG_CONFIG_HOME": "/x"},
        {"JUPYTER_PLATFORM_DIRS": "1"},
        {"JUPYTER_PLATFORM_DIRS": "false", "XDG_DATA_HOME": "/x"},
        {"JUPYTER_PLATFORM_DIRS": "1", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"},
    ],
)
def test_as_jupyter_does(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Our directories are the ones that Jupyter itself uses, whatever the environment says."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(places.config_dir()) == jupyter_core.paths.jupyter_config_dir()
    assert str(places.data_dir()) == jupyter_core.paths.jupyter_data_dir()
    assert str(places.runtime_dir()) == jupyter_core.paths.jupyter_runtime_dir()


def test_state_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The state lies in Jupyter's data directory unless the environment names another place."""
    assert places.state_dir() == tmp_path / ".local/share/jupyter/secure"
    monkeypatch.setenv("JUPYTER_SECURE_DIR", "~/elsewhere")
    assert places.state_dir() == tmp_path / "elsewhere"


def test_no_config(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Jupyter reads no configuration, there is no place to write one to."""
    monkeypatch.setenv("JUPYTER_NO_CONFIG", "1")
    with pytest.raises(StateUnusable, match="JUPYTER_NO_CONFIG"):
        places.config_dir()
