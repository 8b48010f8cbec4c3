"""The gate in front of a whole JupyterLab, and of an extension that knows nothing of it."""

from __future__ import annotations

import json
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPSConnection
from http.cookiejar import Cookie
from pathlib import Path

import pytest
import requests
import websocket
from support.home import PASSWORD, set_up
from support.live_server import Client, LiveServer, running
from support.routes import example
from support.tokens import make_token, revoke

pytestmark = pytest.mark.integration

#: What answers without a login: all of it.
OPEN = {"/login", "/login/passkey", "/logout", "/jupyter-secure/join"}
#: Of each of these extensions, written by others, at least one route is walked.
OTHERS = ("/lsp/", "/nbdime/", "/proxy/", "/api/metrics/", "/terminals/websocket/", "/tree")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
THIRD_PARTY = "--ServerApp.jpserver_extensions=support.third_party=True"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = set_up(tmp_path_factory.mktemp("home"))
    with running(home, THIRD_PARTY, module="jupyterlab") as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture(scope="module")
def paths(client: Client) -> list[str]:
    """One path for each route of the live router, and some that no route has."""
    assert client.post("/third/add").status_code == 200
    routes = client.get("/third/routes").json()["routes"]
    assert len(routes) > 120, "JupyterLab's own routes are missing"
    paths = {path for route in routes if (path := example(route["pattern"])).startswith("/")}
    assert {"/third/raw", "/third/late", "/third/socket", "/api/kernels", "/login"} <= paths
    for folder in ("/lab/", "/api/contents/", *OTHERS):
        assert any(path.startswith(folder) for path in paths), folder
    assert any(path.startswith("/api/kernels/") and path.endswith("/channels") for path in paths)
    strange = {"/", "/nowhere", "/login/", "//login", "/Login", "/login;x", "/%2flogin", "/a/login"}
    strange |= {"/login/passkey/", "/jupyter-secure/join/", "/jupyter-secure//join"}
    return sorted((paths | strange) - OPEN)


def json_of(answer: requests.Response) -> object:
    kind = answer.headers.get("Content-Type", "")
    return answer.json() if kind == "application/json" else answer.text


def refused(answer: requests.Response, *, head: bool = False) -> bool:
    if answer.status_code != 401:
        return False
    return head or json_of(answer) == {
        "message": "You are not logged in.",
        "reason": "not-logged-in",
    }


def knock(server: LiveServer, path: str, method: str, headers: dict[str, str]) -> tuple[int, str]:
    """Send one request on the connection that is kept for it; return status and reason."""
    kept = _CONNECTIONS.setdefault(server.port, connection(server))
    kept.request(method, path, headers=headers)
    answer = kept.getresponse()
    body = answer.read()
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    return answer.status, said.get("reason", "") if isinstance(said, dict) else ""


_CONNECTIONS: dict[int, HTTPSConnection] = {}


@pytest.fixture(scope="module", autouse=True)
def connections() -> Iterator[None]:
    """Close what was kept open."""
    yield
    for kept in _CONNECTIONS.values():
        kept.close()
    _CONNECTIONS.clear()


def let_in(server: LiveServer, paths: list[str], headers: dict[str, str]) -> list[object]:
    """Return every path, method and websocket that is not refused for want of a login."""
    found: list[object] = []
    for path in paths:
        for method in (*METHODS, "websocket"):
            upgrade = UPGRADE if method == "websocket" else {}
            verb = "GET" if upgrade else method
            status, reason = knock(server, path, verb, {**headers, **upgrade})
            if status not in (401, 429) or (method != "HEAD" and reason not in NOT_LET_IN):
                found.append((method, path, status, reason))
    return found


NOT_LET_IN = {"not-logged-in", "wrong-token", "too-many-tries"}


def altered(server: LiveServer, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(server.home.state / "state.db", timeout=10)) as state, state:
        assert state.execute(statement, values).rowcount == 1


def session_of(client: Client) -> str:
    """Return the public id of its session."""
    sessions = client.get("/jupyter-secure/api/sessions").json()["sessions"]
    return str(next(one["id"] for one in sessions if one["current"]))


