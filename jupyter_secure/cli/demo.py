"""``jupyter secure demo``: a protected JupyterLab in a throw-away home, for trying out."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from jupyter_secure.cli import terminal
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.errors import StateUnusable

if TYPE_CHECKING:
    from jupyter_secure.app.setup import demo_home
    from jupyter_secure.app.setup.demo_server import DemoServer

DESCRIPTION = """\
Start a JupyterLab with everything on, in a home that is thrown away at the end. Your own
settings and files are not touched. Ctrl-C ends it."""

EXAMPLE = """\
examples:
  jupyter secure demo
  jupyter secure demo --port 9999"""

_FIRST_PORT = 8888


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``demo``."""
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help="port to listen on (default: the first free from 8888)",
    )


def run(args: argparse.Namespace) -> int:
    """Set up, start, and stay until the server or the person ends it."""
    from jupyter_secure.app.setup.demo_server import free_port, is_free

    if args.port is not None and not is_free(args.port):
        raise StateUnusable(
            f"Port {args.port} is taken.", remedy="Leave --port out, or give another."
        )
    port = args.port or free_port(_FIRST_PORT)
    with (
        _stoppable(),
        tempfile.TemporaryDirectory(
            prefix="jupyter-secure-demo-", ignore_cleanup_errors=True
        ) as folder,
    ):
        try:
            return _run_in(Path(folder), port)
        except KeyboardInterrupt:
            print("\nStopped.", flush=True)
            return DONE


def _run_in(home: Path, port: int) -> int:
    # Not for help: it brings the database and the certificates.
    from jupyter_secure.app.setup import demo_home
    from jupyter_secure.app.setup.demo_server import DemoServer

    print("Setting up a throw-away home …", flush=True)
    environment = demo_home.environment(home)
    # For this process too: the set-up below must not see the real home.
    os.environ.clear()
    os.environ.update(environment)
    demo = demo_home.make(home, datetime.now(timezone.utc))
    print("Starting JupyterLab …", flush=True)
    with DemoServer(demo.notebooks, demo.log, environment, port) as server:
        try:
            server.wait_until_up()
            _show(demo, server.address)
            return _stay(demo, server)
        except KeyboardInterrupt:
            # Ending the kernels takes a moment: say so before it begins.
            print("\nEnding JupyterLab and removing its home …", flush=True)
            return DONE


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the demo as Ctrl-C does, with the home removed."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(demo: demo_home.Demo, address: str) -> None:
    print()
    if picture := terminal.qr_code(demo.totp_uri):
        print(picture)
    print()
    print(f"  Open       {terminal.styled(address, 'strong')}")
    print("             The certificate was made just now: tell the browser to go on.")
    print(f"  User name  {terminal.styled(demo.username, 'strong')}")
    print(f"  Password   {terminal.styled(demo.password, 'strong')}")
    print(f"  Code       {_codes(demo)}")
    print("             or scan the picture with an authenticator app.")
    print(f"  Notebooks  {demo.notebooks}  (look: they are encrypted)")
    print(f"  Log        {demo.log}")
    print()
    if sys.stdin.isatty():
        print("Enter shows a fresh code; Ctrl-C ends the demo and removes all of it.", flush=True)
    else:
        print("Ctrl-C ends the demo and removes all of it.", flush=True)


def _codes(demo: demo_home.Demo) -> str:
    now = datetime.now(timezone.utc)
    first, *later = demo.codes(now)
    shown = terminal.styled(first, "strong")
    return f"{shown} for {demo.seconds_left(now)} s, then {', '.join(later)}"


def _stay(demo: demo_home.Demo, server: DemoServer) -> int:
    """Show a code at each Enter until the server ends by itself."""
    listening = sys.stdin.isatty()
    while server.is_running:
        ready, _, _ = select.select([sys.stdin] if listening else [], [], [], 0.5)
        if ready:
            # An empty answer is the end of the input, not an empty line.
            listening = bool(sys.stdin.readline())
            if listening:
                print(f"  Code       {_codes(demo)}", flush=True)
    print(
        f"JupyterLab has ended by itself. Its last words:\n{server.last_words()}", file=sys.stderr
    )
    return FAILED
