"""Behind a real JupyterHub and its proxy: the Hub's door, and everything of ours behind it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.cookiejar import Cookie
from pathlib import Path

import pytest
import requests
import websocket
from support.home import PASSWORD, Home, set_up
from support.hub import Hub, HubClient, config_of_page, running_hub
from support.live_server import notebook, run_cell

from jupyter_secure.app.audit.read import oldest_first
from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.audit.filters import Wanted

pytest.importorskip("jupyterhub")

pytestmark = pytest.mark.integration

ROUTES = (
    "/",
    "/lab",
    "/tree",
    "/api",
    "/api/status",
    "/api/contents",
    "/api/contents/notes.ipynb",
    "/api/kernels",
    "/api/terminals",
    "/api/me",
    "/files/notes.ipynb",
    "/static/favicons/favicon.ico",
    "/lab/api/settings",
    "/jupyter-secure/api/status",
    "/jupyter-secure/api/sessions",
    "/jupyter-secure/account",
    "/login/passkey",
    "/login/",
    "/oauth_callback/",
    "/oauth_callback/x",
    "//oauth_callback",
    "/nowhere",
)
CHECKED = {"trusted_proxies": ["127.0.0.1"], "hub_check_seconds": 0.5}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = set_up(tmp_path_factory.mktemp("home"))
    home.configure(SecureConfig=CHECKED)
    return home


@pytest.fixture(scope="module")
def hub(home: Home) -> Iterator[Hub]:
    with running_hub(home) as hub:
        yield hub


@pytest.fixture(scope="module")
def alice(hub: Hub) -> HubClient:
    return hub.logged_in()


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False


def kernel_channel(client: HubClient) -> websocket.WebSocket:
    kernel = client.post("/api/kernels", json={"name": "python3"})
    assert kernel.status_code == 201, kernel.text
    return client.socket(f"/api/kernels/{kernel.json()['id']}/channels")


def refusals(home: Home, reason: str) -> list[Event]:
    """Return what is on record of logins that ended so."""
    logins = oldest_first(home.state / "audit", Wanted(what="session:begin"))
    return [one.event for one in logins if one.event.reason == reason]


def closes(channel: websocket.WebSocket) -> bool:
    channel.settimeout(15)
    try:
        while channel.recv():
            pass
    except (websocket.WebSocketConnectionClosedException, ConnectionError):
        pass
    return True


# First of all: each refusal is on record by itself only until an address has had many.
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=made-up",
        "?code=made-up&state=made-up",
        "?error=access_denied",
        "?code=&state=",
        "?code=%00&state=%00",
    ],
)
def test_made_up_callbacks(hub: Hub, query: str) -> None:
    """A callback that no login of this browser's led to lets nobody in."""
    client, before = hub.client(), len(refusals(hub.home, "not-begun-here"))
    answer = client.get(f"/oauth_callback{query}")
    assert answer.status_code == 403
    assert len(refusals(hub.home, "not-begun-here")) == before + 1
    assert not [one for one in client.cookies if one.name.startswith("__Secure-jupyter-secure-hub")]
    assert client.post(f"/oauth_callback{query}").status_code == 401


def test_callback_of_another_browser(hub: Hub) -> None:
    """The code of one browser's login is worth nothing in another, and nothing twice."""
    first, second = hub.client(), hub.client()
    first.log_in_at_hub("alice")
    begun = first.get("/login").headers["Location"]
    callback = first.get(f"{hub.host}{begun}").headers["Location"]
    # The other browser has begun a login of its own, as one does who is lured there.
    second.get("/login")
    assert second.get(f"{hub.host}{callback}").status_code == 403
    assert second.get("/login").status_code == 302
    kept = [one for one in first.cookies if "hub-login" in one.name]
    assert first.get(f"{hub.host}{callback}").status_code == 302
    for one in kept:
        first.cookies.set_cookie(again(one))
    visitor = [one for one in first.cookies if one.name.startswith("__Secure-jupyter-secure-hub")]
    assert visitor
    first.cookies.clear(domain=visitor[0].domain, path=visitor[0].path)
    for one in kept:
        first.cookies.set_cookie(again(one))
    assert first.get(f"{hub.host}{callback}").status_code == 502
    assert [one.outcome for one in refusals(hub.home, "hub-silent")] == [Outcome.FAILURE]
    assert first.get("/api/contents").status_code == 401


def test_both_doors(hub: Hub) -> None:
    """The Hub's login comes first, then ours with password and code, and then Jupyter."""
    client = hub.client()
    page = client.follow("/lab")
    assert page.url.startswith(f"{hub.host}/hub/login"), page.url
    client.log_in_at_hub("alice")
    page = client.follow("/lab")
    assert page.url.startswith(f"{hub.url}/login?next="), page.url
    assert 'value="alice"' in page.text
    assert client.get("/api/contents").status_code == 401
    assert client.password_and_code("000000").status_code == 401
    assert client.password_and_code(hub.home.spare_code(), "some other password").status_code == 401
    answer = client.password_and_code(hub.home.spare_code())
    assert answer.status_code == 302, answer.text
    assert client.get("/api/contents").status_code == 200


