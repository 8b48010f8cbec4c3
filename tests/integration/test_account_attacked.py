"""Our pages and our API in the hands of other sites, of wild input, and of names that are code."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from support.home import PASSWORD
from support.in_process import run
from support.live_server import Client, LiveServer

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
ACCOUNT, USERS = "/jupyter-secure/account", "/jupyter-secure/users"


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    client = server.logged_in()
    assert client.elevate().ok
    return client


OTHERS: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://localhost:1"},
    {},
    {"Content-Type": "text/plain"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    },
]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (ACCOUNT, {"do": "end-everywhere"}),
        (ACCOUNT, {"do": "new-token", "name": "x", "right-read": "1", "days": "7"}),
        (USERS, {"do": "invite", "username": "mallory", "role": "owner", "hours": "24"}),
        ("/jupyter-secure/confirm", {"code": "000000"}),
        ("/jupyter-secure/enrol", {"do": "again"}),
        ("/jupyter-secure/join", {"password": "x", "again": "x"}),
        ("/login", {"username": "x", "password": "y"}),
        ("/logout", {}),
    ],
)
def test_no_form_is_posted_by_another_site(
    server: LiveServer, client: Client, path: str, form: dict[str, str]
) -> None:
    """With every cookie and without the XSRF token, each form answers 403 and does nothing."""
    stranger = requests.Session()
    stranger.trust_env = False
    stranger.headers["Cookie"] = client.cookie_header
    with stranger:
        for headers in OTHERS:
            answer = stranger.post(
                server.url + path,
                data=form,
                headers=headers,
                verify=client.verify,
                allow_redirects=False,
                timeout=60,
            )
            assert answer.status_code == 403, headers
    assert client.get(f"{API}/tokens").json()["tokens"] == []
    assert client.get(f"{API}/users").json()["links"] == []
    assert client.get("/api/contents").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/login?next=//evil.example",
        "/login?next=/%5Cevil.example",
        "/login?next=https://evil.example",
        "/login?next=%2F%09%2Fevil.example",
        "/jupyter-secure/confirm?next=//evil.example",
        "/jupyter-secure/confirm?next=javascript:alert(1)",
        "/jupyter-secure/confirm?next=/%0d%0aSet-Cookie:x=1",
        "//evil.example/",
        "///evil.example/",
        "/%5Cevil.example/",
    ],
)
def test_no_way_leads_elsewhere(client: Client, path: str) -> None:
    """Whoever is logged in, and elevated, is sent on to this server only."""
    answer = client.get(client.server.url + path)
    assert answer.status_code in (302, 303)
    assert answer.headers["Location"] in ("/", "/evil.example", "/%5Cevil.example")
    assert "Set-Cookie" not in answer.headers or "x=1" not in answer.headers["Set-Cookie"]


def test_names_that_are_code(server: LiveServer, client: Client) -> None:
    """What people and browsers call things is text: in pages, and in a terminal."""
    mark, escape = "<img src=x onerror=1>", "\x9b31m"
    guest = server.client()
    guest.headers["User-Agent"] = (mark + escape).encode("latin-1")  # type: ignore[assignment]  # as it is sent
    assert guest.log_in(code=server.home.spare_code()).status_code == 302
    token = client.post(f"{API}/tokens", json={"name": mark, "rights": ["read"], "days": 1})
    assert token.status_code == 201
    for name in (mark, "{{7*7}}"):
        made = client.post(f"{API}/users", json={"username": name, "role": "viewer"})
        assert made.status_code == 201, made.text
    for path in (
        ACCOUNT,
        USERS,
        f"{ACCOUNT}?done=%3Cimg%20src%3Dx%3E",
        f"{USERS}?done=remove&name=%3Cimg%20src%3Dx%20onerror%3D1%3E",
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
    for command in (["session", "list"], ["token", "list"], ["user", "list"]):
        done = run(
            command,
            variables=server.home.variables,
            cwd=server.home.work,
            given=PASSWORD.encode(),
        )
        assert done.returncode == 0
        assert escape.encode() not in done.stdout
    assert client.delete(f"{API}/tokens/{token.json()['id']}").status_code == 204
    for name in ("%3Cimg%20src%3Dx%20onerror%3D1%3E", "%7B%7B7*7%7D%7D"):
        assert client.delete(f"{API}/users/{name}/links").status_code == 204
    assert client.delete(f"{API}/sessions?scope=others").ok


WILD = [
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"{",
    b"[" * 5000,
    b"\xff\xfe",
    b'{"username":{},"role":[],"name":[],"rights":{},"code":[],"credential":[],"what":[]}',
    b'{"name":"x","rights":["read"],"days":1e400}',
    b'{"username":"\\ud800","role":"viewer","name":"\\ud800","rights":["read"],"code":"\\ud800",'
    b'"current":"\\ud800","new":"\\ud800","what":"password","locks":"take","days":999}',
]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "users"),
        ("PATCH", "users/alice"),
        ("DELETE", "users/bob"),
        ("POST", "users/al%00ice/reset"),
        ("POST", "tokens"),
        ("POST", "elevate"),
        ("POST", "account/password"),
        ("PUT", "account/totp"),
        ("POST", "account/passkeys"),
        ("PATCH", "account/passkeys/0123456789abcdef"),
        ("PUT", "account/passkeys/0123456789abcdef/vault"),
    ],
)
def test_wild_bodies(server: LiveServer, client: Client, method: str, path: str) -> None:
    """What is no request of ours is refused in words, and is no error of the server's."""
    for body in WILD:
        server.home.forget_tries()
        answer = client.request(method, f"{API}/{path}", data=body)
        assert 400 <= answer.status_code < 500, (body, answer.text)
        assert "reason" in answer.json()


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (ACCOUNT, {"do": "new-token", "name": "x", "right-read": "1", "days": "9" * 5000}),
        (ACCOUNT, {"do": "new-token", "name": "x", "right-read": "1", "folder": "../x"}),
        (ACCOUNT, {"do": "rename-passkey", "id": "x", "name": "\x00"}),
        (ACCOUNT, {"do": "\x00"}),
        (USERS, {"do": "invite", "username": "q", "role": "viewer", "hours": "nan"}),
        (USERS, {"do": "invite", "username": "q", "role": "viewer", "hours": "9" * 5000}),
        (USERS, {"do": "role", "id": "alice", "role": "god"}),
    ],
)
def test_wild_forms(client: Client, path: str, form: dict[str, Any]) -> None:
    """The same for the forms of our pages."""
    before = len(client.server.log)
    assert client.post(path, data={**form, "_xsrf": client.xsrf}).status_code == 400
    assert "Traceback" not in client.server.log[before:]