def impostor(kind: str, server: LiveServer, client: Client, other: LiveServer) -> dict[str, str]:
    """Return the headers of someone who has something that looks like a way in."""
    home, name = server.home, session_cookie(client).name
    if kind == "nobody":
        return {}
    if kind in ("expired cookie", "revoked cookie", "foreign cookie"):
        owner = server.logged_in() if kind != "foreign cookie" else other.logged_in()
        value = session_cookie(owner).value
        if kind == "expired cookie":
            altered(
                server,
                "UPDATE sessions SET last_seen_at = 0 WHERE public_id = ?",
                session_of(owner),
            )
        elif kind == "revoked cookie":
            mine = session_of(owner)
            assert client.delete(f"/jupyter-secure/api/sessions/{mine}").status_code == 204
        return {"Cookie": f"{name}={value}"}
    token = make_token(other.home if kind == "foreign token" else home, "read", "write", "execute")
    if kind == "expired token":
        altered(server, "UPDATE access_tokens SET expires_at = 1 WHERE public_id = ?", token["id"])
    elif kind == "revoked token":
        revoke(home, token)
    elif kind == "token in a cookie":
        return {"Cookie": f"{name}={token['token']}"}
    elif kind == "token in another header":
        return {"X-Authorization": f"Bearer {token['token']}", "Token": token["token"]}
    return {"Authorization": f"Bearer {token['token']}"}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Another server, with an account of the same name."""
    with running(set_up(tmp_path_factory.mktemp("other"))) as server:
        yield server


@pytest.mark.parametrize(
    "kind",
    [
        "nobody",
        "expired cookie",
        "revoked cookie",
        "foreign cookie",
        "expired token",
        "revoked token",
        "foreign token",
        "token in a cookie",
        "token in another header",
    ],
)
def test_nobody_else_gets_in(
    server: LiveServer, client: Client, other: LiveServer, paths: list[str], kind: str
) -> None:
    """Whatever the route, the method, the websocket: 401 and nothing more, for each of these."""
    assert let_in(server, paths, impostor(kind, server, client, other)) == []


def test_a_token_in_an_address_opens_nothing(server: LiveServer, paths: list[str]) -> None:
    """A good token in the query is not looked at, on no route and no websocket."""
    token = make_token(server.home, "read", "write", "execute")["token"]
    asked = [f"{path}?token={token}" for path in paths]
    assert let_in(server, asked, {}) == []


def test_each_open_page_is_just_a_form(server: LiveServer, paths: list[str]) -> None:
    """The exact list of what answers a stranger; each is a route, and none gives a session."""
    for path in OPEN:
        for method in METHODS:
            answer = server.client().request(method, path)
            assert answer.status_code != 401 or method == "POST", (method, path)
            assert not [cookie for cookie in answer.cookies if "-session-" in cookie.name]
    assert not OPEN & set(paths)


def test_a_person_without_login_is_led_to_it(server: LiveServer) -> None:
    """A browser that asks for a page is sent to the login, and told to come back."""
    page = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
    answer = server.client().get("/lab/tree/a%20b.ipynb?x=1", headers=page)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=%2Flab%2Ftree%2Fa%2520b.ipynb%3Fx%3D1"


def test_the_cookie_of_the_first_step_opens_nothing(server: LiveServer, paths: list[str]) -> None:
    """A right password without a code is no login, on no route and no socket."""
    halfway = server.client()
    assert halfway.log_in().status_code == 303
    login = next(c for c in halfway.cookies if "login" in c.name)
    # The same value under the name of the session's cookie as well.
    as_session = f"{login.name.replace('-login-', '-session-')}={login.value}"
    for cookie in (halfway.cookie_header, as_session):
        for upgrade in ({}, UPGRADE):
            headers = {"Cookie": cookie, **upgrade}
            assert [p for p in paths if not refused(server.client().get(p, headers=headers))] == []


@pytest.mark.parametrize(
    "value",
    ["", "garbage", "x" * 100, "x" * 5000, '"quoted"', "%00%0d%0a", "None", "0", "é", "a b"],
)
def test_a_made_up_session_opens_nothing(server: LiveServer, client: Client, value: str) -> None:
    """A session cookie that this server did not give is no session."""
    name = session_cookie(client).name
    headers = {"Cookie": f"{name}={value}".encode()}
    assert refused(server.client().get("/api/contents", headers=headers))
    assert refused(server.client().get("/third/socket", headers={**headers, **UPGRADE}))


def test_the_session_counts_only_under_its_own_name(server: LiveServer, client: Client) -> None:
    """The right value under another server's cookie name opens nothing."""
    cookie = session_cookie(client)
    for name in ("_xsrf", cookie.name[:-1], cookie.name + "0", cookie.name.removeprefix("__Host-")):
        headers = {"Cookie": f"{name}={cookie.value}"}
        assert refused(server.client().get("/api/contents", headers=headers))


