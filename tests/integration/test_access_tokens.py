"""Access tokens on a real server: what they open, what they never do, and when they end."""

from __future__ import annotations

import base64
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import websocket
from support.home import Home, set_up
from support.live_server import Client, LiveServer, notebook, run_cell, running
from support.tokens import Program, make_token, revoke

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
ALL = ("read", "write", "execute")
FILE = {"type": "file", "format": "text", "content": "hello"}


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    client = server.logged_in()
    for folder in ("reports", "reports/old", "other"):
        assert client.put(f"/api/contents/{folder}", json={"type": "directory"}).ok
    for path in ("top.ipynb", "reports/a.ipynb", "other/b.ipynb"):
        assert client.save(path, notebook("1", output=path)).status_code == 201
    return client


@pytest.fixture(scope="module")
def make(server: LiveServer, client: Client) -> Callable[..., Program]:  # noqa: ARG001  # logged in: the vault is open
    """Return a function that makes a token and a program that has it."""

    def made(*rights: str, folder: str = "") -> Program:
        return Program(server, make_token(server.home, *rights, folder=folder)["token"])

    return made


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["reason"]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "Token"])
def test_the_header_opens(server: LiveServer, scheme: str) -> None:
    """A token in the header reads and saves without cookie, XSRF token and Origin."""
    program = Program(server, make_token(server.home, *ALL)["token"], scheme)
    assert program.get("/api/contents/top.ipynb").status_code == 200
    origin = {"Origin": "https://elsewhere.example"}
    assert program.put("/api/contents/new.txt", json=FILE, headers=origin).status_code in (200, 201)
    assert not program.cookies


@pytest.mark.parametrize(
    ("rights", "method", "path", "allowed"),
    [
        (("read",), "GET", "/api/contents/top.ipynb", True),
        (("read",), "GET", "/files/top.ipynb", True),
        (("read",), "PUT", "/api/contents/x.txt", False),
        (("read",), "POST", "/api/contents/reports", False),
        (("read",), "DELETE", "/api/contents/x.txt", False),
        (("read",), "POST", "/api/contents/top.ipynb/checkpoints", False),
        (("read",), "POST", "/api/kernels", False),
        (("read",), "POST", "/api/sessions", False),
        (("read",), "POST", "/api/terminals", False),
        (("read",), "GET", "/api/kernels", True),
        (("write",), "PUT", "/api/contents/x.txt", True),
        (("write",), "GET", "/api/contents/top.ipynb", False),
        (("write",), "GET", "/files/top.ipynb", False),
        (("write",), "GET", "/nbconvert/html/top.ipynb", False),
        (("execute",), "GET", "/api/contents/top.ipynb", False),
        (("execute",), "GET", "/api/kernelspecs", True),
        (("execute",), "GET", "/api/sessions", False),
        (ALL, "POST", "/api/shutdown", False),
        (ALL, "PUT", "/lab/api/settings/x", False),
        (ALL, "POST", "/lab/api/extensions", False),
        (ALL, "GET", "/lab", False),
        (ALL, "GET", "/login", False),
        (ALL, "POST", "/login", False),
        (ALL, "GET", "/logout", False),
        (ALL, "GET", f"{API}/status", False),
        (ALL, "GET", f"{API}/tokens", False),
        (ALL, "POST", f"{API}/tokens", False),
        (ALL, "GET", f"{API}/sessions", False),
        (ALL, "GET", f"{API}/account", False),
        (ALL, "GET", f"{API}/users", False),
        (ALL, "POST", f"{API}/elevate", False),
        (ALL, "GET", f"{API}/locks", False),
        (ALL, "GET", "/jupyter-secure/data/top.ipynb", False),
        (ALL, "GET", "/lsp/status", False),
        (ALL, "GET", "/nowhere", False),
    ],
)
def test_a_token_does_what_it_was_made_for(
    make: Callable[..., Program], rights: tuple[str, ...], method: str, path: str, allowed: bool
) -> None:
    """Each right opens its own routes; identity, pages and others' extensions none of them do."""
    answer = make(*rights).request(method, path, json=FILE if method == "PUT" else None)
    if allowed:
        assert answer.status_code in (200, 201), answer.text
    else:
        assert outcome(answer) == (403, "not-allowed")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("where", ["query", "cookie", "form", "json", "other header"])
