"""What people do with one-time links, as their browsers do it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

import requests
from support.home import PASSWORD, Authenticator
from support.live_server import Client, LiveServer

JOIN, USERS = "/jupyter-secure/join", "/jupyter-secure/api/users"
NEW = "an otter under Hay bridge"


@dataclass
class Newcomer:
    """Somebody who came by a link, with what they hold afterwards."""

    username: str
    password: str
    authenticator: Authenticator
    codes: list[str] = field(default_factory=list)

    def log_in(self, server: LiveServer) -> Client:
        """Log in with a recovery code, which need not be waited for."""
        client = server.client()
        answer = client.log_in(self.username, self.password, self.codes.pop())
        assert answer.status_code == 302, f"{answer.status_code}\n{server.log}"
        return client

    def elevated(self, server: LiveServer) -> Client:
        """Log in and confirm a second factor."""
        client = self.log_in(server)
        assert client.elevate(self.codes.pop()).status_code == 200
        return client


def invite(owner: Client, username: str, role: str = "editor") -> str:
    """Return the link that invites ``username``."""
    answer = owner.post(USERS, json={"username": username, "role": role})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["link"])


def reset(owner: Client, username: str, what: str) -> str:
    """Return a link for a new password or second factor."""
    answer = owner.post(f"{USERS}/{username}/reset", json={"what": what})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["link"])


def arrive(server: LiveServer, link: str) -> Client:
    """Follow a link in a fresh browser, to the clean address."""
    client = server.client()
    answer = client.get(link)
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == JOIN
    assert client.get(JOIN).status_code == 200
    return client


def post(client: Client, **form: str) -> requests.Response:
    """Send the form of the page that is shown."""
    return client.post(JOIN, data={**form, "_xsrf": client.xsrf})


def authenticator_on(page: str) -> Authenticator:
    """Scan the page that shows a new authenticator."""
    found = re.search(r'href="(otpauth://[^"]+)"', page)
    assert found, page
    return Authenticator(html.unescape(found[1]))


def codes_on(page: str) -> list[str]:
    """Write down the recovery codes."""
    return re.findall(r"<code>([a-z2-7-]{19})</code>", page)


def join(server: LiveServer, link: str, *, password: str = NEW) -> Newcomer:
    """Go through all steps of an invitation."""
    client = arrive(server, link)
    step = post(client, password=password, again=password)
    assert (step.status_code, step.headers.get("Location")) == (303, JOIN), step.text
    authenticator = authenticator_on(client.get(JOIN).text)
    done = post(client, code=authenticator.code())
    assert done.status_code == 200, done.text
    username = re.search(r"<p><bdi>([^<]+)</bdi></p>", done.text)
    assert username
    return Newcomer(username[1], password, authenticator, codes_on(done.text))


def as_owner(server: LiveServer) -> Client:
    """Return the owner's browser, elevated."""
    client = server.logged_in()
    assert client.elevate().status_code == 200
    return client


__all__ = ["JOIN", "NEW", "PASSWORD", "USERS", "Newcomer"]
