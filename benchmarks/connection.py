"""A connection that stays open, as a browser's does, and costs the measurement next to nothing."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 120


class Connection:
    """Sends requests, one after another, and reads each answer to its last byte."""

    def __init__(self, port: int, certificate: Path | None, headers: Mapping[str, str]) -> None:
        """Connect to a server on this machine; ``certificate`` is the one to trust, for HTTPS."""
        self.headers = dict(headers)
        if certificate is None:
            self._http = http.client.HTTPConnection("localhost", port, timeout=_SECONDS)
        else:
            context = ssl.create_default_context(cafile=str(certificate))
            self._http = http.client.HTTPSConnection(
                "localhost", port, timeout=_SECONDS, context=context
            )

    def get(self, path: str) -> bytes:
        """Return the body; anything but 200 ends the measurement."""
        return self._send("GET", path, None, (200,))

    def drain(self, path: str) -> int:
        """Read a body of any size to its end, keep none of it, and return its size."""
        self._http.request("GET", path, None, self.headers)
        answer = self._http.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status} {answer.read(500)!r}")
        size, buffer = 0, bytearray(1 << 20)
        while count := answer.readinto(buffer):
            size += count
        return size

    def put(self, path: str, body: bytes) -> None:
        """Save a model."""
        self._send("PUT", path, body, (200, 201))

    def ask(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Send any request; the body is read already, status and headers can be looked at."""
        self._http.request(method, path, body, {**self.headers, **headers})
        answer = self._http.getresponse()
        answer.read()
        return answer

    def begin(self, path: str) -> None:
        """Ask, without waiting for the answer."""
        self._http.request("GET", path, None, self.headers)

    def end(self) -> None:
        """Read the answer to what ``begin`` asked; anything but 200 ends the measurement."""
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"GET: {answer.status} {content[:500]!r}")

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _send(self, method: str, path: str, body: bytes | None, good: tuple[int, ...]) -> bytes:
        self._http.request(method, path, body, self.headers)
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status not in good:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return content
