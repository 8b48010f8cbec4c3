"""Two things at the same moment, and cookies of a moment ago, on a live server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
import websocket
from support.home import PASSWORD, set_up
from support.live_server import Client, LiveServer, running
from support.team import invite, join

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
EVENTS = "/api/events/subscribe"
NEW = "an otter under Hay bridge"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LiveServer]:
    """A server of the test's own: it changes the account."""
    with running(set_up(tmp_path)) as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh_budget(server: LiveServer) -> None:
    server.home.forget_tries()
    server.home.forget_codes()


def is_in(client: Client) -> bool:
    return client.get("/api/contents").status_code == 200


def session_cookie(client: Client) -> tuple[str, str]:
    cookie = next(one for one in client.cookies if "-session-" in one.name)
    return cookie.name, str(cookie.value)


def thief_of(client: Client) -> Client:
    """Return who has the cookies that ``client`` has at this moment."""
    thief = client.server.client()
    thief.headers["Cookie"] = client.cookie_header
    thief.headers["X-XSRFToken"] = client.xsrf
    return thief


def at_once(*work: Callable[[], requests.Response]) -> list[int]:
    """Send all of them at the same moment; return the statuses."""
    with ThreadPoolExecutor(min(25, len(work))) as pool:
        return [future.result().status_code for future in [pool.submit(one) for one in work]]


def is_closed(socket: websocket.WebSocket, within: float = 1.5) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        socket.settimeout(max(0.01, until - time.monotonic()))
        try:
            if not socket.recv():
                return True
        except websocket.WebSocketTimeoutException:
            return False
        except (websocket.WebSocketException, OSError):
            return True
    return False


def code_of(server: LiveServer, kind: str) -> str:
    home = server.home
    return home.authenticator.code() if kind == "time-based" else home.spare_code()


# ── at the same moment ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["time-based", "recovery"])
def test_of_parallel_confirmations_of_one_code_one_counts(server: LiveServer, kind: str) -> None:
    """Fifty requests with one right code elevate one session once, and one cookie is given."""
    client = server.logged_in()
    code = code_of(server, kind)
    posts = [thief_of(client) for _ in range(50)]
    answers = at_once(*[lambda one=one: one.elevate(code) for one in posts])
    assert answers.count(200) == 1
    assert set(answers) <= {200, 401, 403, 409, 429}
    elevated = [one for one in posts if len(one.cookies)]
    assert len(elevated) == 1
    assert server.client().log_in(code=code).status_code == 401


def test_two_confirmations_at_once(server: LiveServer) -> None:
    """Of two that bring a code each, one counts; the other is told, and its code stays good."""
    client = server.logged_in()
    codes = [server.home.spare_code(), server.home.spare_code()]
    both = [thief_of(client), thief_of(client)]
    answers = at_once(*[lambda n=n: both[n].elevate(codes[n]) for n in (0, 1)])
    assert sorted(answers) == [200, 409]
    assert server.client().log_in(code=codes[answers.index(409)]).status_code == 302


@pytest.mark.parametrize("number", range(3))
def test_logging_out_while_confirming(server: LiveServer, number: int) -> None:  # noqa: ARG001  # tried again
    """However the two fall, nothing of the session is left: neither the old cookie nor a new."""
    client = server.logged_in()
    confirming, leaving = thief_of(client), thief_of(client)
    code = server.home.spare_code()
    answers = at_once(lambda: confirming.elevate(code), lambda: leaving.post("/logout"))
    assert answers[0] in (200, 401, 403, 404)
    fresh = server.client()
    for cookie in confirming.cookies:
        fresh.cookies.set(cookie.name, str(cookie.value))
    assert not is_in(fresh)
    assert not is_in(client)


