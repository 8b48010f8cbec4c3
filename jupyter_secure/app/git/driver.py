"""The program that Git starts: ``driver.py STATE KEY-FILE ACTION …``; ``git setup`` names it so.

It runs without `site` (``python -I -S``), which would cost more time than all the rest, and without
the current folder among the places of modules: that is somebody's repository. What takes more than
the agent's answer is handed to the whole command.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

_WHOLE = "import sys; sys.path[:] = filter(None, sys.path); "
_WHOLE += "from jupyter_secure.cli.main import main; sys.exit(main())"
_CLOSED = "`jupyter secure git unlock` shows it"


def main(arguments: list[str]) -> int:  # noqa: RET503  # the last line never returns
    """Do what Git asks, and return the exit code."""
    state, key_file, action, *rest = arguments
    # The account may have moved its state for the time being; then Git is to use that as well.
    state = os.environ.setdefault("JUPYTER_SECURE_DIR", state)
    if action == "textconv" and (text := _textconv(state, key_file, rest[-1])) is not None:
        with open(1, "wb", closefd=False) as output:
            output.write(text.encode(errors="replace"))
        return 0
    key = ["--key-file", key_file] if key_file else []
    command = [sys.executable, "-c", _WHOLE, "git", action, *key, "--", *rest]
    os.execv(sys.executable, command)  # noqa: S606  # our own program, without a shell


def _textconv(state: str, key_file: str, path: str) -> str | None:
    from jupyter_secure.app.git import client, notebook_text, protocol

    with open(path, "rb") as file:
        data = file.read()
    if not notebook_text.is_sealed(data):
        return notebook_text.text_of(data)
    try:
        return notebook_text.text_of(client.ask(state, protocol.OPEN, data))
    except client.AgentRefused as refused:
        return notebook_text.unopened(data, str(refused).replace("\n", " "))
    except client.NoAgent:
        return None if key_file else notebook_text.unopened(data, _CLOSED)


def _make_importable() -> None:
    # Without `site` nothing is installed, and the package itself imports `typing`, which takes as
    # long as the rest. The modules that are needed here need nothing of either.
    package = ModuleType("jupyter_secure")
    package.__path__ = [os.path.dirname(os.path.dirname(os.path.dirname(__file__)))]
    sys.modules.setdefault("jupyter_secure", package)


if __name__ == "__main__":
    _make_importable()
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:
        os._exit(1)
