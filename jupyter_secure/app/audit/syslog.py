"""A syslog server: messages as RFC 5424 says, over UDP, or over TCP with RFC 6587's octet counting.

Neither is secret on its way nor sure to come from us: checkpoints are signed, and for events there
are relays that speak TLS.
"""

from __future__ import annotations

import os
import re
import socket
from datetime import datetime, timezone
from types import TracebackType
from urllib.parse import urlsplit

_WAIT_SECONDS = 10.0
_PORT = 514
# RFC 5424: facility 13 (log audit), severity 5 (notice).
_PRIORITY = 13 * 8 + 5


class Receiver:
    """The server at ``syslog://HOST[:PORT]`` (UDP) or ``syslog+tcp://…``, for a ``with`` block.

    Raises ``OSError``; UDP tells of nothing that was lost.
    """

    def __init__(self, place: str) -> None:
        """Connect."""
        parts = urlsplit(place)
        address = (str(parts.hostname), parts.port or _PORT)
        self._counted = parts.scheme == "syslog+tcp"
        if self._counted:
            self._socket = socket.create_connection(address, _WAIT_SECONDS)
        else:
            found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(found[0], socket.SOCK_DGRAM)
            self._socket.connect(found[4])
        self._host = re.sub(r"[^!-~]", "-", socket.gethostname())[:255] or "-"

    def send(self, kind: str, time_ms: int, text: str) -> None:
        """Send one message; ``kind`` is a word for its MSGID."""
        moment = datetime.fromtimestamp(time_ms / 1000, timezone.utc)
        stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = (
            f"<{_PRIORITY}>1 {stamp} {self._host} jupyter-secure {os.getpid()} {kind} - {text}"
        ).encode()
        counted = b"%d %b" % (len(message), message)
        self._socket.sendall(counted if self._counted else message)

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
