"""A team on one server: invited, at work, reset, removed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from support import in_process
from support.home import PASSWORD, set_up
from support.live_server import Client, LiveServer, notebook, running
from support.team import (
    JOIN,
    NEW,
    USERS,
    arrive,
    as_owner,
    authenticator_on,
    codes_on,
    invite,
    join,
    post,
    reset,
)
from websocket import WebSocket, WebSocketException, WebSocketTimeoutException

pytestmark = pytest.mark.integration

EVENTS = "/api/events/subscribe"
DATABASE = "state.db"


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    return as_owner(server)


def rows(server: LiveServer, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(server.home.state / DATABASE)) as database:
        return database.execute(sql, values).fetchall()


def slots(server: LiveServer) -> list[str]:
    vault = json.loads((server.home.state / "vault.json").read_text())
    return [slot["name"] for slot in vault["slots"] if slot["kind"] == "password"]


def closes(socket: WebSocket, within: float = 1.0) -> bool:
    socket.settimeout(within)
    try:
        while socket.recv():
            pass
    except WebSocketTimeoutException:
        return False
    except (WebSocketException, OSError):
        return True
    return True


def test_from_invitation_to_removal(server: LiveServer, owner: Client) -> None:
    """Who was invited works with a password of their own; removed, nothing of theirs lets in."""
    link = invite(owner, "Bob")
    bob = join(server, link)
    assert (bob.username, len(bob.codes)) == ("bob", 10)
    assert sorted(slots(server)) == ["alice", "bob"]
    used = server.client().log_in("bob", NEW, bob.authenticator.used())
    assert used.status_code == 401, "the code that enrolled logs in"
    client = bob.log_in(server)
    assert client.save("bob.ipynb", notebook("1")).status_code == 201
    assert client.put("/jupyter-secure/api/locks/bob.ipynb", json={"mode": "private"}).ok
    listed = {one["username"]: one for one in owner.get(USERS).json()["users"]}
    assert (listed["bob"]["role"], listed["alice"]["current"]) == ("editor", True)
    sockets = [client.socket(EVENTS) for _ in range(3)]
    answer = owner.delete(f"{USERS}/bob", json={"locks": "take"})
    assert (answer.status_code, answer.json()) == (200, {"locks": 1})
    assert all(closes(socket) for socket in sockets)
    assert client.get("/api/contents").status_code == 401
    assert server.client().log_in("bob", NEW, bob.codes[0]).status_code == 401
    assert slots(server) == ["alice"]
    for table in ("accounts", "sessions", "recovery_codes", "devices", "access_tokens", "passkeys"):
        assert not rows(server, f"SELECT * FROM {table} WHERE username='bob'"), table
    assert rows(server, "SELECT owner FROM locks") == [("alice",)]
    assert not rows(server, "SELECT * FROM links")
    assert owner.get("/api/contents/bob.ipynb").status_code == 200


@pytest.mark.parametrize(
    ("role", "reads", "writes", "manages"),
    [
        ("owner", 200, 201, 200),
        ("editor", 200, 201, 403),
        ("viewer", 200, 403, 403),
        ("auditor", 403, 403, 403),
    ],
)
def test_roles(
    server: LiveServer, owner: Client, role: str, reads: int, writes: int, manages: int
) -> None:
    """An account may do what its role says, from the first request on."""
    person = join(server, invite(owner, f"one {role}", role))
    client = person.log_in(server)
    assert client.get("/api/contents").status_code == reads
    assert client.save(f"{role}.ipynb", notebook("1")).status_code == writes
    assert client.get(USERS).status_code == manages
    assert owner.delete(f"{USERS}/{person.username}", json={"locks": "remove"}).ok


def test_another_role_ends_sessions(server: LiveServer, owner: Client) -> None:
    """The session of before is gone with its sockets; the next has the new role."""
    carol = join(server, invite(owner, "carol"))
    before = carol.log_in(server)
    socket = before.socket(EVENTS)
    assert owner.patch(f"{USERS}/carol", json={"role": "viewer"}).status_code == 204
    assert closes(socket)
    assert before.get("/api/contents").status_code == 401
    after = carol.log_in(server)
    assert after.save("carol.ipynb", notebook("1")).status_code == 403
    assert owner.delete(f"{USERS}/carol", json={"locks": "remove"}).ok


def test_sessions_of_others(server: LiveServer, owner: Client) -> None:
    """Owners see everyone's and end them after a second factor; others have their own only."""
    eve = join(server, invite(owner, "eve"))
    editor, path = eve.log_in(server), "/jupyter-secure/api/sessions"
    hers = editor.get(path).json()["sessions"]
    assert {one["username"] for one in hers} == {"eve"}
    assert editor.get(f"{path}?everyone=1").status_code == 403
    everyone = owner.get(f"{path}?everyone=1").json()["sessions"]
    mine = next(one["id"] for one in everyone if one["current"])
    assert {one["username"] for one in everyone} >= {"alice", "eve"}
    assert {one["username"] for one in owner.get(path).json()["sessions"]} == {"alice"}
    assert editor.delete(f"{path}/{mine}").status_code == 404
    plain = server.logged_in()
    assert plain.delete(f"{path}/{hers[0]['id']}").status_code == 423
    assert editor.get("/api/contents").status_code == 200
    assert owner.delete(f"{path}/{hers[0]['id']}").status_code == 204
    assert editor.get("/api/contents").status_code == 401
    assert owner.delete(f"{USERS}/eve", json={"locks": "remove"}).ok


