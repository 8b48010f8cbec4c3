from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pytest

from jupyter_secure.app.content import files, in_place
from jupyter_secure.app.setup import demo_home
from jupyter_secure.app.setup.demo_home import environment
from jupyter_secure.store import audit_reading, places
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
from jupyter_secure.vault.envelope import is_sealed

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the caller's Jupyter leads out of the throw-away home."""
    for name in ("JUPYTER_SECURE_DIR", "JUPYTER_PATH", "IPYTHONDIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, "/real")
    monkeypatch.setenv("LANG", "C.UTF-8")
    found = environment(tmp_path)
    assert "/real" not in found.values()
    assert found["LANG"] == "C.UTF-8"
    ours = {name for name in found if name.startswith(("JUPYTER", "IPYTHON", "HOME"))}
    assert ours >= {"HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"}
    assert all(Path(found[name]).is_relative_to(tmp_path) for name in ours)


@pytest.mark.usefixtures("cheap_passwords")
def test_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home is set up, record and all, its password opens it, and the examples lie sealed."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("JUPYTER_SECURE_DIR", raising=False)
    demo = demo_home.make(tmp_path, NOW)
    assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", demo.password)
    root = files.root_from_password(demo.username, demo.password)
    examples = list(demo.notebooks.iterdir())
    assert examples
    for path in examples:
        assert is_sealed(path.read_bytes())
        assert in_place.open_in_place(partial(files.vault_of, root), path)
        assert b'"cells"' in path.read_bytes()
    root.wipe()
    assert audit_reading.has_key(places.state_dir() / AUDIT_DIRECTORY)