def test_a_token_counts_in_its_header_only(server: LiveServer, client: Client, where: str) -> None:
    """In an address, a cookie or a body it is nothing."""
    text = make_token(server.home, *ALL)["token"]
    stranger = server.client()
    session = next(c.name for c in client.cookies if "session" in c.name)
    sent: dict[str, Any] = {
        "query": {"params": {"token": text}},
        "cookie": {"headers": {"Cookie": f"{session}={text}; token={text}"}},
        "form": {"data": {"token": text}},
        "json": {"json": {"token": text, "Authorization": f"Bearer {text}"}},
        "other header": {"headers": {"X-Token": text, "Token": text}},
    }[where]
    for method, path in (("GET", "/api/contents"), ("POST", "/api/kernels")):
        assert outcome(stranger.request(method, path, **sent)) == (401, "not-logged-in")
    assert text not in server.log


def test_the_token_alone_decides(server: LiveServer, client: Client) -> None:
    """Beside a token the cookie of a session counts for nothing, neither more nor less."""
    reader = make_token(server.home, "read")["token"]
    for text, status in ((reader, 403), (f"jst_{'x' * 43}", 401)):
        headers = {"Authorization": f"Bearer {text}"}
        answer = client.put("/api/contents/x.txt", json=FILE, headers=headers)
        assert answer.status_code == status
        assert client.get(f"{API}/sessions", headers=headers).status_code == status
    server.home.forget_tries()


def test_another_programs_authorization_is_not_ours(client: Client) -> None:
    """A proxy's own login in the header takes nobody's session away."""
    for value in ("Basic YTpi", "Bearer eyJhbGciOi.x.y", "token ", "token"):
        assert client.get("/api/contents", headers={"Authorization": value}).status_code == 200