def test_logging_in_while_the_password_changes(own: LiveServer) -> None:
    """No login by the old password outlives the change, whichever of its steps came before."""
    changer = own.logged_in()
    codes = [own.home.spare_code() for _ in range(4)]
    halfway = own.client()
    assert halfway.log_in().status_code == 303
    others = [own.client() for _ in codes]
    body = {"current": PASSWORD, "new": NEW}
    answers = at_once(
        *[lambda n=n: others[n].log_in(code=codes[n]) for n in range(2)],
        lambda: changer.post(f"{API}/account/password", json=body),
        *[lambda n=n: others[n].log_in(code=codes[n]) for n in range(2, 4)],
    )
    assert answers[2] == 204
    assert [is_in(other) for other in others] == [False] * 4
    assert is_in(changer)
    assert halfway.second_step(own.home.authenticator.code()).status_code == 401
    assert len(changer.get(f"{API}/sessions").json()["sessions"]) == 1


# ── the cookie of a moment ago ──────────────────────────────────────────────────────────────────


def test_what_the_cookie_of_before_may_still_do(own: LiveServer) -> None:
    """For some seconds it finds the session to read by, and does nothing that would last."""
    client = own.logged_in()
    thief = thief_of(client)
    assert client.elevate().status_code == 200
    assert is_in(thief)
    assert thief.get(f"{API}/status").json()["session"]["elevated_seconds_left"] == 0
    code = own.home.spare_code()
    refused = {
        "elevate": thief.elevate(code),
        "password": thief.post(f"{API}/account/password", json={"current": PASSWORD, "new": NEW}),
        "totp": thief.post(f"{API}/account/totp"),
        "recovery codes": thief.post(f"{API}/account/recovery-codes"),
        "passkey": thief.post(f"{API}/account/passkeys/options"),
        "token": thief.post(f"{API}/tokens", json={"name": "x", "rights": ["read"], "days": 1}),
    }
    statuses = {name: answer.status_code for name, answer in refused.items()}
    assert set(statuses.values()) <= {409, 423}, statuses
    assert not any("set-cookie" in answer.headers for answer in refused.values())
    assert own.client().log_in(code=code).status_code == 302  # neither used up nor its password new


@pytest.mark.parametrize("path", [EVENTS, f"{API}/watch"])
def test_the_cookie_of_before_opens_no_socket(server: LiveServer, path: str) -> None:
    """A socket would outlive the seconds that it has; the present cookie opens one."""
    client = server.logged_in()
    before = client.cookie_header
    assert client.elevate().status_code == 200
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        websocket.create_connection(
            server.url.replace("https", "wss") + path,
            sslopt={"ca_certs": str(server.home.certificate)},
            cookie=before,
            origin=server.url,
            timeout=10,
        )
    assert client.socket(path).connected


def test_sockets_of_before_a_change_close(own: LiveServer) -> None:
    """What a stolen cookie of this session opened ends when its owner changes the password."""
    client = own.logged_in()
    stolen = [client.socket(path) for path in (EVENTS, f"{API}/watch")]
    assert client.elevate().status_code == 200
    assert not is_closed(stolen[0], within=0.5)
    body = {"current": PASSWORD, "new": NEW}
    assert client.post(f"{API}/account/password", json=body).status_code == 204
    assert [is_closed(socket) for socket in stolen] == [True, True]
    assert client.socket(EVENTS).connected


def test_a_hundred_watching_sockets(server: LiveServer) -> None:
    """Many sockets of one session keep nobody from working, and end with it."""
    witness, client = server.logged_in(), server.logged_in()
    sockets = [client.socket(f"{API}/watch") for _ in range(100)]
    for socket in sockets[:5]:
        for _ in range(50):
            socket.send("x" * 10_000)  # nobody listens
    began = time.monotonic()
    assert is_in(witness)
    assert time.monotonic() - began < 3
    assert client.post("/logout").status_code == 302
    assert all(is_closed(socket) for socket in sockets)
    assert is_in(witness)


# ── telling accounts apart ──────────────────────────────────────────────────────────────────────


