"""A real kernel of a real server, and what its capability opens without it."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from pathlib import Path
from typing import Any

import websocket
from support.live_server import Client, run_cell

_PREPARE = "import fsspec, json, os; fs = fsspec.filesystem('secure')"
_MARK = "answer: "
_TRACEBACK = "Traceback (most recent call last)"
_NUMBERS = count()


@dataclass
class Kernel:
    """A kernel, and a channel to it."""

    client: Client
    id: str
    channel: websocket.WebSocket

    @classmethod
    def of_notebook(cls, client: Client, path: str) -> Kernel:
        """Start one as JupyterLab does for a notebook, through the sessions API."""
        body = {"path": path, "type": "notebook", "name": path, "kernel": {"name": "python3"}}
        answer = client.post("/api/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return cls._connected(client, answer.json()["kernel"]["id"])

    @classmethod
    def bare(cls, client: Client, **body: str) -> Kernel:
        """Start one through the kernels API."""
        answer = client.post("/api/kernels", json={"name": "python3", **body})
        assert answer.status_code == 201, answer.text
        return cls._connected(client, answer.json()["id"])

    @classmethod
    def _connected(cls, client: Client, kernel_id: str) -> Kernel:
        channel = client.socket(f"/api/kernels/{kernel_id}/channels?session_id=s")
        kernel = cls(client, kernel_id, channel)
        kernel.run(_PREPARE)
        return kernel

    def run(self, code: str) -> str:
        """Run code; return what it printed. Fails with its traceback."""
        # Numbered, because a kernel takes no message twice.
        printed = run_cell(self.channel, f"# {next(_NUMBERS)}\n{code}")
        assert _TRACEBACK not in printed, printed
        return printed

    def value(self, expression: str) -> Any:
        """Return the value of an expression, by way of JSON; fails with the kernel's traceback."""
        printed = self.run(f"print({_MARK!r} + json.dumps({expression}))")
        assert printed.startswith(_MARK), printed
        return json.loads(printed[len(_MARK) :])

    def error(self, code: str) -> tuple[str, str]:
        """Return the class and the words of the error that ``code`` raises."""
        lines = "\n".join(f"    {line}" for line in code.splitlines())
        printed = self.run(
            f"try:\n{lines}\nexcept Exception as error:\n"
            "    print('raised ' + json.dumps([type(error).__name__, str(error)]))"
        )
        assert printed.startswith("raised "), printed
        name, words = json.loads(printed.removeprefix("raised "))
        return name, words

    def access(self) -> dict[str, str]:
        """Return what the server gave this kernel."""
        access: dict[str, str] = self.value("json.load(open(os.environ['JUPYTER_SECURE_KERNEL']))")
        return access

    def restart(self) -> Kernel:
        """Restart it, and connect again."""
        assert self.client.post(f"/api/kernels/{self.id}/restart").status_code == 200
        self.channel.close()
        return self._connected(self.client, self.id)

    def shut_down(self) -> None:
        """End it."""
        assert self.client.delete(f"/api/kernels/{self.id}").status_code == 204


def ask(
    access: dict[str, str], method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    """Send a request to the kernels' socket as any program of the account could."""
    connection = HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(access["socket"])
        bearer = {"Authorization": f"Bearer {access['token']}"}
        connection.request(method, path, headers=bearer if headers is None else headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def begun(access: dict[str, str], method: str, path: str) -> socket.socket:
    """Return a connection on which a request was begun; a body is still to come, in chunks."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(access["socket"])
    lines = [
        f"{method} {data(access, path)} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {access['token']}",
    ]
    if method == "PUT":
        lines += ["Transfer-Encoding: chunked", "Expect: 100-continue"]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    if method == "PUT":
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")
    return connection


def data(access: dict[str, str], path: str) -> str:
    """Return the address of a file for this kernel."""
    return f"{access['base_url']}jupyter-secure/data/{path}"


def peak_memory(process: int) -> int:
    """Return the most memory that a process has held, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
