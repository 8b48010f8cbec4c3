"""One-time links in the hands of who should not have them, and of too many at once."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

import pytest
import requests
from support import in_process
from support.home import PASSWORD, set_up
from support.live_server import Client, LiveServer, running, start
from support.team import (
    JOIN,
    NEW,
    USERS,
    arrive,
    as_owner,
    authenticator_on,
    invite,
    join,
    post,
    reset,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    return as_owner(server)


@pytest.fixture(autouse=True)
def _new_budget(server: LiveServer) -> None:
    server.home.forget_tries()


def change(server: LiveServer, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(server.home.state / "state.db", timeout=10)) as database, database:
        database.execute(sql, values)


def accounts(server: LiveServer) -> list[str]:
    with closing(sqlite3.connect(server.home.state / "state.db")) as database:
        return [name for (name,) in database.execute("SELECT username FROM accounts ORDER BY 1")]


def at_once(work: list[Callable[[], requests.Response]]) -> list[int]:
    """Send requests at the same time; return their statuses."""
    barrier, statuses = threading.Barrier(len(work)), []

    def one(send: Callable[[], requests.Response]) -> None:
        barrier.wait()
        statuses.append(send().status_code)

    threads = [threading.Thread(target=one, args=(send,)) for send in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == len(work)
    return statuses


def copy_of(client: Client) -> Client:
    """Return another connection with the same cookies, as a browser's second tab has."""
    other = client.server.client()
    other.cookies.update(client.cookies)
    return other


def test_fifty_posts_of_one_browser(server: LiveServer, owner: Client) -> None:
    """Of fifty that finish one invitation at once, one makes the account."""
    client = arrive(server, invite(owner, "ida"))
    post(client, password=NEW, again=NEW)
    code = authenticator_on(client.get(JOIN).text).code()
    tabs = [copy_of(client) for _ in range(50)]
    statuses = at_once([partial(post, one, code=code) for one in tabs])
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 404, 429}
    assert accounts(server) == ["alice", "ida"]
    assert owner.delete(f"{USERS}/ida", json={"locks": "remove"}).ok


def test_several_browsers_with_one_link(server: LiveServer, owner: Client) -> None:
    """Each is shown a secret of its own; the first one to finish has the account."""
    link = invite(owner, "jan")
    clients = [arrive(server, link) for _ in range(4)]
    for number, client in enumerate(clients):
        assert post(client, password=f"{NEW} {number}", again=f"{NEW} {number}").ok
    apps = [authenticator_on(client.get(JOIN).text) for client in clients]
    assert len({app.secret for app in apps}) == len(apps)
    crossed = post(clients[0], code=apps[1].code())
    assert crossed.status_code == 403, "a code of another browser's secret was taken"
    statuses = at_once(
        [partial(post, client, code=app.peek()) for client, app in zip(clients, apps, strict=True)]
    )
    assert sorted(statuses) == [200, 404, 404, 404]
    assert owner.delete(f"{USERS}/jan", json={"locks": "remove"}).ok


def test_wrong_links_are_counted(server: LiveServer) -> None:
    """Guessed, cut, another server's: one text, and after some the address has to wait."""
    texts = {
        server.client().get(JOIN, params={"link": token}).text.replace("\n", "")
        for token in ("x", "A" * 43, "Ä" * 20, "A" * 5000, "\x00", "' OR 1=1 --")
    }
    assert len({text[text.index("<main") :] for text in texts}) == 1
    statuses = [server.client().get(JOIN, params={"link": f"A{n}"}).status_code for n in range(40)]
    assert statuses[0] == 404
    assert statuses[-1] == 429
    refused = server.client().get(JOIN, params={"link": "A"})
    assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE links SET expires_at = created_at",
        "UPDATE links SET role = 'owner'",
        "UPDATE links SET username = 'mallory'",
        "UPDATE links SET purpose = 'password', username = 'alice'",
        "UPDATE links SET expires_at = expires_at + 86400000000",
        "UPDATE links SET root_sealed = x'00'",
        "DELETE FROM links",
    ],
)
def test_a_changed_or_expired_row(server: LiveServer, owner: Client, sql: str) -> None:
    """A link that expired, and a row that was changed to give more, open nothing."""
    link = invite(owner, "kurt")
    client = arrive(server, link)
    post(client, password=NEW, again=NEW)
    code = authenticator_on(client.get(JOIN).text).code()
    change(server, sql)
    assert post(client, code=code).status_code == 404
    assert server.client().get(link).status_code == 404
    assert "kurt" not in accounts(server)


