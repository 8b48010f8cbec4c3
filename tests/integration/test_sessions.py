"""The end of a session, by whatever cause: the cookie, the sockets, the keys."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import websocket
from support.home import set_up
from support.live_server import Client, LiveServer, notebook, running

pytestmark = pytest.mark.integration

EVENTS = "/api/events/subscribe"
SAME = {"Sec-Fetch-Site": "same-origin"}
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def witness(server: LiveServer) -> Client:
    """Another session of the same account, which must outlive the others."""
    return server.logged_in()


def is_in(client: Client) -> bool:
    return client.get("/api/contents").status_code == 200


def closes(socket: websocket.WebSocket, within: float = 1.0) -> bool:
    socket.settimeout(within)
    try:
        while socket.recv():
            pass
    except websocket.WebSocketTimeoutException:
        return False
    except (websocket.WebSocketException, OSError):
        return True
    return True


def session_id(client: Client) -> str:
    return str(client.get("/jupyter-secure/api/status").json()["session"]["id"])


def log_out(client: Client) -> None:
    assert client.post("/logout").headers["Location"] == "/login"


def log_out_by_menu(client: Client) -> None:
    assert client.get("/logout", headers={**SAME, **LINK}).headers["Location"] == "/login"


def end_itself(client: Client) -> None:
    path = f"/jupyter-secure/api/sessions/{session_id(client)}"
    assert client.delete(path).status_code == 204


@pytest.mark.parametrize("end", [log_out, log_out_by_menu, end_itself])
def test_ending_a_session_ends_cookie_and_sockets(
    server: LiveServer, witness: Client, end: Callable[[Client], None]
) -> None:
    """Within a second the cookie is worthless and every socket of the session is closed."""
    client = server.logged_in()
    cookie = client.cookie_header
    sockets = [client.socket(EVENTS) for _ in range(3)]
    kept = witness.socket(EVENTS)
    end(client)
    assert all(closes(socket) for socket in sockets)
    stale = server.client()
    assert stale.get("/api/contents", headers={"Cookie": cookie}).status_code == 401
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        client.socket(EVENTS)
    assert is_in(witness)
    assert not closes(kept, within=0.3)
    kept.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", **LINK},
        {"Sec-Fetch-Site": "none", **LINK},
        {**SAME, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {**SAME, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": None},
    ],
)
def test_a_link_or_an_image_logs_nobody_out(witness: Client, headers: dict[str, str]) -> None:
    """An address that is merely loaded does not log out; a page asks first."""
    answer = witness.get("/logout", headers=headers)
    assert answer.status_code == 200
    assert "<form" in answer.text
    assert is_in(witness)


def test_logging_out_needs_the_xsrf_token(witness: Client) -> None:
    """Another site's form does not log out."""
    assert witness.post("/logout", headers={"X-XSRFToken": "wrong"}).status_code == 403
    assert is_in(witness)


def test_another_session_can_be_ended(server: LiveServer, witness: Client) -> None:
    """A session that was left open elsewhere is listed, and ended from here."""
    client = server.logged_in()
    public_id, socket = session_id(client), client.socket(EVENTS)
    listed = witness.get("/jupyter-secure/api/sessions").json()["sessions"]
    assert {one["id"]: one["current"] for one in listed}[public_id] is False
    assert witness.delete(f"/jupyter-secure/api/sessions/{public_id}").status_code == 204
    assert closes(socket)
    assert not is_in(client)
    assert witness.delete(f"/jupyter-secure/api/sessions/{public_id}").status_code == 404


def test_the_list_tells_no_way_in(witness: Client) -> None:
    """Neither the cookie nor its digest stands in what the API says of sessions."""
    cookie = next(cookie for cookie in witness.cookies if "-session-" in cookie.name)
    text = witness.get("/jupyter-secure/api/sessions").text
    text += witness.get("/jupyter-secure/api/status").text
    assert cookie.value not in text
    assert "digest" not in text