def test_another_site_is_refused_with_a_token_too(make: Callable[..., Program]) -> None:
    """What a browser marks as another site's is refused, and no answer names its origin."""
    other = {"Origin": "https://evil.example"}
    marked = {**other, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    assert outcome(make("read").get("/api/contents", headers=marked)) == (403, "cross-site")


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("change", ["mistyped", "expired", "revoked", "foreign", "account removed"])
def test_what_is_no_token_any_more_opens_nothing(
    tmp_path: Path, server: LiveServer, change: str
) -> None:
    """Wrong, expired, revoked, another server's: one and the same answer."""
    home = server.home
    token = make_token(home, *ALL)
    text = token["token"]
    if change == "mistyped":
        text = text[:-1] + ("a" if text[-1] != "a" else "b")
    elif change == "expired":
        expire(home, token)
    elif change == "revoked":
        revoke(home, token)
    elif change == "foreign":
        text = make_token(set_up(tmp_path), *ALL)["token"]
    else:
        with closing(sqlite3.connect(home.state / "state.db", timeout=10)) as database, database:
            database.execute(
                "UPDATE access_tokens SET username = 'nobody' WHERE public_id = ?", (token["id"],)
            )
    program = Program(server, text)
    for path in ("/api/contents", "/login"):
        assert outcome(program.get(path)) == (401, "wrong-token")
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        server.client().socket("/api/events/subscribe", Authorization=f"Bearer {text}")


def expire(home: Home, token: dict[str, Any]) -> None:
    with closing(sqlite3.connect(home.state / "state.db", timeout=10)) as database, database:
        database.execute(
            "UPDATE access_tokens SET expires_at = ? WHERE public_id = ?",
            (int(time.time() * 1e6), token["id"]),
        )


@pytest.mark.parametrize("how", ["command", "page", "expiry", "role"])
def test_sockets_end_with_the_token(server: LiveServer, client: Client, how: str) -> None:
    """A kernel's websocket is closed within a second of the token's end; the kernel runs on."""
    home = server.home
    token = make_token(home, *ALL)
    program = Program(server, token["token"])
    kernel = program.post("/api/kernels", json={"name": "python3"}).json()["id"]
    socket = server.client().socket(
        f"/api/kernels/{kernel}/channels", Authorization=f"Bearer {token['token']}"
    )
    assert run_cell(socket, "print(6 * 7)") == "42\n"
    if how == "command":
        revoke(home, token)
    elif how == "page":
        assert client.delete(f"{API}/tokens/{token['id']}").status_code == 204
    elif how == "expiry":
        expire(home, token)
    else:
        set_role(home, "viewer")
    began = time.monotonic()
    try:
        socket.settimeout(5)
        with pytest.raises((websocket.WebSocketConnectionClosedException, OSError)):
            while True:
                socket.recv()
        assert time.monotonic() - began < 1.5  # the machine of the tests has more to do
    finally:
        set_role(home, "owner")
    kernels = client.get("/api/kernels").json()
    assert kernel in [one["id"] for one in kernels]
    assert client.delete(f"/api/kernels/{kernel}").status_code == 204


def set_role(home: Home, role: str) -> None:
    with closing(sqlite3.connect(home.state / "state.db", timeout=10)) as database, database:
        database.execute("UPDATE accounts SET role = ?", (role,))


def test_no_more_than_its_account(server: LiveServer, make: Callable[..., Program]) -> None:
    """A role that is taken away is taken from the tokens as well, at their next request."""
    program = make(*ALL)
    assert program.put("/api/contents/x.txt", json=FILE).ok
    try:
        set_role(server.home, "viewer")
        assert outcome(program.put("/api/contents/x.txt", json=FILE)) == (403, "not-allowed")
        assert program.get("/api/contents/x.txt").status_code == 200
        set_role(server.home, "auditor")
        assert outcome(program.get("/api/contents/x.txt")) == (403, "not-allowed")
    finally:
        set_role(server.home, "owner")


def test_a_private_notebook_stays_closed(client: Client, make: Callable[..., Program]) -> None:
    """A token is never elevated, whatever its account's sessions are."""
    assert client.save("p.ipynb", notebook("1")).ok
    assert client.put(f"{API}/locks/p.ipynb", json={"mode": "private"}).ok
    assert client.elevate().ok
    assert client.get("/api/contents/p.ipynb").ok
    program = make(*ALL)
    for path in ("/api/contents/p.ipynb", "/nbconvert/html/p.ipynb"):
        assert program.get(path).status_code == 423
    assert program.get("/files/p.ipynb").status_code == 423


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/contents/reports", None, 200),
        ("GET", "/api/contents/reports/a.ipynb", None, 200),
        ("GET", "/files/reports/a.ipynb", None, 200),
        ("GET", "/nbconvert/script/reports/a.ipynb", None, 200),
        ("GET", "/api/contents/reports/a.ipynb/checkpoints", None, 200),
        ("POST", "/api/contents/reports/a.ipynb/checkpoints", None, 201),
        ("POST", "/api/contents/reports", {"copy_from": "reports/a.ipynb"}, 201),
        ("GET", "/api/contents", None, 403),
        ("GET", "/api/contents/top.ipynb", None, 403),
        ("GET", "/api/contents/other", None, 403),
        ("GET", "/api/contents/other/b.ipynb", None, 403),
        ("GET", "/api/contents/other/missing.ipynb", None, 403),
        ("GET", "/api/contents/reports2", None, 403),
        ("GET", "/api/contents/reports/../other/b.ipynb", None, 403),
        ("GET", "/api/contents/reports/%2e%2e/other/b.ipynb", None, 404),
        ("GET", "/api/contents/reports/out", None, 403),
        ("GET", "/api/contents/reports/out/b.ipynb", None, 403),
        ("GET", "/files/other/b.ipynb", None, 403),
        ("GET", "/files/reports/out/b.ipynb", None, 403),
        ("GET", "/nbconvert/html/other/b.ipynb", None, 403),
        ("GET", "/api/contents/other/b.ipynb/checkpoints", None, 403),
        ("POST", "/api/contents/other/b.ipynb/checkpoints", None, 403),
        ("PUT", "/api/contents/other/x.txt", FILE, 403),
        ("POST", "/api/contents/reports", {"copy_from": "other/b.ipynb"}, 403),
        ("PATCH", "/api/contents/reports/a.ipynb", {"path": "other/a.ipynb"}, 403),
        ("PATCH", "/api/contents/other/b.ipynb", {"path": "reports/b.ipynb"}, 403),
        ("DELETE", "/api/contents/other/b.ipynb", None, 403),
        ("POST", "/api/kernels", {"name": "python3", "path": "other"}, 403),
        ("POST", "/api/sessions", {"path": "other/b.ipynb", "type": "notebook"}, 403),
        ("POST", "/api/sessions", {"path": "top.ipynb", "type": "notebook"}, 403),
        ("POST", "/api/sessions", {"notebook": {"path": "other/b.ipynb"}}, 403),
        (
            "POST",
            "/api/sessions",
            {"notebook": {"name": "other/b.ipynb", "path": "reports/a.ipynb"}},
            403,
        ),
        ("POST", "/api/terminals", {"cwd": "reports"}, 403),
        ("GET", "/api/events/subscribe", None, 403),
        ("GET", "/metrics", None, 403),
        ("GET", "/api/kernelspecs", None, 200),
    ],
)
def test_a_token_for_a_folder_stays_there(
    server: LiveServer, make: Callable[..., Program], method: str, path: str, body: Any, status: int
) -> None:
    """On every route, by path, by body and by link: the folder and what is below, nothing else."""
    link = server.home.work / "reports" / "out"
    if not link.is_symlink():
        link.symlink_to(server.home.work / "other")
    answer = make(*ALL, folder="reports").request(method, path, json=body)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert "other/b.ipynb" not in answer.text


