"""JupyterLab as a child process, for ``jupyter secure demo``."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from jupyter_secure.errors import StateUnusable

_START_SECONDS = 120.0
_END_SECONDS = 15.0
_PORTS_TRIED = 100
_LAST_LINES = 15


class DemoServer:
    """A JupyterLab that runs as long as the ``with`` block does."""

    def __init__(self, folder: Path, log: Path, environment: Mapping[str, str], port: int) -> None:
        self.port = port
        self.address = f"https://localhost:{port}/lab"
        self._log = log
        self._environment = dict(environment)
        self._command = [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            f"--port={port}",
            # Another port than the one that was shown would be a riddle.
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={folder}",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self._command.append("--allow-root")
        self._folder = folder

    def __enter__(self) -> DemoServer:
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us: we end the child in order, kernels first.
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._child.terminate()
        try:
            self._child.wait(_END_SECONDS)
        except BaseException:
            # Also on a second Ctrl-C: then there is no more waiting, but nothing is left running.
            self._child.kill()
            self._child.wait()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the server has not ended."""
        return self._child.poll() is None

    def wait_until_up(self) -> None:
        """Return once it takes connections; StateUnusable, with its last words, when it ends."""
        until = time.monotonic() + _START_SECONDS
        while self.is_running and time.monotonic() < until:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        said = " | ".join(self.last_words().splitlines())
        raise StateUnusable("JupyterLab did not start.", why=f"It said: {said}.")

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])


def free_port(first: int) -> int:
    """Return the first port from ``first`` on that nobody listens on, on either loopback."""
    for port in range(first, min(first + _PORTS_TRIED, 1 << 16)):
        if is_free(port):
            return port
    raise StateUnusable(
        f"No port from {first} to {first + _PORTS_TRIED - 1} is free.", remedy="Give one: --port N."
    )


def is_free(port: int) -> bool:
    """Return whether a server can listen on ``port``."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            # A machine without IPv6 has no ::1 to be taken.
            if family is socket.AF_INET or error.errno == errno.EADDRINUSE:
                return False
    return True
