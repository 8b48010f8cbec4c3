"""The servers that are compared: the same Python, a home of its own for each.

stock      plain files over HTTP, and a token
stock+TLS  the same over HTTPS, with our certificate: what TLS alone costs
secured    what ``jupyter secure init`` sets up
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from jupyter_server.auth.security import passwd
from support.home import PASSWORD, Home, bare_variables, set_up_for_real

from benchmarks.connection import Connection

STOCK, STOCK_TLS, SECURED = "stock", "stock+TLS", "secured"
_TOKEN = "0123456789abcdef"  # of throw-away servers only
_START_SECONDS = 90


@dataclass
class Server:
    """One of them, started or not; ``port`` and ``pid`` are those of the last start."""

    name: str
    path: Path
    variables: dict[str, str] = field(repr=False)
    certificate: Path | None = None
    options: tuple[str, ...] = ()
    home: Home | None = None
    port: int = 0
    pid: int = 0

    @property
    def work(self) -> Path:
        """The folder that it serves."""
        return self.path / "work"

    @contextlib.contextmanager
    def running(self, module: str = "jupyterlab") -> Iterator[Server]:
        """Run it for the block, which begins when it answers."""
        self.port = _free_port()
        command = [sys.executable, "-m", module, "--no-browser", "--allow-root"]
        settings = (f"port={self.port}", "port_retries=0", f"root_dir={self.work}")
        with (self.path / "server.log").open("w") as log:
            process = subprocess.Popen(
                [*command, *(f"--ServerApp.{setting}" for setting in settings), *self.options],
                env=self.variables,
                cwd=self.work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.pid = process.pid
        try:
            self._wait(process)
            yield self
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def connect(self) -> Connection:
        """Return a connection that is logged in."""
        if self.home is None:
            headers = {"Authorization": f"token {_TOKEN}"}
            return Connection(self.port, self.certificate, headers)
        connection = self.visitor()
        self.log_in(connection)
        return connection

    def visitor(self) -> Connection:
        """Return a connection of a browser that has fetched the login page."""
        # Polls and saves, as JupyterLab's own requests: only these are measured.
        headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
        connection = Connection(self.port, self.certificate, headers)
        answer = connection.ask("GET", "/login", None, {"Sec-Fetch-Mode": "navigate"})
        _keep_cookies(connection, answer.headers.get_all("Set-Cookie", []))
        return connection

    def log_in(self, connection: Connection) -> None:
        """Log in as a person does: stock with its password, ours with the code as well."""
        form = {"password": PASSWORD, "_xsrf": connection.headers["X-XSRFToken"]}
        if self.home is not None:
            form |= {"username": self.home.username, "code": self.home.spare_code()}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = connection.ask("POST", "/login", urlencode(form), headers)
        if answer.status != 302:
            raise RuntimeError(f"{self.name}: the login was answered with {answer.status}")
        _keep_cookies(connection, answer.headers.get_all("Set-Cookie", []))

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            connection = Connection(self.port, self.certificate, {})
            try:
                connection.ask("GET", "/login", None, {})
            except OSError:
                time.sleep(0.01)
            else:
                return
            finally:
                connection.close()
        log = (self.path / "server.log").read_text()
        raise RuntimeError(f"The server “{self.name}” did not start:\n{log}")


def prepare(folder: Path) -> dict[str, Server]:
    """Make the homes of all three below ``folder``."""
    ours = secured(folder, SECURED)
    stock = _stock(folder, STOCK)
    stock_tls = _stock(folder, STOCK_TLS)
    stock_tls.certificate = ours.certificate
    assert ours.home is not None
    tls = ours.home.state / "tls"
    stock_tls.options = (
        f"--ServerApp.certfile={tls / 'cert.pem'}",
        f"--ServerApp.keyfile={tls / 'key.pem'}",
    )
    return {server.name: server for server in (stock, stock_tls, ours)}


def secured(folder: Path, name: str) -> Server:
    """Make a home below ``folder`` in which ``jupyter secure init`` was run."""
    home = set_up_for_real(folder / name)
    return Server(name, home.path, _as_installed(home.variables), home.certificate, home=home)


def _stock(folder: Path, name: str) -> Server:
    path = folder / name
    variables = _as_installed(bare_variables(path))
    # Ours is installed in this Python: without it, the server is what JupyterLab ships.
    settings = {
        "ServerApp": {"jpserver_extensions": {"jupyter_secure": False}},
        "IdentityProvider": {"token": _TOKEN},
        "PasswordIdentityProvider": {"hashed_password": passwd(PASSWORD)},
    }
    (path / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    return Server(name, path, variables)


def _as_installed(variables: dict[str, str]) -> dict[str, str]:
    """Let Python keep what it compiles: what is installed is not compiled at each start."""
    return {name: value for name, value in variables.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _keep_cookies(connection: Connection, cookies: list[str]) -> None:
    kept = dict(
        pair.split("=", 1) for pair in connection.headers.get("Cookie", "").split("; ") if pair
    )
    for cookie in cookies:
        name, value = cookie.split(";", 1)[0].split("=", 1)
        kept[name] = value
        if name == "_xsrf":
            connection.headers["X-XSRFToken"] = value
    connection.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