def test_jupyters_own_cookies_and_tokens_open_nothing(server: LiveServer) -> None:
    """No token and no cookie of a stock server is a way in, wherever it stands."""
    stranger = server.client()
    cookies = {"Cookie": f"username-localhost-{server.port}=2|1:0|10:1|8:username|0:|abc"}
    assert refused(stranger.get("/api/contents", headers=cookies))
    for token in ("", PASSWORD, "abc"):
        for scheme in ("token", "Token", "Bearer", "bearer", "Basic"):
            headers = {"Authorization": f"{scheme} {token}"}
            assert refused(stranger.get("/api/contents", headers=headers))
            assert refused(stranger.post("/api/kernels", headers=headers))
        assert refused(stranger.get("/api/contents", params={"token": token}))
        assert refused(stranger.post("/api/kernels", data={"token": token}))


def test_the_late_and_the_raw_routes_answer_after_login(client: Client) -> None:
    """The gate closes third parties' routes to strangers only."""
    for path in ("/third/raw", "/third/late"):
        assert client.get(path).text == "third party"
    socket = client.socket("/third/socket")
    assert socket.recv() == "third party"
    socket.close()


# ── other sites ─────────────────────────────────────────────────────────────────────────────────

SCRIPT = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRAME = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
IMAGE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("method", "how", "allowed"),
    [
        ("GET", LINK, True),
        ("GET", SCRIPT, False),
        ("GET", FRAME, False),
        ("GET", IMAGE, False),
        ("GET", {}, False),
        ("POST", LINK, False),
        ("POST", SCRIPT, False),
        ("PUT", SCRIPT, False),
        ("DELETE", SCRIPT, False),
    ],
)
def test_another_site_may_link_here_and_no_more(
    client: Client, site: str, method: str, how: dict[str, str], allowed: bool
) -> None:
    """Of what another site's page can start, only a followed link is let in, on raw routes too."""
    answer = client.request(method, "/third/raw", headers={"Sec-Fetch-Site": site, **how})
    if allowed:
        assert answer.text == "third party"
    else:
        assert answer.status_code == 403
        assert "third party" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://localhost:1", "x"])
def test_an_older_browsers_foreign_origin_is_refused(client: Client, origin: str) -> None:
    """Without Fetch Metadata the Origin decides, for changes and for sockets."""
    headers = {"Sec-Fetch-Site": None, "Origin": origin}
    answer = client.post("/third/raw", headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "cross-site")
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        client.socket("/third/socket", Origin=origin)


def test_a_cross_site_socket_is_refused_by_fetch_metadata_alone(client: Client) -> None:
    """A socket that a browser marks as another site's is refused whatever its Origin says."""
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        client.socket(
            "/third/socket", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "websocket"}
        )


CHANGES = ("POST", "PUT", "PATCH", "DELETE")
#: Routes whose authors switched the XSRF check off; the gate looks at where a request comes from.
WITHOUT_XSRF = ("/third/raw", "/third/late", "/proxy/", "/api/security/csp-report")
#: JupyterLab's own, which leaves a request that it refuses without an answer.
SILENT = ("/lab/api/licenses/",)


def test_a_change_wants_its_xsrf_token_on_every_route(
    server: LiveServer, client: Client, paths: list[str]
) -> None:
    """With the cookie and nothing else no route of Jupyter's, ours or theirs changes anything."""
    headers = {"Cookie": client.cookie_header, "Sec-Fetch-Site": "same-origin"}
    done = [
        (method, path, status)
        for path in paths
        if not path.startswith((*WITHOUT_XSRF, *SILENT))
        for method in CHANGES
        if (status := knock(server, path, method, headers)[0]) < 400
        # Jupyter's redirects to the same path without a slash, or of an old name.
        and status not in (301, 302)
    ]
    assert done == []