def test_a_refused_try_tells_no_account(server: LiveServer) -> None:
    """At every number of wrong tries a known and an unknown name are answered alike."""
    seen = []
    for name in ("alice", "zelda"):
        server.home.forget_tries()
        answers = [server.client().log_in(username=name, password="wrong") for _ in range(7)]
        texts = [one.text.replace(name, "NAME").partition("<form")[0][-600:] for one in answers]
        parts = [(one.status_code, "Retry-After" in one.headers) for one in answers]
        seen.append((parts, [text.partition("nonce")[0] for text in texts]))
    assert seen[0] == seen[1]
    assert [status for status, _ in seen[0][0]] == [401] * 5 + [429] * 2


def test_a_spare_code_tells_no_account(server: LiveServer) -> None:
    """On the page that asks to wait, a made-up recovery code changes nothing for either name."""
    made_up = server.home.spare_code()[:-4] + "2222"
    for name in ("alice", "zelda"):
        server.home.forget_tries()
        for _ in range(5):
            server.client().log_in(username=name, password="wrong")
        answer = server.client().log_in(username=name, password="wrong", code=made_up)
        assert answer.status_code == 429, name


def test_a_device_tells_nothing_of_others(server: LiveServer) -> None:
    """A known device is known for its own account only: at another name it changes nothing."""
    owner = server.logged_in()
    device = next(one for one in owner.cookies if "-device-" in one.name)
    for name in ("zelda", "yorick"):
        answers = []
        for _ in range(7):
            client = server.client()
            if name == "zelda":
                client.cookies.set(device.name, str(device.value))
            answers.append(client.log_in(username=name, password="wrong").status_code)
        assert answers == [401] * 5 + [429] * 2
        server.home.forget_tries()


def test_a_stolen_device_cookie(server: LiveServer) -> None:
    """It gives the thief a budget like the account's own, lets nobody in, and is found nowhere."""
    owner = server.logged_in()
    device = next(one for one in owner.cookies if "-device-" in one.name)
    answers = []
    for value in (str(device.value), str(device.value)[:-1] + "A", "A" * 5000):
        for _ in range(7):
            thief = server.client()
            thief.cookies.set(device.name, value)
            answers.append(thief.log_in(password="wrong").status_code)
            assert not is_in(thief)
    # Its own five tries, then the account's five; what is none counts with the account.
    assert answers == [401] * 5 + [429] * 2 + [401] * 5 + [429] * 9
    assert str(device.value) not in server.log
    state = server.home.state / "state.db"
    assert str(device.value).encode() not in state.read_bytes()
    assert str(device.value) not in owner.get(f"{API}/account").text


def test_a_planted_device_cookie_is_not_adopted(server: LiveServer) -> None:
    """A value that somebody put into the browser before the login is not what it is known by."""
    owner = server.logged_in()
    device = next(one for one in owner.cookies if "-device-" in one.name)
    planted = "P" * 43
    victim = server.client()
    victim.cookies.set(device.name, planted)
    answer = victim.log_in(code=server.home.spare_code())
    assert answer.status_code == 302
    given = [one for one in answer.cookies if "-device-" in one.name]
    assert given
    assert planted not in [one.value for one in given]


# ── others' sessions ────────────────────────────────────────────────────────────────────────────


def test_others_sessions_are_nobodys_business(own: LiveServer) -> None:
    """An editor sees and ends only their own; what an owner ends of others' needs elevation."""
    owner = own.logged_in()
    assert owner.elevate().status_code == 200
    bob = join(own, invite(owner, "bob")).log_in(own)
    mine = owner.get(f"{API}/status").json()["session"]["id"]
    listed = bob.get(f"{API}/sessions")
    assert {one["username"] for one in listed.json()["sessions"]} == {"bob"}
    assert mine not in listed.text
    assert bob.get(f"{API}/sessions?everyone=1").status_code == 403
    assert bob.delete(f"{API}/sessions/{mine}").status_code == 404
    assert bob.delete(f"{API}/sessions/0000000000000000").status_code == 404
    assert bob.delete(f"{API}/sessions?scope=all").json() == {"ended": 1}
    assert is_in(owner)
    assert not is_in(bob)