def test_expired_keys_do_not_linger(server: LiveServer, owner: Client) -> None:
    """The row of a link that has expired, and the root key in it, goes within seconds."""
    invite(owner, "lena")
    change(server, "UPDATE links SET expires_at = created_at")
    for _ in range(80):
        with closing(sqlite3.connect(server.home.state / "state.db")) as database:
            if not database.execute("SELECT * FROM links").fetchall():
                return
        time.sleep(0.1)
    pytest.fail("the row is still there")


def test_without_the_xsrf_token(server: LiveServer, owner: Client) -> None:
    """A page of another site posts nothing, and a looker changes nothing."""
    client = arrive(server, invite(owner, "mia"))
    bare = copy_of(client)
    answer = bare.request(
        "POST", JOIN, data={"password": NEW, "again": NEW}, headers={"X-XSRFToken": ""}
    )
    assert answer.status_code == 403
    for site in ("cross-site", "same-site"):
        answer = post_from(client, site)
        assert answer.status_code == 403
    assert "mia" not in accounts(server)


def post_from(client: Client, site: str) -> requests.Response:
    form = {"password": NEW, "again": NEW, "_xsrf": client.xsrf}
    return client.post(JOIN, data=form, headers={"Sec-Fetch-Site": site})


def test_the_cookie_and_the_log(server: LiveServer, owner: Client) -> None:
    """The token is in a cookie that no script reads, and in no log, whatever the answer is."""
    link = invite(owner, "nora")
    token = link.partition("link=")[2]
    client = server.client()
    answer = client.get(link)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
    assert "Max-Age=900" in cookie
    assert cookie.startswith("__Host-")
    assert token not in answer.headers["Location"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    for path in (
        f"{JOIN}/x?link={token}",
        f"/nowhere?a=b&link={token}",
        f"{JOIN}?link={token}x",
        f"/login?next=%2Fjupyter-secure%2Fjoin%3Flink%3D{token}",
    ):
        server.client().get(path)
    server.client().get(f"{JOIN}?link={token}", headers={"Sec-Fetch-Site": "cross-site"})
    server.client().request("PUT", f"{JOIN}?link={token}")
    assert token not in server.log
    assert "[secret]" in server.log
    assert not server.home.files_holding(token.encode())


def test_followed_from_a_mail(server: LiveServer, owner: Client) -> None:
    """A link on another site's page leads on by itself: no redirect would carry the cookie."""
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    client = server.client()
    answer = client.get(invite(owner, "otto"), headers=headers)
    assert (answer.status_code, answer.headers["Refresh"]) == (200, f"0; url={JOIN}")
    assert client.get(JOIN).status_code == 200


@pytest.mark.parametrize(
    "name", ["alice", "ALICE", "ａｌｉｃｅ", "аlice", "a1ice", "aIice", "alice\u0301"]
)
def test_names_that_look_alike(server: LiveServer, owner: Client, name: str) -> None:
    """Nobody is invited under a name that is taken, or that could be taken for one."""
    answer = owner.post(USERS, json={"username": name, "role": "editor"})
    assert answer.status_code == 409, answer.text
    assert accounts(server) == ["alice"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "a\u202eb", "role": "editor"}, 400),
        ({"username": "x" * 10_000, "role": "editor"}, 400),
        ({"username": "a/b", "role": "editor"}, 400),
        ({"username": "", "role": "editor"}, 400),
        ({"username": "bob", "role": "god"}, 400),
        ({"username": "bob"}, 400),
        ({"username": "bob", "role": "editor", "hours": -1}, 400),
        ({"username": "bob", "role": "editor", "hours": 1e9}, 400),
        ({"username": "bob", "role": "editor", "hours": "1"}, 400),
        ({"username": "bob", "role": "editor", "hours": True}, 400),
        ([], 400),
        ("bob", 400),
    ],
)
def test_bad_input(server: LiveServer, owner: Client, body: object, status: int) -> None:
    """What makes no sense is refused in words, and no link is made."""
    before = owner.get(USERS).json()
    assert owner.post(USERS, json=body).status_code == status
    assert owner.get(USERS).json() == before
    assert "Traceback" not in server.log


