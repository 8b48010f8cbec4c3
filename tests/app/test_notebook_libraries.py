"""What Jupyter's libraries bring with them."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
from jupyter_secure.app.notebook_libraries import without_addresses
without_addresses()
import nbformat
nbformat.validate(nbformat.v4.new_notebook())
try:
    nbformat.validate({"nbformat": 4})
except nbformat.ValidationError:
    print([name for name in sys.modules if name.startswith("rfc3987_syntax.")])
"""


def test_without_addresses() -> None:
    """The grammar of web addresses is not loaded, and notebooks are checked all the same."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
