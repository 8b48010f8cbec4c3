"""Servers that need no second to import what all of them import: they are forked.

``python -m support.fork_server MODULE`` has imported it, runs nothing of it, and forks a server for
each line that it is sent. From there on the server goes the whole way by itself, from its settings
to its socket. That a server comes up from nothing is shown where the caller asks for it, by
tests/install, and by every test that gives its server other variables.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from support import serve

# What differs from home to home, and what nothing reads before the server runs, but for one module.
_OF_A_HOME = (
    *("HOME", "TMPDIR", "IPYTHONDIR"),
    *("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"),
    "PYTEST_CURRENT_TEST",
)
_READS_THE_HOME = "send2trash.plat_other"  # where the trash is
_STEP_SECONDS = 0.01
# JupyterLab's and Notebook's are not: as they are imported they note where the home keeps its
# workspaces and settings.
_SERVERS = {"jupyter_server": ("jupyter_server.serverapp", "ipykernel")}
# Ours, what it imports when it is first needed, and the extensions that the tests' environment has.
_EXTENSIONS = (
    *("jupyter_secure.server.extension", "zxcvbn"),
    *("jupyter_server_terminals.app", "jupyter_server_proxy", "jupyter_resource_usage"),
    "nbdime.webapp.nb_server_extension",
)


class Process(Protocol):
    """What tests ask of a server's process, however it came to be."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most ``timeout`` seconds."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class Forked:
    """A process that a fork server forked, who waits for it on our behalf."""

    def __init__(self, fork_server: ForkServer, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._fork_server = fork_server

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._fork_server.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most ``timeout`` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0)
            time.sleep(_STEP_SECONDS)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        # Until it is known here that it ended, the number is its own.
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkServer:
    """The process that forks, as its client sees it."""

    def __init__(self, module: str, variables: Mapping[str, str]) -> None:
        self.variables = _common(variables)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "support.fork_server", module],
            env=self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.end)

    def ask(self, wish: dict[str, Any]) -> int | None:
        """Return the answer to a wish."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        answer: int | None = json.loads(self.process.stdout.readline())
        return answer

    def end(self) -> None:
        """Let it go."""
        self.process.communicate()


_fork_servers: dict[str, ForkServer] = {}


def fork(
    arguments: list[str], *, variables: Mapping[str, str], cwd: Path, log_file: Path
) -> Process | None:
    """Start ``arguments``, the module first, or return None where that takes a process of its own.

    Which it does with variables that this module knows nothing of: what is imported may read them.
    """
    module = arguments[0]
    if sys.platform != "linux" or module not in _SERVERS:
        return None
    fork_server = _fork_servers.get(module)
    if fork_server is None:
        fork_server = _fork_servers[module] = ForkServer(module, variables)
    if _common(variables) != fork_server.variables:
        return None
    wish = {"arguments": arguments, "variables": dict(variables)}
    pid = fork_server.ask({**wish, "cwd": str(cwd), "log_file": str(log_file)})
    assert pid is not None
    return Forked(fork_server, pid)


def _common(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name not in _OF_A_HOME}


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _become(wish: dict[str, Any]) -> None:
    """Be in a new process what `Popen` makes of one."""
    log = os.open(wish["log_file"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for opened, number in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(opened, number)
    os.close(log)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(wish["variables"])
    os.chdir(wish["cwd"])
    sys.path[0] = wish["cwd"]
    if _READS_THE_HOME in sys.modules:
        importlib.reload(sys.modules[_READS_THE_HOME])
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _work(module: str) -> None:
    serve.prepare()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who interrupts the tests ends it by its input
    for name in (*_SERVERS[module], *_EXTENSIONS):
        with suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        wish = json.loads(line)
        answer = _ended(wish["ended"]) if "ended" in wish else os.fork()
        if answer == 0 and "ended" not in wish:
            _become(wish)
            serve.serve(wish["arguments"])
            return
        print(json.dumps(answer), flush=True)  # noqa: T201  # the answer on a pipe


if __name__ == "__main__":
    _work(sys.argv[1])
