"""Real servers without TLS of their own: on a UNIX socket, or plain on a loopback port."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.fork_server import Process
from support.home import Home
from support.live_server import (
    _NOT_NEEDED,
    _START_SECONDS,
    LiveServer,
    _listens,
    begin,
    free_port,
    launch,
)

WITHOUT_TLS = ("--ServerApp.certfile=", "--ServerApp.keyfile=")


@contextmanager
def running_on_socket(
    home: Home, sock: Path, *arguments: str, module: str = "jupyter_server"
) -> Iterator[Path]:
    """Run a server on ``sock`` for the block; yield the path of its log."""
    log_file = home.path / f"{sock.stem}.log"
    command = [module, "--no-browser", "--allow-root"]
    if module == "jupyter_server":
        command += [f"--ServerApp.jpserver_extensions={name}=False" for name in _NOT_NEEDED]
    command += [f"--ServerApp.sock={sock}", f"--ServerApp.root_dir={home.work}", *arguments]
    process = begin(home, command, log_file)
    try:
        _wait(process, log_file, sock.exists)
        yield log_file
    finally:
        _stop(process)


@contextmanager
def running_plain(home: Home, *arguments: str) -> Iterator[LiveServer]:
    """Run a server that speaks plain HTTP, to a proxy, for the block."""
    port = free_port()
    log_file = home.path / f"plain-{port}.log"
    process = launch(home, port, log_file, *WITHOUT_TLS, *arguments)
    try:
        _wait(process, log_file, lambda: _listens(port))
        yield LiveServer(home, port, process, log_file)
    finally:
        _stop(process)


def _wait(process: Process, log_file: Path, ready: Callable[[], bool]) -> None:
    until = time.monotonic() + _START_SECONDS
    while not ready():
        assert process.poll() is None, log_file.read_text()
        assert time.monotonic() < until, log_file.read_text()
        time.sleep(0.02)


def _stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