def test_a_new_password(server: LiveServer, owner: Client) -> None:
    """The link sets it once; the old one and every session end, the second factor stays."""
    dora = join(server, invite(owner, "dora"))
    before = dora.log_in(server)
    link = reset(owner, "dora", "password")
    assert before.get("/api/contents").status_code == 200, "making the link changed something"
    client = arrive(server, link)
    assert post(client, password="short", again="short").status_code == 400
    assert post(client, password="a heron at Hay", again="a heron at hay").status_code == 400
    assert post(client, password="a heron at Hay", again="a heron at Hay").status_code == 200
    assert before.get("/api/contents").status_code == 401
    assert server.client().log_in("dora", NEW, dora.codes[0]).status_code == 401
    dora.password = "a heron at Hay"
    assert dora.log_in(server).get("/api/contents").status_code == 200
    assert server.client().get(link).status_code == 404
    assert owner.delete(f"{USERS}/dora", json={"locks": "remove"}).ok


def test_a_new_second_factor(server: LiveServer, owner: Client) -> None:
    """The link asks for the password; afterwards the old authenticator and codes are worthless."""
    emil = join(server, invite(owner, "emil"))
    link = reset(owner, "emil", "two-factor")
    client = arrive(server, link)
    assert "Your password" in client.get(JOIN).text
    assert post(client, password="not the password").status_code == 401
    assert post(client, password=NEW).status_code == 303
    new = authenticator_on(client.get(JOIN).text)
    assert new.secret != emil.authenticator.secret
    assert emil.log_in(server).get("/api/contents").status_code == 200, "ended too early"
    assert post(client, code="000000").status_code == 403
    done = post(client, code=new.code())
    assert done.status_code == 200
    assert server.client().log_in("emil", NEW, emil.codes[0]).status_code == 401
    assert server.client().log_in("emil", NEW, emil.authenticator.code()).status_code == 401
    emil.codes = codes_on(done.text)
    assert emil.log_in(server).get("/api/contents").status_code == 200
    server.home.forget_tries()
    assert owner.delete(f"{USERS}/emil", json={"locks": "remove"}).ok


def test_the_vault_is_sealed(server: LiveServer) -> None:
    """An invitation is accepted while nobody is logged in, and opens no vault by that."""
    owner = as_owner(server)
    link = invite(owner, "frida")
    done = in_process.run(
        ["session", "end", "--all"], variables=server.home.variables, cwd=server.home.work
    )
    assert done.returncode == 0
    frida = join(server, link)
    assert frida.log_in(server).get("/api/contents").status_code == 200
    other = as_owner(server)
    assert other.delete(f"{USERS}/frida", json={"locks": "remove"}).ok


