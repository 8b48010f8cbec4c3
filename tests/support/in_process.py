"""``jupyter secure`` in this process: what the command line says and does, without a start-up.

What only a real process has (a terminal, a pipe that is closed, the exit itself) needs one:
``support.terminal`` and `subprocess`.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from jupyter_secure.cli.main import main


def run(
    arguments: Sequence[str], *, variables: Mapping[str, str], cwd: Path, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in that environment and folder, with ``given`` on its standard input."""
    streams = {name: io.BytesIO() for name in ("stdout", "stderr")}
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - variables.keys():
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.chdir(cwd)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
        for name, stream in streams.items():
            text = io.TextIOWrapper(stream, "utf-8", write_through=True)
            patch.setattr(sys, name, text)
            # It is this one whose width is asked for.
            patch.setattr(sys, f"__{name}__", text)
        code: object
        try:
            code = main(arguments)
        except SystemExit as ended:  # wrong usage, and help
            code = ended.code
        # Before the wrappers go, which would close them.
        written = {name: stream.getvalue() for name, stream in streams.items()}
    assert isinstance(code, int)
    return subprocess.CompletedProcess(list(arguments), code, **written)
