"""A real server in a process of its own, and clients that talk to it over TLS."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import websocket
from support import fork_server
from support.home import PASSWORD, Home

_START_SECONDS = 40
_NOT_NEEDED = ("jupyterlab", "jupyter_lsp", "notebook", "notebook_shim")


@dataclass
class LiveServer:
    """A running server."""

    home: Home
    port: int
    process: fork_server.Process = field(repr=False)
    log_file: Path = field(repr=False)
    base_url: str = "/"
    _open: list[requests.Session | websocket.WebSocket] = field(default_factory=list, repr=False)

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"https://localhost:{self.port}{self.base_url.rstrip('/')}"

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self.log_file.read_text()

    def client(self) -> Client:
        """Return a client that is not logged in."""
        client = Client(self)
        self._open.append(client)
        return client

    def logged_in(self, code: str = "") -> Client:
        """Return a client that has gone through both steps."""
        client = self.client()
        answer = client.log_in(code=code or self.home.spare_code())
        assert answer.status_code == 302, f"{answer.status_code}\n{self.log}"
        return client

    def stop(self) -> None:
        """Stop it as an administrator would."""
        for connection in self._open:
            connection.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Client(requests.Session):
    """A program that behaves like a page of ours: it keeps cookies and sends the XSRF token."""

    def __init__(self, server: LiveServer) -> None:
        super().__init__()
        self.server = server
        self.trust_env = False  # the machine's own certificates and proxies are not wanted
        self.verify = str(server.home.certificate)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]  # the library types `url` as bytes too
        """Send a request to a path of the server; redirects are not followed."""
        kwargs.setdefault("allow_redirects", False)
        kwargs.setdefault("timeout", 60)
        headers = {"Sec-Fetch-Site": "same-origin", **(kwargs.pop("headers", None) or {})}
        if method.upper() not in ("GET", "HEAD", "OPTIONS") and self.xsrf:
            headers.setdefault("X-XSRFToken", self.xsrf)
        if url.startswith("/"):
            url = self.server.url + url
        return super().request(method, url, *args, headers=headers, **kwargs)

    def get(self, url: str, **kwargs: Any) -> requests.Response:  # type: ignore[override]  # as above
        """Send a GET; the library's own would follow redirects."""
        return self.request("GET", url, **kwargs)

    @property
    def xsrf(self) -> str:
        """The XSRF token that the server gave."""
        return str(next((c.value for c in self.cookies if c.name == "_xsrf"), ""))

    @property
    def cookie_header(self) -> str:
        """All cookies, as a browser sends them."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)

    def log_in(
        self, username: str = "", password: str = PASSWORD, code: str = "", **query: str
    ) -> requests.Response:
        """Post whatever of the three is given, in one request, to a fresh form."""
        self.get("/login", params=query)
        form = {"username": username or self.server.home.username, "password": password}
        if code:
            form["code"] = code
        return self.post("/login", params=query, data={**form, "_xsrf": self.xsrf})

    def second_step(self, code: str) -> requests.Response:
        """Post a code after a right password."""
        return self.post("/login?step=code", data={"code": code, "_xsrf": self.xsrf})

    def elevate(self, code: str = "") -> requests.Response:
        """Confirm a second factor."""
        code = code or self.server.home.spare_code()
        return self.post("/jupyter-secure/api/elevate", json={"code": code})

    def save(self, path: str, notebook: dict[str, Any]) -> requests.Response:
        """Save a notebook."""
        body = {"type": "notebook", "format": "json", "content": notebook}
        return self.put(f"/api/contents/{path}", json=body)

    def socket(self, path: str, **headers: str) -> websocket.WebSocket:
        """Open a websocket with this client's cookies."""
        socket = websocket.create_connection(
            self.server.url.replace("https", "wss") + path,
            sslopt={"ca_certs": str(self.server.home.certificate)},
            cookie=self.cookie_header,
            origin=headers.pop("Origin", f"https://localhost:{self.server.port}"),
            header=headers,
            timeout=30,
        )
        self.server._open.append(socket)
        return socket