def test_the_command_line_beside_a_server(server: LiveServer) -> None:
    """`session end` and `user remove` close the sockets of a server in another process."""
    owner = as_owner(server)
    gina = join(server, invite(owner, "gina"))
    for command, given in (
        (["session", "end", "--user", "gina"], ""),
        (["user", "remove", "gina", "--locks", "remove", "--password-stdin"], PASSWORD),
    ):
        client = gina.log_in(server)
        socket = client.socket(EVENTS)
        done = in_process.run(
            command,
            variables=server.home.variables,
            cwd=server.home.work,
            given=given.encode(),
        )
        assert done.returncode == 0, done.stderr
        assert closes(socket, within=1.5)
        assert client.get("/api/contents").status_code == 401
    assert owner.get("/api/contents").status_code == 200


def test_the_users_page(server: LiveServer) -> None:
    """An owner does all of it by forms: invites, changes the role, resets, unlocks, removes."""
    owner = as_owner(server)
    page = "/jupyter-secure/users"

    def act(**form: str) -> str:
        answer = owner.post(page, data={**form, "_xsrf": owner.xsrf})
        if answer.status_code == 303:
            answer = owner.get(answer.headers["Location"])
        assert answer.status_code == 200, answer.text
        return answer.text

    said = act(do="invite", username="Hanna", role="viewer", hours="1")
    assert server.url in said
    link = next(
        word for word in said.replace("<", " ").replace(">", " ").split() if "?link=" in word
    )
    assert "made by" in owner.get(page).text
    hanna = join(server, link)
    assert 'value="viewer" required checked' in owner.get(f"{page}?ask=role&name=hanna").text
    assert "The role was changed:" in act(do="role", id="hanna", role="editor")
    assert "?link=" in act(do="reset-password", id="hanna")
    assert "?link=" in act(do="reset-two-factor", id="hanna")
    assert "Links were taken back:" in act(do="withdraw", id="hanna")
    assert not rows(server, "SELECT * FROM links")
    assert "Wrong tries are forgotten:" in act(do="unlock", id="hanna")
    assert hanna.log_in(server).get("/api/contents").status_code == 200
    assert "What becomes" not in owner.get(f"{page}?ask=remove&name=hanna").text
    assert "Removed:" in act(do="remove", id="hanna", locks="take")
    refused = owner.post(
        page,
        data={
            "do": "remove",
            "id": "alice",
            "locks": "remove",
            "myself": "yes",
            "_xsrf": owner.xsrf,
        },
    )
    assert refused.status_code == 403
    assert "the last owner" in refused.text
    unelevated = server.logged_in()
    there = unelevated.get(page)
    assert (there.status_code, there.headers["Location"]) == (
        303,
        "/jupyter-secure/confirm?next=%2Fjupyter-secure%2Fusers",
    )


def test_what_does_not_fit_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A server starts, and says in its log which account the other file does not know."""
    home = set_up(tmp_path_factory.mktemp("odd"))
    given = f"{PASSWORD}\n{NEW}\n".encode()
    command = ["user", "add", "bob", "--now", "--password-stdin", "--json"]
    done = in_process.run(command, variables=home.variables, cwd=home.work, given=given)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(home.state / DATABASE)) as database, database:
        database.execute("PRAGMA foreign_keys=ON")
        database.execute("DELETE FROM accounts WHERE username='bob'")
    with running(home) as server:
        assert "vault.json has a password for “bob”, who has no account" in server.log
        assert server.client().log_in("bob", NEW, "123456").status_code in (401, 500)
        assert server.client().get("/api/contents").status_code == 401
        assert as_owner(server).delete(f"{USERS}/bob", json={"locks": "remove"}).ok
        assert slots(server) == ["alice"]
