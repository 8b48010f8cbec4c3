"""HTTP over the kernel's UNIX socket, by the standard library, and answers as Python's errors."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import threading
from collections.abc import Mapping
from urllib.parse import quote, unquote

from jupyter_secure.kernels import access_file
from jupyter_secure.kernels.access_file import Access, NoAccess

_KEPT_CONNECTIONS = 4
_CONTINUE = b"HTTP/1.1 100"
_ERRNO = {403: errno.EACCES, 404: errno.ENOENT, 423: errno.EACCES, 507: errno.ENOSPC}


class FileChanged(OSError):
    """The file was changed while it was being read in parts: what was read does not fit the rest.

    Open it again to read the new version.
    """


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        # No time limit: a large file takes its time to be written, the end of the server is
        # noticed at once on this kind of socket, and the kernel can be interrupted.
        super().__init__("localhost", timeout=None)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class Answer:
    """An answer whose body is still to be read; ``close`` it when enough was read."""

    def __init__(
        self, transport: Transport, connection: _Connection, response: http.client.HTTPResponse
    ) -> None:
        self._transport = transport
        self._connection = connection
        self.response = response
        self.headers = response.headers

    def close(self) -> None:
        """Keep the connection if the body was read to its end; hang up if not."""
        if self.response.isclosed():
            self._transport.keep(self._connection)
        else:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the connection."""
        self.response.close()
        self._connection.close()


class Transport:
    """The way to the server, for all threads of a kernel and of the processes it forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[_Connection] = []
        self._access: Access | None = None
        self._process = os.getpid()

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; return a good answer. Raises what fits an answer that is none."""
        words = json.dumps(body).encode() if body is not None else None
        while True:
            connection, fresh = self._connection(fresh=method not in ("GET", "HEAD"))
            try:
                connection.request(method, self._address(path), words, self._headers(headers))
                response = connection.getresponse()
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                if fresh:
                    raise self._unreachable(error) from None
                continue  # the server closes connections that were idle; a fresh one tells
            answer = Answer(self, connection, response)
            if response.status < http.client.BAD_REQUEST:
                if method == "HEAD" or response.status == http.client.NO_CONTENT:
                    response.read()
                return answer
            raise self._refusal(answer, method)

    def send(self, path: str, *, only_new: bool) -> Sending:
        """Begin to write a file; raises at once what forbids it."""
        connection, _ = self._connection(fresh=True)
        try:
            connection.putrequest("PUT", self._address(path))
            for name, value in self._headers({"Expect": "100-continue"}).items():
                connection.putheader(name, value)
            if only_new:
                connection.putheader("If-None-Match", "*")
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            if _peek(connection.sock, len(_CONTINUE)) == _CONTINUE:
                _skip_line_pair(connection.sock)
                return Sending(self, connection)
            response = connection.getresponse()
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise self._unreachable(error) from None
        raise self._refusal(Answer(self, connection, response), "PUT")

    def finish(self, connection: _Connection) -> None:
        """Take the answer to what was sent."""
        try:
            response = connection.getresponse()
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise self._unreachable(error) from None
        answer = Answer(self, connection, response)
        if response.status >= http.client.BAD_REQUEST:
            raise self._refusal(answer, "PUT")
        response.read()
        answer.close()

    def keep(self, connection: _Connection) -> None:
        """Take back a connection on which nothing is under way."""
        with self._lock:
            if self._process == os.getpid() and len(self._kept) < _KEPT_CONNECTIONS:
                self._kept.append(connection)
                return
        connection.close()

    def _connection(self, *, fresh: bool = False) -> tuple[_Connection, bool]:
        with self._lock:
            if self._process != os.getpid():
                # A fork: the connections are the parent's, who is using them.
                self._process, self._kept, self._access = os.getpid(), [], None
            if self._access is None:
                self._access = access_file.read()
            if self._kept and not fresh:
                return self._kept.pop(), False
            return _Connection(self._access.socket), True

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        assert self._access is not None
        return {"Authorization": f"Bearer {self._access.token}", **(more or {})}

    def _address(self, path: str) -> str:
        assert self._access is not None
        return f"{self._access.base_url}jupyter-secure/data/{quote(path, errors='surrogateescape')}"

    def _unreachable(self, error: Exception) -> Exception:
        if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
            return NoAccess(
                "The server that started this kernel is not there any more. Start it, and restart "
                "the kernel in JupyterLab."
            )
        return ConnectionError(f"The server broke the connection off ({type(error).__name__}).")

    def _refusal(self, answer: Answer, method: str) -> Exception:
        status = answer.response.status
        try:
            if method == "HEAD":  # whose answer has no body
                message = unquote(answer.headers.get("X-Jupyter-Secure-Message", ""))
                reason = answer.headers.get("X-Jupyter-Secure-Reason", "")
            else:
                words = json.loads(answer.response.read())
                message, reason = str(words.get("message") or ""), str(words.get("reason"))
        except (ValueError, AttributeError, http.client.HTTPException, OSError):
            message = reason = ""
        answer.hang_up()
        return _as_error(status, message or f"The server answered {status}.", reason)


class Sending:
    """A file that is on its way to the server; nothing is changed there before ``finish``."""

    def __init__(self, transport: Transport, connection: _Connection) -> None:
        self._transport = transport
        self._connection: _Connection | None = connection

    def send(self, data: memoryview) -> None:
        """Send the next part."""
        connection = self._connection
        if connection is None:
            raise ValueError("The file is closed.")
        try:
            connection.send(b"%x\r\n" % data.nbytes)
            connection.send(data)
            connection.send(b"\r\n")
        except OSError:
            # The server has answered before the end, and says why.
            self._connection = None
            self._transport.finish(connection)
            raise

    def finish(self) -> None:
        """Let the server put the file in place. Raises if it did not."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.send(b"0\r\n\r\n")
            self._transport.finish(connection)

    def discard(self) -> None:
        """Leave everything as it was."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _as_error(status: int, message: str, reason: str) -> Exception:
    kinds: dict[int, type[OSError]] = {
        401: NoAccess,
        403: PermissionError,
        404: FileNotFoundError,
        # Or it is not what was left there, which only a person can judge.
        409: FileExistsError if reason == "conflict" else OSError,
        412: FileChanged,
        423: PermissionError,
    }
    error = kinds.get(status, OSError)(message)
    error.errno = _ERRNO.get(status, errno.EIO)
    return error


def _peek(sock: socket.socket, size: int) -> bytes:
    seen = b""
    while len(seen) < size:
        seen = sock.recv(size, socket.MSG_PEEK)
        if not seen:
            raise ConnectionError
    return seen


def _skip_line_pair(sock: socket.socket) -> None:
    """Take the interim answer off the socket: a line, and an empty one."""
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            raise ConnectionError
        seen += byte