@pytest.mark.parametrize(
    "origin",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_changes_nothing_on_any_route(
    server: LiveServer, client: Client, paths: list[str], origin: dict[str, str]
) -> None:
    """With cookie and XSRF token, what another site's page sends is refused before any handler."""
    headers = {"Cookie": client.cookie_header, "X-XSRFToken": client.xsrf, **origin}
    for path in paths:
        for method in CHANGES:
            assert knock(server, path, method, headers)[0] == 403, (method, path)
        assert knock(server, path, "GET", {**headers, **UPGRADE})[0] == 403, path


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Referer": "https://evil.example/"}, 403),
        ({}, 403),
    ],
)
def test_an_older_browser_says_where_a_download_is_from(
    client: Client, headers: dict[str, str], status: int
) -> None:
    """Where no Fetch Metadata vouches for a page of ours, Jupyter asks for its Referer."""
    body = {"type": "file", "format": "text", "content": "x"}
    assert client.put("/api/contents/from.txt", json=body).ok
    answer = client.get("/files/from.txt", headers={"Sec-Fetch-Site": None, **headers})
    assert answer.status_code == status


def test_another_host_name_is_refused(server: LiveServer, client: Client) -> None:
    """A name that was pointed at this machine (DNS rebinding) gets neither data nor a form."""
    for session in (client, server.client()):
        for path in ("/api/contents", "/login"):
            answer = session.get(path, headers={"Host": f"evil.example:{server.port}"})
            assert answer.status_code in (401, 403), path
            assert "password" not in answer.text


# ── headers and cookies ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/lab", 200),
        ("/login", 302),
        ("/api/status", 200),
        ("/api/contents/missing", 404),
        ("/nowhere", 404),
        ("/static/favicons/favicon.ico", 200),
        ("/third/raw", 200),
        ("/jupyter-secure/api/status", 200),
        ("/", 302),
    ],
)
def test_every_answer_carries_the_security_headers(
    server: LiveServer, client: Client, path: str, status: int
) -> None:
    """HSTS, no Referer and no sniffing, on every kind of answer, to members and strangers."""
    answer = client.get(path)
    assert answer.status_code == status
    assert_headers(answer)
    assert_headers(server.client().get(path))


def test_a_sockets_handshake_carries_the_security_headers(client: Client) -> None:
    """The answer that opens a websocket carries them too."""
    socket = client.socket("/third/socket")
    headers = socket.getheaders()
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["referrer-policy"] == "no-referrer"
    socket.close()


@pytest.mark.parametrize(
    "path", ["/files/static/a.txt", "/api/contents/static/a.txt", "/files/lab/extensions/a.txt"]
)
def test_a_folder_called_static_is_not_cached_either(client: Client, path: str) -> None:
    """What the user keeps is never left in the browser's cache, whatever the folder is called."""
    for folder in ("static", "lab", "lab/extensions"):
        client.put(f"/api/contents/{folder}", json={"type": "directory"})
    body = {"type": "file", "format": "text", "content": "mine"}
    name = path.removeprefix("/files/").removeprefix("/api/contents/")
    assert client.put(f"/api/contents/{name}", json=body).status_code in (200, 201)
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_cookies_are_bound_to_this_server(client: Client) -> None:
    """Our cookies are Secure, HttpOnly, SameSite and of this host alone; _xsrf is all but one."""
    session = session_cookie(client)
    assert session.name.startswith("__Host-jupyter-secure-session-")
    assert (session.secure, session.path, session.domain_specified) == (True, "/", False)
    assert session.has_nonstandard_attr("HttpOnly")
    assert session.get_nonstandard_attr("SameSite") == "Lax"
    assert session.discard
    assert session.name.endswith(str(client.server.port))
    xsrf = next(cookie for cookie in client.cookies if cookie.name == "_xsrf")
    assert xsrf.secure
    assert xsrf.get_nonstandard_attr("SameSite") == "Strict"