def test_a_kernel_of_a_folder_token_starts_there(
    server: LiveServer, client: Client, make: Callable[..., Program]
) -> None:
    """A start that names no place is in the folder; sessions of elsewhere are not told of."""
    program = make(*ALL, folder="reports/old")
    there = {"path": "top.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    elsewhere = client.post("/api/sessions", json=there).json()
    kernel = program.post("/api/kernels", json={"name": "python3"}).json()["id"]
    token = program.headers["Authorization"]
    channel = server.client().socket(f"/api/kernels/{kernel}/channels", Authorization=str(token))
    here = run_cell(channel, "import os; print(os.getcwd())").strip()
    assert here == str((server.home.work / "reports" / "old").resolve())
    channel.close()
    mine = {"path": "reports/old/n.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    session = program.post("/api/sessions", json=mine).json()
    assert [one["path"] for one in program.get("/api/sessions").json()] == [session["path"]]
    for method in ("GET", "PATCH", "DELETE"):
        answer = program.request(method, f"/api/sessions/{elsewhere['id']}", json={})
        assert answer.status_code == 403
    move = {"path": "other/n.ipynb"}
    assert program.patch(f"/api/sessions/{session['id']}", json=move).status_code == 403
    assert program.delete(f"/api/sessions/{session['id']}").status_code == 204
    assert client.delete(f"/api/sessions/{elsewhere['id']}").status_code == 204
    assert client.delete(f"/api/kernels/{kernel}").status_code == 204


def test_a_conversion_brings_nothing_from_outside(
    server: LiveServer, client: Client, make: Callable[..., Program]
) -> None:
    """A notebook that links a picture of another folder is converted without it."""
    picture = b"\x89PNG\r\n\x1a\n" + b"canary-of-elsewhere" * 20
    (server.home.work / "other" / "p.png").write_bytes(picture)
    nb = notebook("1")
    nb["cells"][0] = {
        "cell_type": "markdown",
        "id": "m",
        "metadata": {},
        "source": "![](../other/p.png)",
    }
    assert client.save("reports/m.ipynb", nb).ok
    coded = base64.b64encode(picture)[:40].decode()
    whole = make("read").get("/nbconvert/html/reports/m.ipynb?embed=1").text
    held = make("read", folder="reports").get("/nbconvert/html/reports/m.ipynb").text
    assert coded not in held
    assert whole.count("<img") == held.count("<img")


def test_while_the_vault_is_sealed(tmp_path: Path) -> None:
    """Nobody logged in: a token gets 423 for what is sealed, and is told of the key file."""
    home = set_up(tmp_path)
    with running(home) as server:
        program = Program(server, make_token(home, *ALL)["token"])
        body = {"type": "notebook", "format": "json", "content": notebook("1")}
        answer = program.put("/api/contents/a.ipynb", json=body)
        assert outcome(answer) == (423, "sealed")
        assert "key_file" in answer.json()["message"]


def test_wrong_tokens_have_to_wait_and_right_ones_do_not(tmp_path: Path) -> None:
    """After many wrong tokens from an address 429 and a wait; a right one gets in all the same."""
    home = set_up(tmp_path)
    with running(home) as server:
        right = Program(server, make_token(home, "read")["token"])
        answers = [Program(server, f"jst_{i:043d}").get("/api") for i in range(25)]
        assert [one.status_code for one in answers[:20]] == [401] * 20
        assert {one.status_code for one in answers[20:]} == {429}
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert right.get("/api").status_code == 200
        assert server.logged_in()  # the login has a budget of its own


@pytest.mark.usefixtures("client")
def test_making_one_takes_a_second_factor(server: LiveServer) -> None:
    """Only an elevated session makes a token; it is shown once, kept as a digest, and listed."""
    home = server.home
    wanted = {"name": "nightly", "rights": ["read"], "folder": "reports", "days": 7}
    fresh = server.logged_in()
    assert outcome(fresh.post(f"{API}/tokens", json=wanted)) == (423, "elevation-required")
    assert fresh.elevate().ok
    answer = fresh.post(f"{API}/tokens", json=wanted)
    assert answer.status_code == 201
    text = answer.json()["token"]
    assert Program(server, text).get("/api/contents/reports").ok
    assert text not in fresh.get(f"{API}/tokens").text
    assert text not in server.log
    assert home.files_holding(text.encode()) == []
    listed = {one["id"]: one for one in fresh.get(f"{API}/tokens").json()["tokens"]}
    mine = listed[answer.json()["id"]]
    assert (mine["name"], mine["rights"], mine["folder"]) == ("nightly", ["read"], "reports")
    assert mine["address"] in ("127.0.0.1", "::1")
    assert fresh.delete(f"{API}/tokens/{mine['id']}").status_code == 204
    assert fresh.delete(f"{API}/tokens/{mine['id']}").status_code == 404
