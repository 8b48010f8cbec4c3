"""Access tokens in tests: made by the command line, used by a program with a header."""

from __future__ import annotations

import json
from typing import Any

import requests
from support.home import PASSWORD, Home
from support.in_process import run
from support.live_server import LiveServer

_SCRIPTED = ("--password-stdin", "--json")


def make_token(home: Home, *rights: str, folder: str = "", days: int = 30) -> dict[str, Any]:
    """Return what ``jupyter secure token create --json`` prints."""
    chosen = [word for right in rights for word in ("--right", right)]
    done = run(
        ["token", "create", "test", *chosen, "--folder", folder, "--days", str(days), *_SCRIPTED],
        variables=home.variables,
        cwd=home.work,
        given=PASSWORD.encode(),
    )
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def revoke(home: Home, token: dict[str, Any]) -> None:
    """Revoke it, as an administrator would while a server runs."""
    done = run(["token", "revoke", token["id"]], variables=home.variables, cwd=home.work)
    assert done.returncode == 0, done.stderr


class Program(requests.Session):
    """A script: no cookies, no page, an access token in the header."""

    def __init__(self, server: LiveServer, text: str, scheme: str = "Bearer") -> None:
        super().__init__()
        self.server = server
        self.trust_env = False
        self.verify = str(server.home.certificate)
        self.headers["Authorization"] = f"{scheme} {text}"
        server._open.append(self)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]  # the library types `url` as bytes too
        """Send a request to a path of the server; redirects are not followed."""
        kwargs.setdefault("allow_redirects", False)
        kwargs.setdefault("timeout", 60)
        if url.startswith("/"):
            url = self.server.url + url
        return super().request(method, url, *args, **kwargs)

    def get(self, url: str, **kwargs: Any) -> requests.Response:  # type: ignore[override]  # as above
        """Send a GET; the library's own would follow redirects."""
        return self.request("GET", url, **kwargs)
