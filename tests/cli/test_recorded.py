"""What a command leaves in the record."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home

from jupyter_secure.app.setup import effective_settings as module
from jupyter_secure.app.setup.effective_settings import EffectiveSettings
from jupyter_secure.errors import StateUnusable

Run = Callable[..., "subprocess.CompletedProcess[str]"]

NAMES = ["a.txt", "b.txt", "below/c.txt"]


@pytest.fixture
def files(home: Home) -> list[Path]:
    """Three files in the folder of a home that is set up, one of them further below."""
    paths = [home.work / "part" / name for name in NAMES]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    return paths


@pytest.fixture
def sealed(run: Run, files: list[Path]) -> Callable[..., list[str]]:
    """Seal them; return the paths on record."""

    def seal(*options: str) -> list[str]:
        names = map(str, files)
        done = run("vault", "seal", *names, "--password-stdin", *options, given=PASSWORD)
        assert done.returncode == 0, done.stderr
        shown = run("audit", "show", "--json", "--limit", "3").stdout
        return [json.loads(line)["path"] for line in shown.splitlines()]

    return seal


@pytest.mark.parametrize(
    ("root_dir", "expected"),
    [
        ("", [f"part/{name}" for name in NAMES]),
        ("part", NAMES),
        ("elsewhere", [f"part/{name}" for name in NAMES]),
    ],
)
def test_paths(
    home: Home, sealed: Callable[..., list[str]], root_dir: str, expected: list[str]
) -> None:
    """Files go by their paths below the configured root, or where we are if it is not that."""
    if root_dir:
        home.configure(ServerApp={"root_dir": str(home.work / root_dir)})
    assert sealed() == expected


def test_settings_are_asked_for_once(
    monkeypatch: pytest.MonkeyPatch, home: Home, sealed: Callable[..., list[str]]
) -> None:
    """However many files there are, one process is started to learn where the root is."""
    asked = []

    def ask() -> EffectiveSettings:
        asked.append(1)
        return EffectiveSettings({"ServerApp": {"root_dir": str(home.work / "part")}}, ())

    monkeypatch.setattr(module, "effective_settings", ask)
    assert sealed() == NAMES
    assert len(asked) == 1


def test_settings_that_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch, sealed: Callable[..., list[str]], files: list[Path]
) -> None:
    """Where the root cannot be told, files are on record by the names that were given."""

    def broken() -> EffectiveSettings:
        raise StateUnusable("Jupyter's settings cannot be loaded.")

    monkeypatch.setattr(module, "effective_settings", broken)
    assert sealed() == [str(path) for path in files]
