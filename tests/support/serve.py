"""``python -m support.serve MODULE …`` is ``python -m MODULE …``, with a quicker start and end.

Half of a server's start is a grammar that a library compiles for jsonschema: that of international
addresses, which no schema of Jupyter's or ours asks for. Without it, jsonschema lets it be.

When all is done that a program does at its end, threads joined and exit handlers run, the process
goes at once. Python would take itself apart first, for another half of a second.
"""

from __future__ import annotations

import atexit
import os
import runpy
import sys

_status = 0


def _go() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(_status)


def prepare() -> None:
    """Arrange for both, before anything else is imported."""
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # an import of it fails
    atexit.register(_go)  # the first that registers is the last that runs


def serve(arguments: list[str]) -> None:
    """Run the module that comes first, with the other arguments as its own."""
    global _status  # noqa: PLW0603  # one process has one
    sys.argv = arguments
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
    except BaseException:
        _status = 1
        raise


if __name__ == "__main__":
    prepare()
    serve(sys.argv[1:])
