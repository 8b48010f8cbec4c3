"""A real JupyterHub with its real proxy, TLS there, and browsers that come through both."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests
from support.home import PASSWORD, Home
from support.live_server import Client, LiveServer, free_port

_START_SECONDS = 60
_HUB_PASSWORD = "what the Hub asks for"
_PANEL = Path(__file__).parents[2] / "labextension"

_SETTINGS = """
c.JupyterHub.bind_url = "https://localhost:{port}"
c.JupyterHub.ssl_cert = {certificate!r}
c.JupyterHub.ssl_key = {key!r}
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {home!r}
c.Spawner.notebook_dir = {work!r}
c.Spawner.cmd = [{python!r}, "-m", "support.serve", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {variables!r}
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.api_url = "{proxy_scheme}://127.0.0.1:{proxy_port}"
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "tests", "services": ["tests"],
      "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"]}},
    {{"name": "helpdesk", "users": ["helpdesk"], "scopes": ["access:servers"]}},
]
"""


@dataclass
class Hub(LiveServer):
    """A Hub; as a server, it is that of its user alice."""

    token: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Where the proxy answers."""
        return f"https://localhost:{self.port}"

    def client(self) -> HubClient:
        """Return a browser that is logged in nowhere."""
        client = HubClient(self)
        self._open.append(client)
        return client

    def logged_in(self, code: str = "") -> HubClient:
        """Return a browser that has gone through both logins."""
        client = self.client()
        client.log_in_at_hub("alice")
        assert client.follow("/lab").status_code == 200
        answer = client.password_and_code(code or self.home.spare_code())
        assert answer.status_code == 302, f"{answer.status_code}\n{self.log}"
        return client

    def api(self, method: str, path: str, **body: object) -> requests.Response:
        """Ask the Hub's own API as its administrator."""
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                f"{self.host}/hub/api/{path}",
                headers={"Authorization": f"token {self.token}"},
                json=body or None,
                verify=str(self.home.certificate),
                timeout=60,
            )

    @property
    def address(self) -> str:
        """Where alice's server itself listens, as the proxy was told."""
        return self.log.partition("Adding user alice to proxy /user/alice/ => ")[2].split()[0]

    def start_server(self) -> None:
        """Start alice's server, and wait until it is there."""
        self.api("POST", "users/alice")
        until = time.monotonic() + _START_SECONDS
        answer = self.api("POST", "users/alice/server")
        assert answer.status_code in (201, 202), answer.text + self.log
        while not self.api("GET", "users/alice").json()["servers"].get("", {}).get("ready"):
            assert time.monotonic() < until, self.log
            time.sleep(0.2)

    def tokens_of_logins(self) -> list[str]:
        """Return the ids of the tokens that the Hub gave out when alice logged in through it."""
        tokens = self.api("GET", "users/alice/tokens").json()["api_tokens"]
        return [one["id"] for one in tokens if one["oauth_client"] == "Server at /user/alice/"]


class HubClient(Client):
    """A browser: it follows redirects where it is told to."""

    server: Hub

    @property
    def xsrf(self) -> str:
        """The XSRF token of alice's server, not the Hub's."""
        return next(
            (str(one.value) for one in self.cookies if (one.name, one.path) == ("_xsrf", self._at)),
            "",
        )

    @property
    def _at(self) -> str:
        return self.server.base_url

    @property
    def cookie_header(self) -> str:
        """The cookies that a browser sends to alice's server."""
        sent = (one for one in self.cookies if self._at.startswith(one.path))
        return "; ".join(f"{one.name}={one.value}" for one in sent)

    def log_in_at_hub(self, user: str) -> None:
        """Go through the Hub's login form."""
        url = f"{self.server.host}/hub/login"
        self.get(url)
        xsrf = next(one.value for one in self.cookies if (one.name, one.path) == ("_xsrf", "/hub/"))
        form = {"username": user, "password": _HUB_PASSWORD, "_xsrf": xsrf}
        answer = self.post(url, data=form)
        assert answer.status_code == 302, answer.text

    def follow(self, url: str) -> requests.Response:
        """Open an address as a person does, wherever it leads; return the last page."""
        for _ in range(10):
            answer = self.get(url, headers={"Accept": "text/html"})
            if answer.status_code not in (301, 302, 303):
                return answer
            url = urljoin(answer.url, answer.headers["Location"])
        raise AssertionError(f"it leads in circles, by {url}")

    def password_and_code(self, code: str, password: str = PASSWORD) -> requests.Response:
        """Post our own login's form, which the browser was shown already."""
        form = {"username": "alice", "password": password, "code": code, "_xsrf": self.xsrf}
        return self.post("/login", data=form)


def proxy() -> str:
    """Return the Hub's proxy, installed with what the panel's development needs."""
    found = shutil.which("configurable-http-proxy", path=str(_PANEL / "node_modules" / ".bin"))
    found = found or shutil.which("configurable-http-proxy")
    if found is None or shutil.which("node") is None:
        message = "configurable-http-proxy is not installed (npm ci in labextension)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


@contextmanager
def running_hub(home: Home, *, internal_ssl: bool = False) -> Iterator[Hub]:
    """Run a Hub whose user alice has her server in ``home``, and start that.

    ``internal_ssl`` puts TLS between the proxy, the Hub and the server, too.
    """
    folder = home.path / "hub"
    folder.mkdir()
    port, token = free_port(), secrets.token_hex(16)
    log_file = folder / "log"
    names = ("JUPYTER", "IPYTHON", "TMPDIR", "PYTHON")
    variables = {k: v for k, v in home.variables.items() if k.startswith(names)}
    settings = _SETTINGS.format(
        port=port,
        hub_port=free_port(),
        proxy_port=free_port(),
        certificate=str(home.certificate),
        key=str(home.certificate.with_name("key.pem")),
        password=_HUB_PASSWORD,
        home=str(home.path),
        work=str(home.work),
        python=sys.executable,
        variables=variables,
        proxy=[proxy()],
        token=token,
        proxy_scheme="https" if internal_ssl else "http",
    )
    if internal_ssl:
        settings += f"""
c.JupyterHub.internal_ssl = True
c.JupyterHub.internal_certs_location = {str(folder / "certs")!r}
"""
    (folder / "jupyterhub_config.py").write_text(settings)
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "support.serve", "jupyterhub", "-f", "jupyterhub_config.py"],
            env=home.variables | {"CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(16)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
    hub = Hub(home, port, process, log_file, "/user/alice/", token=token)
    try:
        until = time.monotonic() + _START_SECONDS
        while "JupyterHub is now running" not in hub.log:
            assert process.poll() is None, hub.log
            assert time.monotonic() < until, hub.log
            time.sleep(0.1)
        hub.start_server()
        yield hub
    finally:
        hub.stop()


def config_of_page(page: str) -> dict[str, str]:
    """Return what JupyterLab's page tells its scripts."""
    text = page.partition('<script id="jupyter-config-data" type="application/json">')[2]
    config: dict[str, str] = json.loads(text.partition("</script>")[0])
    return config
