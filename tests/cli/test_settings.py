"""The settings are printed, and the documentation has the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jupyter_secure.server.config import SecureConfig

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference" / "configuration.md"


def test_prints_all() -> None:
    """Every setting is printed with its help."""
    program = "from jupyter_secure.cli.main import main; exit(main(['settings']))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    for name in SecureConfig.class_traits(config=True):
        assert f"--SecureConfig.{name}=" in done.stdout


def test_documented() -> None:
    """The reference names every setting and no other."""
    rows = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `")]
    table = rows[: next(i for i, row in enumerate(rows) if "ServerApp" in row)]
    named = {row.split("`")[1] for row in table}
    assert named == set(SecureConfig.class_traits(config=True)) | {"SecureConfig.…"} & named