def test_who_it_is_the_hub_has_said(hub: Hub) -> None:
    """A name that is typed into our form changes nothing about who comes in."""
    client = hub.client()
    client.log_in_at_hub("alice")
    client.follow("/lab")
    form = {"username": "helpdesk", "password": "x", "_xsrf": client.xsrf}
    assert client.post("/login", data=form).status_code == 401
    assert client.get("/api/me").status_code == 401


def test_pages_hold_no_token(alice: HubClient) -> None:
    """Neither the page nor the browser's cookies hold a token of the Hub's for this server."""
    config = config_of_page(alice.get("/lab").text)
    assert config["token"] == ""
    assert config["hubPrefix"] == "/hub/"
    assert config["hubUser"] == "alice"
    assert config["jupyterSecureRole"] == "owner"
    ours = [one for one in alice.cookies if one.path == "/user/alice/"]
    names = {one.name.rpartition("-")[0] for one in ours}
    assert not any(one.name.startswith("jupyterhub-user") for one in ours), names
    for one in ours:
        assert one.secure, one
    assert alice.get("/api/me").json()["identity"]["username"] == "alice"


def test_kernels_and_encryption(hub: Hub, alice: HubClient) -> None:
    """Kernels run through the proxy's websockets, and what is saved is sealed on the disk."""
    channel = kernel_channel(alice)
    assert run_cell(channel, "print(6 * 7)").strip() == "42"
    assert alice.save("notes.ipynb", notebook("'canary of the hub'")).status_code in (200, 201)
    assert not hub.home.files_holding(b"canary of the hub")
    assert "canary of the hub" in alice.get("/api/contents/notes.ipynb").text


def test_elevation(alice: HubClient) -> None:
    """What needs a second factor needs ours, here as everywhere."""
    seconds = "/jupyter-secure/api/status"
    assert alice.get(seconds).status_code == 200
    body = {"name": "x", "rights": ["read"], "days": 1}
    assert alice.post("/jupyter-secure/api/tokens", json=body).status_code == 423
    assert alice.elevate().status_code in (200, 204)
    made = alice.post("/jupyter-secure/api/tokens", json=body)
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = alice.server.client().get("/api/contents", headers=headers)
    assert answer.status_code == 200


def impostors(hub: Hub, alice: HubClient) -> Iterator[tuple[str, HubClient, dict[str, str], str]]:
    """Everyone who has something of the Hub's and no session of ours."""
    yield "nobody", hub.client(), {}, ""
    at_hub = hub.client()
    at_hub.log_in_at_hub("alice")
    yield "alice at the Hub only", at_hub, {}, ""
    made = hub.api("POST", "users/alice/tokens", note="x", scopes=["access:servers!user=alice"])
    tokens = {"alice's token of the Hub's": made.json()["token"]}
    tokens["an administrator's token"] = hub.token
    name = "JUPYTERHUB_API_TOKEN"
    channel = kernel_channel(alice)
    tokens["the server's own token"] = run_cell(
        channel, f"import os; print(os.environ[{name!r}])"
    ).strip()
    for what, token in tokens.items():
        assert len(token) >= 32, what
        for scheme in ("token", "Bearer"):
            yield f"{what}, {scheme}", hub.client(), {"Authorization": f"{scheme} {token}"}, ""
        yield f"{what}, in the address", hub.client(), {}, f"?token={token}"
        forged = hub.client()
        for cookie in ("jupyterhub-user-alice", "jupyterhub-session-id"):
            forged.cookies.set(cookie, token)
        yield f"{what}, as a cookie", forged, {}, ""


def test_impostors(hub: Hub, alice: HubClient) -> None:
    """Nothing of the Hub's is a way past our gate: neither its login alone nor its tokens."""
    for who, client, headers, query in impostors(hub, alice):
        for route in ROUTES:
            for method in ("GET", "POST"):
                answer = client.request(method, f"{route}{query}", headers=headers)
                assert answer.status_code == 401, (who, method, route, answer.status_code)
                assert answer.json()["reason"] == "not-logged-in"
        with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
            client.socket(f"/api/events/subscribe{query}", **headers)


def test_past_one_door(hub: Hub) -> None:
    """Whoever the Hub let in reaches our login, and nothing else before that."""
    client = hub.client()
    client.log_in_at_hub("alice")
    client.follow("/lab")
    for route in ROUTES:
        if route != "/login/passkey":  # a part of the login: it asks for a passkey
            assert client.get(route).status_code == 401, route
    assert client.get("/login").status_code == 200


