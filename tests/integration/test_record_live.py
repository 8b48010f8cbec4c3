"""What pages have of the record: word when it grows, and a file of it to take along."""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
import time
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
import websocket
from support.live_server import Client, LiveServer, notebook
from support.team import as_owner, invite, join

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
WATCH, AUDIT = f"{API}/watch", f"{API}/audit"
GROWN = {"event": "record-grown"}


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    return as_owner(server)


def member(server: LiveServer, owner: Client, name: str, role: str) -> Client:
    return join(server, invite(owner, name, role)).log_in(server)


def taking_along(server: LiveServer, owner: Client) -> tuple[Client, str]:
    """Return an auditor who logged in, and a code of theirs."""
    newcomer = join(server, invite(owner, "eve", "auditor"))
    return newcomer.log_in(server), newcomer.codes.pop()


@pytest.fixture(scope="module")
def editor(server: LiveServer, owner: Client) -> Client:
    return member(server, owner, "bob", "editor")


@pytest.fixture(scope="module")
def auditor(server: LiveServer, owner: Client) -> Client:
    return member(server, owner, "ann", "auditor")


def hears(socket: websocket.WebSocket, within: float) -> list[dict[str, str]]:
    """Return what is said on a socket until nothing has been said for so many seconds."""
    said = []
    socket.settimeout(within)
    with contextlib.suppress(websocket.WebSocketTimeoutException):
        while True:
            said.append(json.loads(socket.recv()))
    return said


def settled(client: Client) -> websocket.WebSocket:
    """Watch, from a moment on when nothing that was done before is still to be told."""
    socket = client.socket(WATCH)
    while hears(socket, 1.6):
        pass
    return socket


def test_each_hears_of_what_they_may_see(owner: Client, editor: Client, auditor: Client) -> None:
    """An owner and an auditor hear of everyone's doings, an editor of their own; never of what."""
    ears = {name: settled(one) for name, one in [("o", owner), ("e", editor), ("a", auditor)]}
    assert owner.save("theirs.ipynb", notebook("1")).status_code == 201
    assert hears(ears["e"], 2.5) == []
    assert all(one == GROWN for ear in "oa" for one in hears(ears[ear], 0.2) or [None])
    assert editor.save("own.ipynb", notebook("1")).status_code == 201
    for socket in ears.values():
        socket.settimeout(5)
        assert json.loads(socket.recv()) == GROWN
        socket.close()


def test_looking_calls_for_no_other_look(owner: Client) -> None:
    """A page that asks for the record because it heard does not hear of that."""
    socket = settled(owner)
    for _ in range(3):
        assert owner.get(AUDIT).status_code == 200
        assert owner.get(f"{AUDIT}?limit=0").status_code == 400
    assert hears(socket, 2) == []
    newest = owner.get(AUDIT).json()["events"][0]
    assert newest["action"] == "record:read"  # it is on record all the same
    socket.close()


def test_looking_again_leaves_no_other_event(server: LiveServer, owner: Client) -> None:
    """An open view is on record once; another filter, page, number or session is so again."""
    reader, other = server.logged_in(), server.logged_in()

    def looks() -> list[dict[str, object]]:
        events = owner.get(AUDIT, params={"what": "record:read", "limit": 500}).json()["events"]
        mine = {reader.get(f"{API}/status").json()["session"]["id"]}
        mine.add(other.get(f"{API}/status").json()["session"]["id"])
        return [one["details"] for one in events if one["session"] in mine]

    saves = {"what": "file:save", "limit": 20}
    for client, asked, count in [
        (reader, saves, 1),
        (reader, saves, 1),
        (reader, saves | {"limit": 10}, 1),
        (reader, saves | {"limit": 21}, 2),
        (reader, saves | {"limit": 21}, 2),
        (reader, {"limit": 20}, 3),
        (reader, saves | {"before": 9}, 4),
        (reader, saves | {"before": 9}, 5),
        (other, saves, 6),
        (other, saves, 6),
    ]:
        assert client.get(AUDIT, params=asked).status_code == 200
        assert len(found := looks()) == count
    assert found[0] == {"what": "file:save", "limit": 20}
    assert reader.get(AUDIT, params=saves | {"limit": 0}).status_code == 400
    assert len(looks()) == 7


def test_many_at_a_time_are_told_together(owner: Client) -> None:
    """However much happens, a page is told at most about once a second."""
    socket = settled(owner)
    began = time.monotonic()
    for number in range(12):
        assert owner.save("often.ipynb", notebook(str(number))).ok
    lasted = time.monotonic() - began
    assert 1 <= len(hears(socket, 2)) <= lasted + 2
    socket.close()


