"""The agent: a process that holds the opened vault for Git's drivers, as ssh-agent holds keys.

Started by ``git unlock`` with the root key on its standard input. The key never leaves it; what it
does for whom is in ``open_vault``. It ends when it was not used for its time, when it is told to,
and when the vault gets another root key.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_secure.app.git import protocol
from jupyter_secure.app.git.open_vault import KeyGone, OpenVault
from jupyter_secure.crypto import memory
from jupyter_secure.errors import Conflict, SecureError, StateUnusable
from jupyter_secure.vault.keys import ROOT_KEY_BYTES, RootKey

if sys.platform != "win32":
    import fcntl

_LOCK = "agent.lock"
_LOOK_SECONDS = 0.5
# A whole request has to come within this: whoever is slower does not keep a place for ever.
_REQUEST_SECONDS = 30.0
_MOST_AT_ONCE = 8
_ROOM_SECONDS = 5.0
_TAKE_TRIES = 50


class Agent:
    """Answers on the socket of a state directory until it ends."""

    def __init__(
        self,
        state: Path,
        vault: OpenVault,
        idle_seconds: float,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Take the socket's place. Raises ``Conflict`` if another agent has it, StateUnusable."""
        self._state = str(state)
        self._vault = vault
        self._idle_seconds = idle_seconds
        self._clock = clock or _awake_or_asleep
        self._used = self._clock()
        self._ended = threading.Event()
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)
        with contextlib.suppress(FileExistsError):
            os.mkdir(state / protocol.FOLDER, 0o700)
        try:
            self._folder = protocol.folder(self._state)
        except OSError as error:
            raise StateUnusable(
                f"{state / protocol.FOLDER} cannot be used.",
                why="It is not a folder that only this account can enter.",
                remedy="Remove it, and try again.",
            ) from error
        self._listener = self._listen()

    def _listen(self) -> socket.socket:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._mark = os.open(_LOCK, flags, 0o600, dir_fd=self._folder)
        if not _taken(self._mark):
            os.close(self._mark)
            os.close(self._folder)
            raise Conflict("An agent is running already.")
        # Whatever lies there belongs to nobody any more: a killed agent's socket, or a link.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(protocol.SOCKET, dir_fd=self._folder)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(protocol.address(self._state, self._folder))
        except OSError as error:
            listener.close()
            raise StateUnusable(
                f"There is no making a socket in {self._state}/{protocol.FOLDER}.",
                why=f"{error.strerror or error}.",
                remedy="Use another state directory; a short path, if it is too long.",
            ) from error
        finally:
            os.umask(before)
        listener.listen()
        listener.settimeout(_LOOK_SECONDS)
        return listener

    def serve(self) -> None:
        """Answer until the end; then wipe the key and remove the socket."""
        try:
            while self._goes_on():
                with contextlib.suppress(TimeoutError):
                    self._answer(self._listener.accept()[0])
        finally:
            self._listener.close()
            self._vault.close()
            with contextlib.suppress(OSError):
                os.unlink(protocol.SOCKET, dir_fd=self._folder)
            os.close(self._mark)
            os.close(self._folder)

    def end(self) -> None:
        """End soon."""
        self._ended.set()

    def _goes_on(self) -> bool:
        if self._ended.is_set() or self._clock() - self._used >= self._idle_seconds:
            return False
        try:
            self._vault.check_key()
        except SecureError:  # whatever became of vault.json: what is no longer known is not served
            return False
        return True

    def _answer(self, connection: socket.socket) -> None:
        if not self._places.acquire(timeout=_ROOM_SECONDS):
            connection.close()
            return
        threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with contextlib.closing(connection):
                if protocol.peer(connection) not in (os.geteuid(), -1):
                    return
                operation, parts = _request(connection)
                # Asked once more: the time may have run out while the request came.
                if not self._goes_on():
                    return
                connection.settimeout(_REQUEST_SECONDS)
                protocol.send(connection, *self._done(operation, parts))
        except (OSError, protocol.NotAnswered):
            pass  # the driver is gone, or is none
        finally:
            self._places.release()

    def _done(self, operation: bytes, parts: list[bytes]) -> tuple[bytes, list[bytes]]:
        try:
            if operation == protocol.OPEN and len(parts) == 1:
                answer = self._vault.open(parts[0])
            elif operation == protocol.SEAL and len(parts) > 1:
                answer = self._vault.seal(parts[0], parts[1:])
            elif operation == protocol.STATUS and not parts:
                return protocol.DONE, [json.dumps({"seconds_left": self._seconds_left()}).encode()]
            elif operation == protocol.LOCK and not parts:
                self.end()
                return protocol.DONE, [b""]
            else:
                raise protocol.NotAnswered
        except KeyGone as error:
            self.end()
            return protocol.REFUSED, [_words(error)]
        except SecureError as error:
            return protocol.REFUSED, [_words(error)]
        self._used = self._clock()
        return protocol.DONE, [answer]

    def _seconds_left(self) -> int:
        return max(0, int(self._idle_seconds - (self._clock() - self._used)))


def _taken(mark: int) -> bool:
    # One that is about to end removes its socket first, and lets go of this at once after.
    for _ in range(_TAKE_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


def _request(connection: socket.socket) -> tuple[bytes, list[bytes]]:
    until = time.monotonic() + _REQUEST_SECONDS

    def recv(size: int) -> bytes:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        return connection.recv(size)

    operation, count = protocol.receive(recv, 1), protocol.receive(recv, 1)[0]
    room = protocol.MOST_BYTES
    parts = []
    for _ in range(count):
        parts.append(protocol.receive_part(recv, room))
        room -= len(parts[-1])
    return operation, parts


def _words(error: SecureError) -> bytes:
    return "\n".join(filter(None, (error.what, error.why, error.remedy))).encode()


def _awake_or_asleep() -> float:
    # A notebook computer that sleeps is not being used: that time counts too.
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux has it
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def main(state: str, seconds: str) -> int:
    """Run an agent apart from whoever started it; print ``ready``, or what is wrong."""
    missing = memory.protect_process()
    # The starter waits for this process; the agent is its child, in a session of its own.
    if os.fork():
        os._exit(0)
    os.setsid()
    key = bytearray(sys.stdin.buffer.read(ROOT_KEY_BYTES))
    try:
        root = RootKey(key)
        try:
            vault = OpenVault(Path(state), root)
        finally:
            root.wipe()
            memory.wipe(key)
        agent = Agent(Path(state), vault, float(seconds))
    except SecureError as error:
        sys.stdout.write("\n".join(("no", error.what, error.why, error.remedy)))
        sys.stdout.flush()
        return 1
    sys.stdout.write("\n".join(("ready", *missing)))
    sys.stdout.flush()
    for descriptor in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    agent.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