def test_login_needs_the_hub(hub: Hub) -> None:
    """Password and code without the Hub's word do not even get to be checked."""
    client = hub.client()
    code = hub.home.spare_code()
    form = {"username": "alice", "password": "x", "code": code}
    for route in ("/login", "/login/passkey", "/jupyter-secure/join"):
        answer = client.post(route, data=form)
        assert answer.status_code == 401, route
        assert answer.json()["reason"] == "not-logged-in"


def test_another_user(hub: Hub) -> None:
    """Another user of the Hub's is refused by the Hub, and never reaches our login."""
    client = hub.client()
    client.log_in_at_hub("mallory")
    page = client.follow("/lab")
    assert page.status_code == 403
    assert "/hub/api/oauth2/authorize" in page.url
    assert client.get("/login").status_code == 302
    assert client.get("/api/contents").status_code == 401


def test_someone_without_an_account(hub: Hub) -> None:
    """Whom the Hub lets in everywhere is told in words that no account here is theirs."""
    client = hub.client()
    client.log_in_at_hub("helpdesk")
    page = client.follow("/lab")
    # The Hub asks once whether this other person's server may know who they are.
    if "/hub/api/oauth2/authorize" in page.url:
        hidden = {one.name: one.value for one in client.cookies if one.path == "/hub/"}
        fields = {"scopes": ["access:servers!server=alice/"], "_xsrf": hidden["_xsrf"]}
        answer = client.post(page.url, data=fields, headers={"Referer": page.url})
        assert answer.status_code == 302, answer.text
        page = client.follow(f"{hub.host}{answer.headers['Location']}")
    assert page.status_code == 403, page.url
    assert "JupyterHub knows you as helpdesk" in page.text
    assert client.get("/api/contents").status_code == 401
    form = {"username": "alice", "password": "x", "code": "0", "_xsrf": client.xsrf}
    assert client.post("/login", data=form).status_code == 403
    turned_away = refusals(hub.home, "no-account")
    assert turned_away
    assert {one.target for one in turned_away} == {"helpdesk"}


def again(cookie: Cookie) -> Cookie:
    cookie.expires = None
    return cookie


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/hub/home", "/user/x/"])
def test_next_stays_here(hub: Hub, to: str) -> None:
    """After the Hub's login nobody is led to another server."""
    client = hub.client()
    client.log_in_at_hub("alice")
    begun = client.get("/login", params={"next": to}).headers["Location"]
    callback = client.get(f"{hub.host}{begun}").headers["Location"]
    answer = client.get(f"{hub.host}{callback}")
    assert answer.headers["Location"] == "/user/alice/login?next=%2Fuser%2Falice%2F"


def test_logout_at_the_hub(hub: Hub, alice: HubClient) -> None:
    """Logging out at the Hub ends this browser's session here, once the Hub is asked again."""
    client = hub.logged_in()
    channel = kernel_channel(client)
    ours = [one for one in client.cookies if one.path == "/user/alice/"]
    client.get(f"{hub.host}/hub/logout")
    # In the same browser at once: whoever goes back a page finds nothing.
    assert client.get("/api/contents").status_code == 401
    assert {one.name for one in ours} <= {one.name for one in client.cookies}
    assert closes(channel)
    assert client.get("/api/contents").status_code == 401
    assert client.follow("/lab").url.startswith(f"{hub.host}/hub/login")
    assert alice.get("/api/contents").status_code == 200


def test_logout_here(hub: Hub) -> None:
    """Logging out here ends the session at once, and the login at the Hub with it."""
    client = hub.logged_in()
    page = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    old = client.cookie_header
    answer = client.get("/logout", headers=page)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/hub/logout")
    assert hub.client().get("/api/contents", headers={"Cookie": old}).status_code == 401
    login = hub.client().get("/login", headers={"Cookie": old})
    assert login.headers["Location"].startswith("/hub/api/oauth2/authorize")
    client.follow(f"{hub.host}/hub/logout")
    assert client.follow("/lab").url.startswith(f"{hub.host}/hub/login")


def test_xsrf_and_other_sites(alice: HubClient) -> None:
    """What protects from other sites' pages is on, whatever the Hub's program switched off."""
    answer = alice.put("/api/contents/x.ipynb", json={}, headers={"X-XSRFToken": "wrong"})
    assert answer.status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert alice.get("/api/contents", headers=foreign).status_code == 403
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        alice.socket("/api/events/subscribe", Origin="https://evil.example")