def test_what_a_proxy_would_say_is_not_believed(server: LiveServer, client: Client) -> None:
    """Nobody passes for another address, or strips Secure from cookies, with a header."""
    spoofed = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-Ip": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "X-Scheme": "http",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9;proto=http;host=evil.example",
    }
    fresh = server.client()
    answer = fresh.get("/login", headers=spoofed)
    assert answer.headers["Strict-Transport-Security"]
    assert all("Secure" in value for value in answer.raw.headers.getlist("Set-Cookie"))
    assert "evil.example" not in answer.text
    client.get("/api/status", headers=spoofed)
    sessions = client.get("/jupyter-secure/api/sessions", headers=spoofed).json()["sessions"]
    assert {one["address"] for one in sessions} <= {"127.0.0.1", "::1"}


def test_the_server_file_and_the_pages_hold_no_token(server: LiveServer, client: Client) -> None:
    """There is no token to be found in what Jupyter writes into files and pages."""
    assert '"token": ""' in client.get("/lab").text
    for path in (server.home.path / "runtime").glob("*.json"):
        if path.name.startswith("jpserver"):
            assert '"token": ""' in path.read_text()
    assert "token=" not in server.log.replace("token=[secret]", "")


def assert_headers(answer: requests.Response) -> None:
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in answer.headers


def session_cookie(client: Client) -> Cookie:
    return next(cookie for cookie in client.cookies if "-session-" in cookie.name)


# ── another base URL ────────────────────────────────────────────────────────────────────────────


def test_below_another_base_url(tmp_path: Path) -> None:
    """Under a base URL the gate, the cookies and the login work and stay below it."""
    home = set_up(tmp_path)
    with running(home, THIRD_PARTY, base_url="/user/al%40ice/") as server:
        stranger = server.client()
        for path in ("/third/raw", "/api/contents", "/lab", "/"):
            assert refused(stranger.get(path))
        for path in ("/login", "/logout", "/third/raw"):
            root = f"https://localhost:{server.port}{path}"
            assert refused(stranger.get(root))
        client = server.logged_in()
        cookie = session_cookie(client)
        assert cookie.name.startswith("__Secure-jupyter-secure-session-")
        assert cookie.path == "/user/al%40ice/"
        assert client.get("/third/raw").text == "third party"
        assert client.post("/logout").headers["Location"] == "/user/al%40ice/login"


def connection(server: LiveServer) -> HTTPSConnection:
    trusted = ssl.create_default_context(cafile=str(server.home.certificate))
    return HTTPSConnection("localhost", server.port, timeout=60, context=trusted)


def memory_of(server: LiveServer) -> int:
    """Return how many bytes the server's process has in memory."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the memory of a process")
def test_a_strangers_body_is_not_kept(server: LiveServer) -> None:
    """However much a stranger sends, the server's memory stays, and the answer comes at the end."""
    part, parts = bytes(1 << 20), 96
    before = memory_of(server)
    with closing(connection(server)) as stranger:
        stranger.putrequest("PUT", "/api/contents/x")
        stranger.putheader("Content-Length", str(len(part) * parts))
        stranger.endheaders()
        for _ in range(parts - 1):
            stranger.send(part)
        grown = memory_of(server) - before
        stranger.send(part)
        answer = stranger.getresponse()
        assert (answer.status, b"not-logged-in" in answer.read()) == (401, True)
    assert grown < 32 * len(part)


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_form_of_a_stranger_is_short(server: LiveServer, path: str) -> None:
    """The pages that are open to strangers take no more than a form holds."""
    with closing(connection(server)) as stranger:
        stranger.request("POST", path, headers={"Content-Length": str(1 << 20)})
        assert stranger.getresponse().status == 400


@pytest.mark.parametrize("page", ["files", "view", "lab/tree", "nbconvert/html", "api/contents"])
def test_an_address_writes_no_lines_of_its_own(client: Client, page: str) -> None:
    """What a followed link has in its path is in the log as text, on the request's own line."""
    followed = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    headers = {"Sec-Fetch-Site": "cross-site", **followed}
    client.get(f"/{page}/%1b%5b31mred%0amallory%20logged%20in.%0d%c2%9b", headers=headers)
    lines = client.server.log_file.read_bytes().decode().split("\n")
    assert not [line for line in lines if line.startswith("mallory")]
    assert not {"\x1b", "\r", "\x9b"} & set("".join(lines))
