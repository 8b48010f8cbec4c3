"""How Git's drivers and the agent talk: one request and one answer for each connection.

Git starts a driver for each version of each file, and most of that time is Python's own start. So
this module, and what the drivers share with it, imports nothing that takes time: no ``typing``, no
``socket`` (its C half does), none of our errors.

A request is an operation, a count and that many parts; an answer is a status and one part. A part
is its length, 8 bytes big-endian, and its bytes.
"""

from __future__ import annotations

import _socket
import os
import sys

TYPE_CHECKING = False  # as ``typing`` has it
if TYPE_CHECKING:
    from collections.abc import Callable

#: The folder of the socket, in the state directory; mode 0700.
FOLDER = "git"
SOCKET = "agent.sock"
#: More than this is neither sent nor taken, in bytes: a whole request or answer.
MOST_BYTES = 256 * 1024 * 1024
_PIECE_BYTES = 256 * 1024

OPEN = b"O"
"""One sealed file → its content."""
SEAL = b"S"
"""Content, and headers → the sealed file that comes after the ones with these headers."""
STATUS = b"?"
"""Nothing → JSON."""
LOCK = b"Q"
"""Nothing → nothing; the agent ends."""

DONE = b"+"
REFUSED = b"-"


class NotAnswered(Exception):
    """The other side hung up, said something else, or more than there is room for."""


def send(connection: _socket.socket, head: bytes, parts: list[bytes]) -> None:
    """Send ``head`` and ``parts``. Raises ``OSError``."""
    for part in (head, *(piece for one in parts for piece in (_length(one), one))):
        connection.sendall(part)


def receive(recv: Callable[[int], bytes], size: int, most: int = MOST_BYTES) -> bytes:
    """Receive exactly ``size`` bytes by a socket's ``recv``, never more than ``most``.

    Raises ``NotAnswered`` or ``OSError``.
    """
    if size > most:
        raise NotAnswered
    # Piece by piece: a length that is only claimed must not take memory.
    pieces = []
    while size:
        piece = recv(min(size, _PIECE_BYTES))
        if not piece:
            raise NotAnswered
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def receive_part(recv: Callable[[int], bytes], most: int = MOST_BYTES) -> bytes:
    """Receive one part; raises as ``receive``."""
    return receive(recv, int.from_bytes(receive(recv, 8), "big"), most)


def folder(state: str) -> int:
    """Return the open folder of the socket.

    Raises ``OSError`` where there is none, or none that only this account can get at: whoever else
    could put a socket there would be sent what Git has to be shown.
    """
    descriptor = os.open(os.path.join(state, FOLDER), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    facts = os.fstat(descriptor)
    if facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
        os.close(descriptor)
        raise PermissionError
    return descriptor


def address(state: str, descriptor: int) -> str:
    """Return the socket's address: by the open folder, where that can be said.

    So nobody puts another folder in its place in between, and its path may be longer than the 108
    bytes that an address has room for.
    """
    by_folder = f"/proc/self/fd/{descriptor}"
    place = by_folder if os.path.exists(by_folder) else os.path.join(state, FOLDER)
    return f"{place}/{SOCKET}"


def peer(connection: _socket.socket) -> int:
    """Return the user id of the process at the other end; -1 where the system does not say."""
    if not hasattr(_socket, "SO_PEERCRED"):
        return -1
    facts = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return int.from_bytes(facts[4:8], sys.byteorder, signed=True)


def _length(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big")
