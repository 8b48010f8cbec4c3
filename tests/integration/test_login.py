"""Logging in through a live server, and every way around it that we know of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest
import requests
from support.home import PASSWORD, set_up, set_up_for_real
from support.live_server import Client, LiveServer, running

pytestmark = pytest.mark.integration

WRONG = "That user name, password or code is not right."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    # At the cost that people's passwords have.
    with running(set_up_for_real(tmp_path_factory.mktemp("home"))) as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh_budget(server: LiveServer) -> None:
    server.home.forget_tries()
    server.home.forget_codes()


def is_in(client: Client) -> bool:
    return client.get("/api/contents").status_code == 200


def said(answer: requests.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


# ── the two steps ───────────────────────────────────────────────────────────────────────────────


def test_password_then_code_then_in(server: LiveServer) -> None:
    """The two steps lead in, and to the page that was asked for."""
    client = server.client()
    first = client.log_in(next="/lab/tree/a.ipynb")
    assert first.status_code == 303
    assert first.headers["Location"] == "/login?next=%2Flab%2Ftree%2Fa.ipynb&step=code"
    page = client.get(first.headers["Location"])
    assert 'autocomplete="one-time-code"' in page.text
    second = client.post(
        first.headers["Location"], data={"code": server.home.spare_code(), "_xsrf": client.xsrf}
    )
    assert (second.status_code, second.headers["Location"]) == (302, "/lab/tree/a.ipynb")
    assert is_in(client)


def test_the_pages_are_ours_and_self_contained(server: LiveServer) -> None:
    """The pages load nothing from elsewhere and name their fields for password managers."""
    page = server.client().get("/login")
    assert 'autocomplete="username"' in page.text
    assert 'autocomplete="current-password"' in page.text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text)
    assert "frame-ancestors" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_what_was_typed_is_shown_as_text(server: LiveServer) -> None:
    """A user name cannot smuggle markup into the page."""
    answer = server.client().log_in(username='"><script>alert(1)</script>', password="x")
    assert "<script>alert" not in answer.text


# ── one text for everything ─────────────────────────────────────────────────────────────────────


def test_every_wrong_credential_looks_the_same(server: LiveServer) -> None:
    """Wrong name, password, code, a used code: one status and one text, whoever asks."""
    used = server.home.spare_code()
    server.logged_in(used)
    cases = {
        "name": {"username": "mallory"},
        "odd name": {"username": "a\x00/b"},
        "password": {"password": "wrong"},
        "huge password": {"password": "x" * 50_000},
        "code": {"code": "000000"},
        "used code": {"code": used},
        "full-width digits": {"code": "１２３４５６"},
        "letters": {"code": "abcdef"},
    }
    pages = set()
    for name, case in cases.items():
        client = server.client()
        answer = client.log_in(**case)
        if answer.status_code == 429:  # five are free
            server.home.forget_tries()
            answer = client.log_in(**case)
        assert answer.status_code == 401, name
        assert WRONG in said(answer), name
        assert not is_in(client), name
        pages.add(re.sub(r"\s+", " ", said(answer)))
    assert len(pages) <= 2, "one page asks for the password, the other for the code"


def test_a_fresh_time_based_code_works_once(server: LiveServer) -> None:
    """A code is good for one login; the one before it is good for none after that."""
    authenticator = server.home.authenticator
    earlier, now = authenticator.code(), authenticator.code()
    assert is_in(server.logged_in(now))
    for code in (now, earlier):
        client = server.client()
        assert client.log_in(code=code).status_code == 401
        assert not is_in(client)


@pytest.mark.parametrize("kind", ["time-based", "recovery"])
def test_of_parallel_posts_of_one_code_one_gets_in(server: LiveServer, kind: str) -> None:
    """However many requests carry the same right code at once, exactly one session begins."""
    witness = server.logged_in()
    before = len(witness.get("/jupyter-secure/api/sessions").json()["sessions"])
    code = server.home.authenticator.code() if kind == "time-based" else server.home.spare_code()
    halfway = server.client()
    assert halfway.log_in().status_code == 303
    cookies, xsrf = halfway.cookie_header, halfway.xsrf

    def post(_: int) -> int:
        client = server.client()
        form = {"code": code, "_xsrf": xsrf}
        return client.post("/login?step=code", data=form, headers={"Cookie": cookies}).status_code

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(post, range(50)))
    assert answers.count(302) == 1
    assert set(answers) <= {302, 401, 429}
    assert len(witness.get("/jupyter-secure/api/sessions").json()["sessions"]) == before + 1


# ── limits ──────────────────────────────────────────────────────────────────────────────────────


def test_guessing_is_slowed_and_a_restart_does_not_help(tmp_path: Path) -> None:
    """After five wrong tries the sixth must wait, right or wrong, before and after a restart."""
    home = set_up(tmp_path)
    with running(home) as server:
        for _ in range(5):
            assert server.client().log_in(password="wrong").status_code == 401
        answer = server.client().log_in(code=home.authenticator.code())
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 30
        assert f"Wait {answer.headers['Retry-After']} seconds" in said(answer)
    with running(home) as server:
        assert server.client().log_in().status_code == 429


def test_a_right_password_buys_no_more_codes(server: LiveServer) -> None:
    """Going back to the first step does not refill the budget for guessing the code."""
    answers = [server.client().log_in(code=f"{n:06d}").status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2


def test_nothing_of_a_failed_login_is_logged(server: LiveServer) -> None:
    """Neither passwords nor codes nor cookies stand in the log, whatever was done with them."""
    client = server.client()
    client.log_in(password="hunter2-in-the-log")
    client.get("/login", params={"password": "in-the-query", "code": "999888"})
    code = server.home.spare_code()
    client.log_in(code=code)
    secrets = ["hunter2-in-the-log", PASSWORD, code, server.home.authenticator.secret]
    secrets += [cookie.value for cookie in client.cookies]
    assert [secret for secret in secrets if secret and secret in server.log] == []


# ── between the steps ───────────────────────────────────────────────────────────────────────────


def test_the_second_step_alone_is_no_login(server: LiveServer) -> None:
    """A right code without a password before it leads nowhere."""
    client = server.client()
    client.get("/login")
    assert client.second_step(server.home.authenticator.peek()).status_code == 401
    assert not is_in(client)


def test_another_name_between_the_steps_changes_nothing(server: LiveServer) -> None:
    """The second step belongs to the name and password of the first, whatever it says itself."""
    client = server.client()
    client.log_in()
    form = {"username": "mallory", "code": server.home.spare_code(), "_xsrf": client.xsrf}
    assert client.post("/login?step=code", data=form).status_code == 302
    sessions = client.get("/jupyter-secure/api/sessions").json()["sessions"]
    assert {session["username"] for session in sessions} == {"alice"}


def test_a_planted_cookie_is_not_adopted(server: LiveServer) -> None:
    """A session identifier that was in the browser before the login is worthless after it."""
    first = server.logged_in()
    name = next(cookie.name for cookie in first.cookies if "-session-" in cookie.name)
    client = server.client()
    client.cookies.set(name, "planted", domain="localhost.local", path="/", secure=True)
    client.log_in(code=server.home.spare_code())
    planted = server.client().get("/api/contents", headers={"Cookie": f"{name}=planted"})
    assert planted.status_code == 401


def test_logging_in_needs_the_forms_own_token(server: LiveServer) -> None:
    """Another page cannot log someone in unawares: the post must carry the form's XSRF token."""
    form = {"username": "alice", "password": PASSWORD}
    assert server.client().post("/login", data=form).status_code == 403


