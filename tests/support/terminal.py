"""A person at a terminal: starts a command on a pseudo-terminal, waits for questions, answers."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path
from types import TracebackType

COMMAND = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]


class Terminal:
    """A command on a terminal of its own; a context manager, so that nothing is left running."""

    def __init__(self, *arguments: str, variables: dict[str, str], cwd: Path) -> None:
        self.shown = ""
        self._from = 0
        pid, descriptor = pty.fork()
        if pid == 0:
            # In the child: nothing but exec, as pytest's own threads do not exist here.
            os.chdir(cwd)
            os.execve(COMMAND[0], [*COMMAND, *arguments], variables)
        self.pid, self._descriptor = pid, descriptor
        self._status: int | None = None

    def wait_for(self, pattern: str, seconds: float = 20) -> re.Match[str]:
        """Read until ``pattern`` is shown, after what was found before; return the match."""
        until = time.monotonic() + seconds
        while True:
            found = re.compile(pattern).search(self.shown, self._from)
            if found:
                self._from = found.end()
                return found
            if not self._read(until - time.monotonic()):
                raise AssertionError(f"waited for {pattern!r} in vain:\n{self.shown}")

    def type(self, text: str) -> None:
        """Type a line and press Enter."""
        os.write(self._descriptor, text.encode() + b"\n")

    def press_ctrl_c(self) -> None:
        """Press Ctrl-C, as slowly as a person."""
        # Python writes a prompt a moment before it waits for the answer; a signal in between is
        # noticed only with the next key. On a busy machine that moment can be long.
        time.sleep(0.3)
        until = time.monotonic() + 20
        while not self._sleeps():
            assert time.monotonic() < until, f"it does not come to rest:\n{self.shown}"
            time.sleep(0.02)
        os.write(self._descriptor, b"\x03")

    def signal(self, number: int) -> None:
        """Send a signal to the command, as a process manager does."""
        os.kill(self.pid, number)

    def exit_code(self, seconds: float = 20) -> int:
        """Wait for the end and return the exit code."""
        until = time.monotonic() + seconds
        while self._read(until - time.monotonic()):
            pass
        while self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                raise AssertionError(f"it does not end:\n{self.shown}")
            else:
                time.sleep(0.02)
        return self._status

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)

    def _sleeps(self) -> bool:
        # "pid (name) state …", https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        status = Path(f"/proc/{self.pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "S"

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], max(seconds, 0))
        if not ready:
            return False
        try:
            read = os.read(self._descriptor, 65536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.shown += read.decode(errors="replace").replace("\r\n", "\n")
        return bool(read)