def test_an_editor_wants_more(server: LiveServer, owner: Client) -> None:
    """No route lets an editor look after accounts, and none an owner without a second factor."""
    paul = join(server, invite(owner, "paul"))
    editor = paul.elevated(server)
    tries: list[tuple[str, str, object]] = [
        ("GET", USERS, None),
        ("POST", USERS, {"username": "x", "role": "owner"}),
        ("PATCH", f"{USERS}/paul", {"role": "owner"}),
        ("DELETE", f"{USERS}/alice", {"locks": "take"}),
        ("POST", f"{USERS}/alice/reset", {"what": "password"}),
        ("POST", f"{USERS}/alice/unlock", None),
        ("DELETE", f"{USERS}/alice/links", None),
        ("GET", "/jupyter-secure/users", None),
        ("POST", "/jupyter-secure/users", None),
        ("GET", "//jupyter-secure/users", None),
    ]
    for method, path, body in tries:
        answer = editor.request(method, path, json=body)
        assert answer.status_code in (403, 404), (method, path, answer.status_code)
    unelevated = server.logged_in()
    for method, path, body in tries[1:7]:
        answer = unelevated.request(method, path, json=body)
        assert answer.status_code == 423, (method, path, answer.status_code)
        assert answer.json()["reason"] == "elevation-required"
    assert owner.delete(f"{USERS}/paul", json={"locks": "remove"}).ok


def test_two_owners_remove_each_other(server: LiveServer, owner: Client) -> None:
    """One of them stays, and can log in: there is always an owner with a password."""
    for round_ in range(3):
        rosa = join(server, invite(owner, f"rosa {round_}", "owner"))
        sven = join(server, invite(owner, f"sven {round_}", "owner"))
        first, second = rosa.elevated(server), sven.elevated(server)
        statuses = at_once(
            [
                partial(first.delete, f"{USERS}/{sven.username}", json={"locks": "take"}),
                partial(second.delete, f"{USERS}/{rosa.username}", json={"locks": "take"}),
            ]
        )
        assert statuses.count(200) == 1
        assert max(statuses) in (401, 403, 404)
        [left] = set(accounts(server)) - {"alice"}
        person = rosa if left == rosa.username else sven
        assert person.log_in(server).get(USERS).status_code == 200
        server.home.forget_tries()
        assert owner.delete(f"{USERS}/{left}", json={"locks": "take"}).ok


def test_the_last_owner_and_oneself(server: LiveServer, owner: Client) -> None:
    """The last owner stays one; another is told before the own account goes."""
    for send in (
        lambda: owner.delete(f"{USERS}/alice", json={"locks": "remove", "myself": True}),
        lambda: owner.patch(f"{USERS}/alice", json={"role": "viewer", "myself": True}),
    ):
        answer = send()
        assert answer.status_code == 403
        assert "the last owner" in answer.json()["message"]
    tina = join(server, invite(owner, "tina", "owner"))
    client = tina.elevated(server)
    told = client.delete(f"{USERS}/tina", json={"locks": "remove"})
    assert (told.status_code, accounts(server)) == (403, ["alice", "tina"])
    meant = client.delete(f"{USERS}/tina", json={"locks": "remove", "myself": True})
    assert (meant.status_code, accounts(server)) == (200, ["alice"])
    assert client.get("/api/contents").status_code == 401


def test_links_end_with_what_they_were_for(server: LiveServer, owner: Client) -> None:
    """Links of a removed account, and those that a removed owner made, are worthless."""
    uwe = join(server, invite(owner, "uwe", "owner"))
    theirs = invite(uwe.elevated(server), "vera")
    for_them = reset(owner, "uwe", "password")
    newer = reset(owner, "uwe", "password")
    assert server.client().get(for_them).status_code == 404, "a newer link replaces it"
    assert owner.delete(f"{USERS}/uwe", json={"locks": "remove"}).ok
    for link in (theirs, newer):
        assert server.client().get(link).status_code == 404


def test_another_servers_link(
    server: LiveServer, owner: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A link, its row included, opens nothing in another vault; nor after a new root key."""
    link = invite(owner, "wim")
    path = link.removeprefix(server.url)
    with closing(sqlite3.connect(server.home.state / "state.db")) as database:
        [row] = database.execute("SELECT * FROM links WHERE username='wim'").fetchall()
    home = set_up(tmp_path_factory.mktemp("other"))

    def plant(other: LiveServer) -> int:
        marks = ",".join("?" * len(row))
        change(other, "DELETE FROM links")
        change(other, f"INSERT INTO links VALUES ({marks})", *row)
        return other.client().get(path).status_code

    with running(home) as other:
        assert plant(other) == 404
        own = invite(as_owner(other), "xenia")
        with closing(sqlite3.connect(home.state / "state.db")) as database:
            [row] = database.execute("SELECT * FROM links WHERE username='xenia'").fetchall()
        path = own.removeprefix(other.url)
    done = in_process.run(
        ["vault", "rotate", "--full", "--password-stdin", str(home.work)],
        variables=home.variables,
        cwd=home.work,
        given=PASSWORD.encode(),
    )
    assert done.returncode == 0, done.stderr
    again = start(home)
    try:
        assert again.client().get(path).status_code == 404
        assert plant(again) == 404, "the row of before opens the old root key"
    finally:
        again.stop()
