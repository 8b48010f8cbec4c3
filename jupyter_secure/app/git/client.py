"""Asking the agent, from a driver that Git has started. Imports as little as ``protocol``."""

from __future__ import annotations

import _socket
import os

from jupyter_secure.app.git import protocol

# Opening 256 MB takes a second; an agent that does not answer must not keep Git for ever.
_TIMEOUT_SECONDS = 60.0


class NoAgent(Exception):
    """No agent answers: the vault is not open for Git."""


class AgentRefused(Exception):
    """What the agent said: one sentence to a line, as our errors have them."""


def ask(state: str, operation: bytes, *parts: bytes) -> bytes:
    """Return the agent's answer. Raises ``NoAgent`` or ``AgentRefused``."""
    if sum(map(len, parts)) > protocol.MOST_BYTES // 2:
        raise AgentRefused("The file is too large for Git to be shown.")
    try:
        connection = _connected(state)
    except (OSError, AttributeError):  # the latter where the system has no such sockets
        raise NoAgent from None
    try:
        connection.settimeout(_TIMEOUT_SECONDS)
        protocol.send(connection, operation + bytes([len(parts)]), list(parts))
        status = protocol.receive(connection.recv, 1)
        answer = protocol.receive_part(connection.recv)
    except (OSError, protocol.NotAnswered):
        raise NoAgent from None
    finally:
        connection.close()
    if status != protocol.DONE:
        raise AgentRefused(answer.decode(errors="replace"))
    return answer


def _connected(state: str) -> _socket.socket:
    folder = protocol.folder(state)
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        # A link could lead to another program's socket.
        if (
            os.stat(protocol.SOCKET, dir_fd=folder, follow_symlinks=False).st_mode & 0o170000
            != 0o140000
        ):
            raise FileNotFoundError
        connection.connect(protocol.address(state, folder))
        if protocol.peer(connection) not in (os.geteuid(), -1):
            raise PermissionError
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection
