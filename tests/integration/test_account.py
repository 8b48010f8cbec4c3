"""What someone changes about their own way in, on a live server, and what ends by it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import websocket
from support.home import PASSWORD, Authenticator, set_up
from support.live_server import Client, LiveServer, running

from jupyter_secure.identity.sessions import GRACE

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
EVENTS = "/api/events/subscribe"
NEW = "an otter under Hay bridge"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(set_up(tmp_path_factory.mktemp("home"))) as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server of the test's own: it changes the account."""
    with running(set_up(tmp_path)) as server:
        yield server


def is_in(client: Client) -> bool:
    return client.get("/api/contents").status_code == 200


def session_cookie(client: Client) -> tuple[str, str]:
    cookie = next(one for one in client.cookies if "-session-" in one.name)
    return cookie.name, str(cookie.value)


def with_cookie(server: LiveServer, cookie: tuple[str, str]) -> Client:
    client = server.client()
    client.cookies.set(*cookie)
    return client


# What a page is told of the record, whenever something happens.
GROWN = '{"event": "record-grown"}'


def heard(socket: websocket.WebSocket) -> str:
    """Return what a page is told next of its session."""
    while (message := str(socket.recv())) == GROWN:
        pass
    return message


def closes(socket: websocket.WebSocket, within: float = 1.0) -> list[str]:
    """Wait until ``socket`` is closed; return what came of its session before that, or fail."""
    until, said = time.monotonic() + within, []
    while True:
        socket.settimeout(max(0.01, until - time.monotonic()))
        try:
            message = socket.recv()
        except websocket.WebSocketTimeoutException:
            pytest.fail(f"it is still open after {within} s")
        except (websocket.WebSocketException, OSError):
            return said
        if not message:
            return said
        if message != GROWN:
            said.append(str(message))


# ── rotation and watching ───────────────────────────────────────────────────────────────────────


def test_elevating_changes_the_cookie(shared: LiveServer) -> None:
    """The cookie of before reads on for some seconds, un-elevated, and is dead after that."""
    client = shared.logged_in()
    before = session_cookie(client)
    watch = client.socket(f"{API}/watch")
    assert client.elevate().status_code == 200
    assert session_cookie(client) != before
    assert heard(watch) == '{"event": "session-changed"}'
    old = with_cookie(shared, before)
    assert old.get(f"{API}/status").json()["session"]["elevated_seconds_left"] == 0
    assert client.get(f"{API}/status").json()["session"]["elevated_seconds_left"] > 0
    old.cookies.set("_xsrf", client.xsrf)
    assert old.elevate().status_code == 409
    assert old.post(f"{API}/account/recovery-codes").status_code == 423
    # As if those seconds had gone by.
    path, micro = shared.home.state / "state.db", GRACE // timedelta(microseconds=1)
    with closing(sqlite3.connect(path, timeout=10)) as state, state:
        state.execute("UPDATE sessions SET rotated_at = rotated_at - ?", [micro])
    assert not is_in(old)
    assert is_in(client)
    watch.close()


def test_watching_tells_that_the_session_ended(shared: LiveServer) -> None:
    """A page hears of its session's end before its socket is closed, within a second."""
    client, witness = shared.logged_in(), shared.logged_in()
    watch, other = client.socket(f"{API}/watch"), witness.socket(f"{API}/watch")
    public_id = client.get(f"{API}/status").json()["session"]["id"]
    assert witness.delete(f"{API}/sessions/{public_id}").status_code == 204
    assert closes(watch) == ['{"event": "session-ended"}']
    other.settimeout(0.5)
    with pytest.raises(websocket.WebSocketTimeoutException):
        heard(other)
    other.close()


def test_watching_needs_a_session(shared: LiveServer) -> None:
    """A stranger watches nothing, and no page of another site does."""
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        shared.client().socket(f"{API}/watch")
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        shared.logged_in().socket(f"{API}/watch", Origin="https://evil.example")


def test_all_others_and_all(shared: LiveServer) -> None:
    """One request ends every other session, another one every session, sockets included."""
    first, second, third = (shared.logged_in() for _ in range(3))
    sockets = [second.socket(EVENTS), third.socket(EVENTS)]
    mine = first.socket(EVENTS)
    assert first.delete(f"{API}/sessions?scope=others").json()["ended"] >= 2
    for socket in sockets:
        closes(socket)
    assert (is_in(first), is_in(second), is_in(third)) == (True, False, False)
    assert first.delete(f"{API}/sessions?scope=some").status_code == 400
    assert first.delete(f"{API}/sessions?scope=all").json() == {"ended": 1}
    closes(mine)
    assert not is_in(first)


def test_the_list_says_where(shared: LiveServer) -> None:
    """Each session is listed with its device, its address and when it was last used."""
    client = shared.logged_in()
    for path in (f"{API}/sessions", f"{API}/sessions?everyone=1"):
        listed = client.get(path).json()["sessions"]
        one = next(one for one in listed if one["current"])
        assert one["device_name"] == "python-requests"
        assert one["device"]
        assert one["address"] in ("127.0.0.1", "::1")
        assert one["last_seen_at"] >= one["created_at"]
        assert one["username"] == "alice"


def test_every_kind_of_socket_closes_and_kernels_run_on(shared: LiveServer) -> None:
    """When another process ends the session, all its sockets close; kernel and terminal stay."""
    client, witness = shared.logged_in(), shared.logged_in()
    kernel = client.post("/api/kernels", json={"name": "python3"}).json()["id"]
    terminal = client.post("/api/terminals").json()["name"]
    sockets = [
        client.socket(path)
        for path in (
            f"/api/kernels/{kernel}/channels",
            f"/terminals/websocket/{terminal}",
            EVENTS,
            f"{API}/watch",
        )
    ]
    public_id = client.get(f"{API}/status").json()["session"]["id"]
    state = shared.home.state / "state.db"
    with closing(sqlite3.connect(state, timeout=10)) as database, database:
        database.execute("DELETE FROM sessions WHERE public_id = ?", [public_id])
    ended = time.monotonic()
    for socket in sockets:
        closes(socket, within=max(0.01, ended + 1 - time.monotonic()))
    assert [one["id"] for one in witness.get("/api/kernels").json()] == [kernel]
    assert [one["name"] for one in witness.get("/api/terminals").json()] == [terminal]
    assert witness.delete(f"/api/kernels/{kernel}").status_code == 204


# ── the password ────────────────────────────────────────────────────────────────────────────────


def test_changing_the_password(server: LiveServer) -> None:
    """The new password logs in and the old one does not; every other session ends in a second."""
    other, client = server.logged_in(), server.logged_in()
    socket, before = other.socket(EVENTS), session_cookie(client)
    path = f"{API}/account/password"
    wrong = client.post(path, json={"current": "wrong", "new": NEW})
    assert (wrong.status_code, wrong.json()["reason"]) == (403, "wrong-password")
    weak = client.post(path, json={"current": PASSWORD, "new": "password12"})
    assert (weak.status_code, weak.json()["reason"]) == (400, "weak-password")
    assert client.post(path, json={"current": PASSWORD, "new": NEW}).status_code == 204
    closes(socket)
    assert not is_in(other)
    assert is_in(client)
    assert session_cookie(client) != before
    fresh = server.client()
    assert fresh.log_in(code=server.home.spare_code()).status_code == 401
    assert fresh.log_in(password=NEW, code=server.home.spare_code()).status_code == 302
    for secret in (PASSWORD, NEW):
        assert secret not in server.log


def test_the_password_changed_by_another_process(server: LiveServer) -> None:
    """`jupyter secure vault password` ends every session of the account within seconds."""
    client = server.logged_in()
    sockets = [client.socket(EVENTS), client.socket(f"{API}/watch")]
    command = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]
    done = subprocess.run(
        [*command, "vault", "password", "--username", "alice", "--password-stdin"],
        input=f"{PASSWORD}\n{NEW}\n",
        env=server.home.variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not is_in(client)
    said = [closes(socket, within=1.0) for socket in sockets]
    assert said[1] == ['{"event": "session-ended"}']


# ── the second factor ───────────────────────────────────────────────────────────────────────────


def test_another_authenticator(server: LiveServer) -> None:
    """Setting up another phone: QR and secret, confirmed by a code, and the old one is out."""
    other, client = server.logged_in(), server.logged_in()
    path = f"{API}/account/totp"
    assert client.post(path).status_code == 423
    assert client.elevate().status_code == 200
    begun = client.post(path)
    made = begun.json()
    assert made["qr_svg"].startswith("<svg")
    phone = Authenticator(made["uri"])
    assert phone.secret == made["secret"]
    assert client.put(path, json={"code": "000000"}).status_code == 403
    confirming = phone.code()
    assert client.put(path, json={"code": confirming}).status_code == 204
    assert is_in(client)
    assert not is_in(other)
    # The code that confirmed does not log in, nor does one of the old phone; the next one does.
    assert server.client().log_in(code=confirming).status_code == 401
    assert server.client().log_in(code=server.home.authenticator.code()).status_code == 401
    assert server.client().log_in(code=phone.code()).status_code == 302
    assert made["secret"] not in server.log
    assert client.delete(path).status_code == 409  # the last one


def test_new_recovery_codes(server: LiveServer) -> None:
    """Ten new ones, shown once and counted down; the old ones are worthless."""
    client = server.logged_in()
    path = f"{API}/account/recovery-codes"
    assert client.post(path).status_code == 423
    assert client.elevate().status_code == 200
    codes = client.post(path).json()["recovery_codes"]
    assert len(codes) == 10
    assert client.get(f"{API}/account").json()["factors"]["recovery_codes"] == 10
    assert server.client().log_in(code=server.home.spare_code()).status_code == 401
    assert server.client().log_in(code=codes[0]).status_code == 302
    assert server.client().log_in(code=codes[0]).status_code == 401
    assert client.get(f"{API}/account").json()["factors"]["recovery_codes"] == 9


def test_who_one_is(shared: LiveServer) -> None:
    """The account tells its factors and devices, and no secret."""
    client = shared.logged_in()
    answer = client.get(f"{API}/account")
    account = answer.json()
    assert (account["username"], account["role"]) == ("alice", "owner")
    assert account["factors"]["totp"] is True
    assert account["clock_offset_seconds"] is None
    assert any(device["current"] for device in account["devices"])
    assert shared.home.authenticator.secret not in answer.text
    assert "digest" not in answer.text


def test_a_wrong_clock_is_told_in_words(shared: LiveServer) -> None:
    """Someone who is logged in learns that the phone's clock is off; a login tells nobody."""
    client = shared.logged_in()
    off = shared.home.authenticator.peek(8)
    told = client.elevate(off)
    assert told.status_code == 403
    assert "clock is off by about 4 minutes" in told.json()["message"]
    assert client.get(f"{API}/account").json()["clock_offset_seconds"] == 240
    assert "clock" not in shared.client().log_in(code=shared.home.authenticator.peek(-8)).text
    shared.home.forget_tries()


# ── devices ─────────────────────────────────────────────────────────────────────────────────────


def device_cookie(client: Client) -> str:
    cookie = next(one for one in client.cookies if "-device-" in one.name)
    return f"{cookie.name}={cookie.value}"


def test_the_owner_gets_in_while_someone_hammers(shared: LiveServer) -> None:
    """After strangers used up the account's tries, the owner's own browser still logs in."""
    owner = shared.logged_in()
    device = device_cookie(owner)
    owner.post("/logout")
    for _ in range(5):
        assert shared.client().log_in(password="wrong").status_code == 401
    refused = shared.client().log_in(code=shared.home.spare_code()[:-4] + "2222")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert 'name="code"' in refused.text
    assert owner.log_in(code=shared.home.spare_code()).status_code == 302
    assert is_in(owner)
    # The device alone is no way in, and a recovery code is one for who has no such browser.
    thief = shared.client()
    thief.headers["Cookie"] = device
    assert not is_in(thief)
    assert shared.client().log_in(code=shared.home.spare_code()).status_code == 302
    shared.home.forget_tries()


def test_the_device_cookie(shared: LiveServer) -> None:
    """It never leaves HTTPS, is out of scripts' reach, lasts half a year, and grants nothing."""
    client = shared.client()
    answer = client.log_in(code=shared.home.spare_code())
    header = next(
        value for name, value in answer.raw.headers.items() if "-device-" in value
    ).lower()
    for attribute in ("secure", "httponly", "samesite=strict", "path=/", "max-age=15552000"):
        assert attribute in header
    assert header.startswith("__host-")
    assert str(shared.port) not in header


def test_devices_are_listed_and_forgotten(shared: LiveServer) -> None:
    """A device can be removed from the list, and is unknown from then on."""
    client = shared.logged_in()
    path = f"{API}/account/devices"
    before = client.get(path).json()["devices"]
    one = next(one for one in before if one["current"])
    assert client.delete(f"{path}/{one['id']}").status_code == 204
    assert client.delete(f"{path}/{one['id']}").status_code == 404
    assert len(client.get(path).json()["devices"]) == len(before) - 1
    assert client.delete(path).status_code == 204
    assert client.get(path).json() == {"devices": []}


def test_a_trusted_device_skips_the_code(tmp_path: Path) -> None:
    """Where it is switched on and asked for, the password alone logs in there, and only there."""
    home = set_up(tmp_path)
    home.configure(SecureConfig={"trusted_device_days": 30})
    with running(home) as server:
        client = server.client()
        assert 'name="trust"' in client.get(client.log_in().headers["Location"]).text
        form = {"code": home.spare_code(), "trust": "yes", "_xsrf": client.xsrf}
        assert client.post("/login?step=code", data=form).status_code == 302
        (device,) = client.get(f"{API}/account/devices").json()["devices"]
        assert device["trusted_until"]
        client.post("/logout")
        answer = client.log_in()
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert is_in(client)
        assert client.get(f"{API}/status").json()["session"]["elevated_seconds_left"] == 0
        assert server.client().log_in().status_code == 303
        assert client.delete(f"{API}/account/devices/{device['id']}").status_code == 204
        client.post("/logout")
        assert client.log_in().status_code == 303