def test_rights_that_end_are_heard_no_more(
    server: LiveServer, owner: Client, auditor: Client
) -> None:
    """Without the right to see everything, an open socket tells nothing of others from then on."""
    socket = settled(auditor)
    with closing(sqlite3.connect(server.home.state / "state.db", timeout=10)) as database:
        with database:
            database.execute("UPDATE accounts SET role = 'viewer' WHERE username = 'ann'")
        try:
            assert owner.save("after.ipynb", notebook("1")).status_code == 201
            assert hears(socket, 2.5) == []
        finally:
            with database:
                database.execute("UPDATE accounts SET role = 'auditor' WHERE username = 'ann'")
    assert owner.save("again.ipynb", notebook("1")).status_code == 201
    assert hears(socket, 2.5)[0] == GROWN


def test_the_end_of_the_session_ends_it(server: LiveServer, owner: Client) -> None:
    """Once the session is over nothing is told any more, and the socket is closed."""
    client = server.logged_in()
    socket = settled(client)
    public_id = client.get("/jupyter-secure/api/status").json()["session"]["id"]
    assert owner.delete(f"/jupyter-secure/api/sessions/{public_id}").status_code == 204
    socket.settimeout(5)
    said = []
    with pytest.raises((websocket.WebSocketException, OSError)):
        while text := socket.recv():
            said.append(json.loads(text))
        raise websocket.WebSocketConnectionClosedException
    assert said[-1] == {"event": "session-ended"}


EXPORT = f"{AUDIT}/export"


def test_an_auditor_exports_what_is_asked_for(server: LiveServer, owner: Client) -> None:
    """The events of the view's filters, the oldest first, as a file; and that is on record.

    A session alone, whose cookie may have been stolen, exports nothing.
    """
    auditor, code = taking_along(server, owner)
    assert owner.save("exported.ipynb", notebook("1")).status_code == 201
    wanted = {"path": "exported.ipynb", "what": "file:save", "outcome": "success"}
    refused = auditor.get(EXPORT, params=wanted)
    assert (refused.status_code, refused.json()["reason"]) == (423, "elevation-required")
    page = auditor.get(EXPORT, params=wanted, headers={"Sec-Fetch-Mode": "navigate"})
    assert page.status_code == 303
    back = parse_qs(urlsplit(page.headers["Location"]).query)["next"][0]
    confirmed = auditor.post(page.headers["Location"], data={"code": code, "_xsrf": auditor.xsrf})
    assert confirmed.headers["Location"] == back
    answer = auditor.get(back)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="record.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [(one["username"], one["path"]) for one in rows] == [("alice", "exported.ipynb")]
    lines = auditor.get(EXPORT, params={"format": "ocsf"}).text.splitlines()
    seqs = [json.loads(line)["metadata"]["sequence"] for line in lines]
    assert seqs == sorted(seqs)
    assert len(seqs) > 10
    newest = auditor.get(AUDIT, params={"what": "record:export"}).json()["events"]
    assert [(one["username"], one["outcome"], one["reason"]) for one in newest] == [
        ("eve", "success", ""),
        ("eve", "success", ""),
        ("eve", "refused", "elevation-required"),
        ("eve", "refused", "elevation-required"),
    ]
    assert auditor.get(EXPORT, params={"format": "pdf"}).status_code == 400


def test_nobody_else_exports(server: LiveServer, editor: Client) -> None:
    """Not even what one did oneself: that is read in the view. Strangers get nothing either."""
    assert editor.get(EXPORT).status_code == 403
    assert editor.get(f"{EXPORT}?who=bob").status_code == 403
    assert server.client().get(EXPORT).status_code == 401


def test_a_refusal_names_who_was_refused(editor: Client, auditor: Client) -> None:
    """Whoever is logged in and may not do something is on record by name, and sees it too."""
    assert auditor.get("/api/contents/theirs.ipynb").status_code == 403
    newest = auditor.get(AUDIT, params={"outcome": "refused", "what": "file:open"}).json()[
        "events"
    ][0]
    assert (newest["username"], newest["path"]) == ("ann", "theirs.ipynb")
    assert newest["session"]
    assert editor.get("/jupyter-secure/api/users").status_code == 403
    own = editor.get(AUDIT, params={"outcome": "refused"}).json()["events"][0]
    assert (own["username"], own["reason"]) == ("bob", "not-allowed")
