from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import pytest

from jupyter_secure.server import conversion
from jupyter_secure.server.http_errors import SecureHTTPError


def test_one_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversion that takes too long is ended, and says so."""
    for name in ("work", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "endless.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(conversion, "conversion_worker", ModuleType("endless"))
    monkeypatch.setattr(conversion, "_SECONDS", 1)
    with pytest.raises(SecureHTTPError, match="did not finish") as caught:
        asyncio.run(conversion._ask_worker(b"", tmp_path))
    assert caught.value.status_code == 504