def test_beside_the_proxy(hub: Hub) -> None:
    """Whoever reaches the server itself, past the proxy, speaks plain HTTP and is refused."""
    address = hub.address
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{address}/user/alice/login", timeout=10, allow_redirects=False)
        assert (answer.status_code, answer.json()["reason"]) == (403, "https-required")
        forged = {"X-Forwarded-Proto": "https"}  # from this machine, where the proxy may be
        answer = session.get(f"{address}/user/alice/api/contents", headers=forged, timeout=10)
        assert answer.status_code == 401


def test_said(hub: Hub) -> None:
    """The log says who does what, and holds no token."""
    assert "JupyterHub keeps: its login" in hub.log
    assert "jupyter-secure keeps: the gate" in hub.log
    assert hub.token not in hub.log


def test_activity_goes_out(hub: Hub, alice: HubClient) -> None:
    """The server tells the Hub that it is in use."""
    assert alice.get("/api/contents").status_code == 200
    assert "200 POST /hub/api/users/alice/activity" in hub.log
    assert hub.api("GET", "users/alice").json()["last_activity"]


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub whose word is enough, over a vault that a key file has opened."""
    home = set_up(tmp_path_factory.mktemp("trusting"))
    key_file = home.path / "key"
    add_key_file(home, key_file)
    home.configure(SecureConfig={**CHECKED, "hub_login": "hub", "key_file": str(key_file)})
    with running_hub(home) as hub:
        # Whoever never confirmed a code has to, once.
        hub.logged_in(home.authenticator.code())
        yield hub


def add_key_file(home: Home, key_file: Path) -> None:
    command = "from jupyter_secure.cli.main import main; exit(main())"
    arguments = ["vault", "slots", "add", "--key-file", str(key_file), "--password-stdin"]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments],
        input=PASSWORD,
        env=home.variables,
        cwd=home.work,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_hubs_word(trusting: Hub) -> None:
    """Where that is wished and a key file opened the vault, the Hub's login begins a session."""
    client = trusting.client()
    client.log_in_at_hub("alice")
    assert client.follow("/api/contents").status_code == 200
    assert client.get("/api/me").json()["identity"]["username"] == "alice"
    body = {"name": "x", "rights": ["read"], "days": 1}
    client.get("/jupyter-secure/account")
    assert client.post("/jupyter-secure/api/tokens", json=body).status_code == 423
    assert client.elevate().status_code in (200, 204)
    assert client.post("/jupyter-secure/api/tokens", json=body).status_code == 201


def test_hubs_word_is_for_its_user(trusting: Hub) -> None:
    """It is enough for alice only: others, and the Hub's tokens, open nothing."""
    client = trusting.client()
    client.log_in_at_hub("mallory")
    assert client.follow("/lab").status_code == 403
    for headers in ({}, {"Authorization": f"token {trusting.token}"}):
        assert trusting.client().get("/api/contents", headers=headers).status_code == 401


def test_revoked_at_the_hub(trusting: Hub) -> None:
    """When the Hub takes back the tokens of logins, sessions end and their sockets close."""
    client = trusting.client()
    client.log_in_at_hub("alice")
    assert client.follow("/jupyter-secure/account").status_code == 200
    channel = kernel_channel(client)
    # The Hub takes back all that it gave to one server at once.
    token = trusting.tokens_of_logins()[0]
    assert trusting.api("DELETE", f"users/alice/tokens/{token}").status_code == 204
    assert closes(channel)
    assert client.get("/api/contents").status_code == 401
    assert "the Hub does not let them in any more" in trusting.log


def test_stop(trusting: Hub) -> None:
    """The Hub stops the server, and with it every session ends."""
    client = trusting.client()
    client.log_in_at_hub("alice")
    assert client.follow("/api/contents").status_code == 200
    old = client.cookie_header
    assert trusting.api("DELETE", "users/alice/server").status_code in (202, 204)
    assert soon(lambda: not trusting.api("GET", "users/alice").json()["servers"])
    trusting.start_server()
    answer = trusting.client().get("/api/contents", headers={"Cookie": old})
    assert answer.status_code == 401


def test_internal_ssl(tmp_path: Path) -> None:
    """With the Hub's own certificates inside, the server takes nobody but the proxy and the Hub."""
    home = set_up(tmp_path)
    home.configure(SecureConfig=CHECKED)
    with running_hub(home, internal_ssl=True) as hub:
        alice = hub.logged_in()
        assert run_cell(kernel_channel(alice), "print(6 * 7)").strip() == "42"
        assert hub.address.startswith("https://")
        with requests.Session() as session:
            session.trust_env = False
            trusted = str(home.path / "hub" / "certs" / "notebooks-ca" / "notebooks-ca.crt")
            # The alert, or the closed connection where that comes before it is read.
            refused = r"CERTIFICATE_REQUIRED|EOF occurred"
            with pytest.raises(requests.exceptions.SSLError, match=refused):
                session.get(f"{hub.address}/user/alice/login", verify=trusted, timeout=10)