def test_a_session_does_not_outlive_its_server(tmp_path: Path) -> None:
    """After a restart the cookie of before opens nothing, though the database still knows it."""
    home = set_up(tmp_path)
    with running(home) as server:
        client = server.logged_in()
        name = next(cookie for cookie in client.cookies if "-session-" in cookie.name)
        assert client.save("a.ipynb", notebook("1")).status_code == 201
        server.process.kill()  # nothing is tidied up
        server.process.wait()
    with running(home) as server:
        # The port is part of the name; the value is tried under the new name as well.
        renamed = name.name.rpartition("-")[0] + f"-{server.port}"
        headers = {"Cookie": f"{renamed}={name.value}; {name.name}={name.value}"}
        assert server.client().get("/api/contents", headers=headers).status_code == 401


def test_idle_sessions_end(tmp_path: Path) -> None:
    """Without a person the session ends in time, whatever polls, and its sockets are closed."""
    home = set_up(tmp_path)
    home.configure(SecureConfig={"idle_minutes": 0.05})
    script = {"Sec-Fetch-Mode": "cors"}
    with running(home) as server:
        client = server.logged_in()
        socket = client.socket(EVENTS, **{"Sec-Fetch-Mode": "websocket"})
        until = time.monotonic() + 3
        while time.monotonic() < until - 0.6:
            assert client.get("/api/contents", headers=script).status_code == 200
            time.sleep(0.2)
        time.sleep(1.2)
        assert client.get("/api/contents", headers=script).status_code == 401
        # Looked for every five seconds, even if nobody asks.
        assert closes(socket, within=7)


def test_a_session_ends_though_it_is_used(tmp_path: Path) -> None:
    """The absolute limit holds however busy the session is."""
    home = set_up(tmp_path)
    home.configure(SecureConfig={"max_hours": 4 / 3600})
    with running(home) as server:
        client = server.logged_in()
        statuses = []
        until = time.monotonic() + 5
        while time.monotonic() < until:
            statuses.append(client.get("/api/contents").status_code)
            time.sleep(0.25)
        assert statuses[0] == 200
        assert statuses[-1] == 401


def test_what_ends_together_is_closed_together(tmp_path: Path) -> None:
    """A session found to have run out while another logs out has its sockets closed too."""
    home = set_up(tmp_path)
    home.configure(SecureConfig={"max_hours": 2.5 / 3600})
    with running(home) as server:
        socket = server.logged_in().socket(EVENTS)
        began = time.monotonic()
        late = server.logged_in()
        time.sleep(max(0.0, began + 2.5 - time.monotonic()))
        log_out(late)
        assert closes(socket, within=7)


def test_the_activity_of_a_person_is_reported(witness: Client) -> None:
    """The page tells when someone is there; the answer holds nothing."""
    answer = witness.post("/jupyter-secure/api/activity", headers={"Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, answer.text) == (204, "")


def test_a_session_that_was_written_into_the_database_is_none(
    server: LiveServer, witness: Client
) -> None:
    """A row that this server did not write logs nobody in, and is gone at the next look."""
    token, path = "A" * 43, server.home.state / "state.db"
    with closing(sqlite3.connect(path, timeout=10)) as database, database:
        database.row_factory = sqlite3.Row
        real = database.execute("SELECT * FROM sessions").fetchone()
        digest = hashlib.sha256(token.encode()).digest()
        planted = {**real, "id_digest": digest, "public_id": "planted"}
        names = ", ".join(planted)
        values = ", ".join(f":{name}" for name in planted)
        database.execute(f"INSERT INTO sessions ({names}) VALUES ({values})", planted)
    thief = server.client()
    name = next(cookie.name for cookie in witness.cookies if "session" in cookie.name)
    thief.cookies.set(name, token)
    assert not is_in(thief)
    listed = witness.get("/jupyter-secure/api/sessions").json()["sessions"]
    assert "planted" not in [session["id"] for session in listed]
    log_out(server.logged_in())
    with closing(sqlite3.connect(path, timeout=10)) as database:
        rows = database.execute("SELECT count(*) FROM sessions WHERE public_id = 'planted'")
        assert rows.fetchone() == (0,)