def test_fields_in_the_query_are_not_read(server: LiveServer) -> None:
    """What stands in the address, and so in logs, logs nobody in."""
    client = server.client()
    query = {"username": "alice", "password": PASSWORD, "code": server.home.authenticator.peek()}
    client.get("/login")
    answer = client.post("/login", params=query, data={"_xsrf": client.xsrf})
    assert answer.status_code == 401
    assert not is_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:///evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:%20a=b",
        "evil.example",
        "",
        "//localhost:1@evil.example",
    ],
)
def test_the_login_leads_nowhere_else(server: LiveServer, target: str) -> None:
    """Whatever ``next`` asks for, the login ends on this server."""
    client = server.client()
    answer = client.log_in(next=target)
    assert answer.status_code == 303
    location = requests.compat.urljoin(server.url + "/login", answer.headers["Location"])
    assert location.startswith(f"{server.url}/login?next=%2F")
    query = requests.compat.urlparse(location).query
    following = requests.compat.unquote(re.search(r"next=([^&]*)", query)[1])
    final = requests.compat.urljoin(server.url, following)
    assert final.startswith(f"{server.url}/")
    assert "Set-Cookie: a" not in str(answer.headers)


def test_a_member_is_not_asked_again_nor_led_away(server: LiveServer) -> None:
    """Someone who is logged in is sent on, to this server only."""
    client = server.logged_in()
    for target, location in (("/lab", "/lab"), ("//evil.example", "/")):
        answer = client.get("/login", params={"next": target})
        assert (answer.status_code, answer.headers["Location"]) == (302, location)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"%ff=%00&password", "application/x-www-form-urlencoded"),
        (b'{"username": "alice"}', "application/json"),
        (b"--x\r\ngarbage", "multipart/form-data; boundary=x"),
        (b"username=alice&username=bob&password[]=1", "application/x-www-form-urlencoded"),
    ],
)
def test_a_mangled_form_is_answered_in_words(server: LiveServer, body: bytes, kind: str) -> None:
    """A body that is no form is a wrong login or a bad request, never an error of the server."""
    client = server.client()
    client.get("/login")
    headers = {"Content-Type": kind, "X-XSRFToken": client.xsrf}
    answer = client.post("/login", data=body, headers=headers)
    assert answer.status_code in (400, 401, 403)
    assert "Traceback" not in answer.text


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


def test_a_token_in_the_environment_is_forgotten(tmp_path: Path) -> None:
    """JUPYTER_TOKEN opens nothing, is written nowhere, and is said to be ignored."""
    home = set_up(tmp_path)
    token_file = home.path / "token"
    token_file.write_text("canary-token-file")
    home.variables["JUPYTER_TOKEN"] = "canary-token-env"
    home.variables["JUPYTER_TOKEN_FILE"] = str(token_file)
    with running(home) as server:
        for token in ("canary-token-env", "canary-token-file"):
            stranger = server.client()
            headers = {"Authorization": f"token {token}"}
            assert stranger.get("/api/contents", headers=headers).status_code == 401
            assert stranger.get("/api/contents", params={"token": token}).status_code == 401
            assert token not in server.log
        assert "JUPYTER_TOKEN is ignored" in server.log
        assert home.files_holding(b"canary-token-env") == []
        assert home.files_holding(b"canary-token-file") == [token_file]