def notebook(source: str, *, output: str = "") -> dict[str, Any]:
    """Return a notebook with one code cell, and one printed output if given."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    cell = {
        "cell_type": "code",
        "id": "first",
        "metadata": {},
        "source": source,
        "execution_count": None,
        "outputs": outputs,
    }
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@contextmanager
def running(
    home: Home,
    *arguments: str,
    module: str = "jupyter_server",
    base_url: str = "/",
    forked: bool = True,
) -> Iterator[LiveServer]:
    """Run a server in ``home`` for the block; ``module`` may be "jupyterlab" or "notebook"."""
    server = start(home, *arguments, module=module, base_url=base_url, forked=forked)
    try:
        yield server
    finally:
        server.stop()


def start(
    home: Home,
    *arguments: str,
    module: str = "jupyter_server",
    base_url: str = "/",
    forked: bool = True,
) -> LiveServer:
    """Start a server and wait until it answers; the caller stops it."""
    port = free_port()
    log_file = home.path / f"server-{port}.log"
    process = launch(
        home, port, log_file, *arguments, module=module, base_url=base_url, forked=forked
    )
    server = LiveServer(home, port, process, log_file, base_url)
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}:\n{server.log}")
        try:
            server.client().get("/login")
        except (requests.ConnectionError, ssl.SSLError):
            time.sleep(0.02)
        else:
            return server
    server.stop()
    raise AssertionError(f"the server did not answer:\n{server.log}")


def launch(
    home: Home,
    port: int,
    log_file: Path,
    *arguments: str,
    module: str = "jupyter_server",
    base_url: str = "/",
    forked: bool = True,
) -> fork_server.Process:
    """Start the process alone; it may refuse to go on. For ``forked`` see ``fork_server``."""
    command = [module, "--no-browser", "--allow-root"]
    if module == "jupyter_server":
        # Half of the time a server takes to start is JupyterLab's, which most tests do not need.
        command += [f"--ServerApp.jpserver_extensions={name}=False" for name in _NOT_NEEDED]
    settings = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.base_url": base_url,
        "ServerApp.root_dir": str(home.work),
    }
    command += [*(f"--{name}={value}" for name, value in settings.items()), *arguments]
    return begin(home, command, log_file, forked=forked)


def begin(
    home: Home, command: list[str], log_file: Path, *, forked: bool = True
) -> fork_server.Process:
    """Start a process of a server: the module's name, and its arguments."""
    if forked:
        process = fork_server.fork(
            command, variables=home.variables, cwd=home.work, log_file=log_file
        )
        if process is not None:
            return process
    with log_file.open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "support.serve", *command],
            env=home.variables,
            cwd=home.work,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )


def refusal(
    home: Home,
    *arguments: str,
    module: str = "jupyter_server",
    traceback: bool = False,
    forked: bool = True,
) -> str:
    """Start a server that must refuse; return what it said. Fails if it starts to listen.

    ``traceback`` allows one in the log: Jupyter's own, for a settings file that is no JSON.
    """
    port = free_port()
    log_file = home.path / f"refused-{port}.log"
    process = launch(home, port, log_file, *arguments, module=module, forked=forked)
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if _listens(port):
            process.kill()
            process.wait()
            raise AssertionError(f"it listens:\n{log_file.read_text()}")
        time.sleep(0.02)
    assert process.wait(1) != 0
    said = log_file.read_text()
    assert traceback or "Traceback" not in said, said
    return said


def run_cell(channel: websocket.WebSocket, code: str) -> str:
    """Run code on the kernel behind ``channel`` and return what it printed."""
    header = {"msg_id": "1", "username": "", "session": "s", "msg_type": "execute_request"}
    header |= {"version": "5.3", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
    content |= {"allow_stdin": False, "stop_on_error": True}
    channel.send(
        json.dumps(
            {
                "header": header,
                "parent_header": {},
                "metadata": {},
                "content": content,
                "channel": "shell",
                "buffers": [],
            }
        )
    )
    printed = ""
    while True:
        message = json.loads(channel.recv())
        if message.get("parent_header", {}).get("msg_id") != "1":
            continue
        if message["msg_type"] == "stream":
            printed += message["content"]["text"]
        elif message["msg_type"] == "error":
            printed += "\n".join(message["content"]["traceback"])
        elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return printed


def free_port() -> int:
    """Return a port on which nothing listens at this moment.

    Each worker has its own to choose from, below those that the system gives to connections: who
    asks meanwhile gets another.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as probe:
            # What was closed lately may be taken again, as servers do.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
    first = 12_000 + 2_000 * worker
    # From anywhere, for the sake of other runs on this machine.
    at = secrets.randbelow(2_000)
    while True:
        yield first + at
        at = (at + 1) % 2_000


_PORTS = _ports()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
