"""Passkeys through a live server, from the first one to the way in after a restart."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
import requests
from support.authenticator import SoftAuthenticator, b64
from support.home import PASSWORD, set_up
from support.live_server import Client, LiveServer, running

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
PASSKEYS = f"{API}/account/passkeys"


@pytest.fixture(autouse=True)
def _fresh_budget(server: LiveServer) -> None:
    server.home.forget_tries()


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    """Someone who is logged in and has confirmed a second factor."""
    client = server.logged_in()
    assert client.elevate().status_code == 200
    return client


@pytest.fixture(scope="module")
def device(server: LiveServer) -> SoftAuthenticator:
    """An authenticator that computes secrets."""
    return SoftAuthenticator(f"https://localhost:{server.port}", has_prf=True)


def register(client: Client, device: SoftAuthenticator, name: str = "phone") -> dict[str, Any]:
    options = client.post(f"{PASSKEYS}/options")
    assert options.status_code == 200, options.text
    made = device.create(options.json())
    answer = client.post(PASSKEYS, json={"name": name, "credential": made})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ask(client: Client, *, step: str = "") -> dict[str, Any]:
    client.get("/login")
    answer = client.post("/login/passkey", params={"step": step} if step else None)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def present(client: Client, answer: dict[str, Any], **query: str) -> requests.Response:
    form = {"passkey": json.dumps(answer), "_xsrf": client.xsrf}
    return client.post("/login", params=query, data=form)


def said(answer: requests.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture(scope="module")
def passkey(client: Client, device: SoftAuthenticator) -> dict[str, Any]:
    return register(client, device)


def test_it_takes_an_elevated_session_to_add_one(server: LiveServer) -> None:
    """Without a second factor that was confirmed lately, no passkey is added or removed."""
    plain = server.logged_in()
    for method, path in (
        ("POST", f"{PASSKEYS}/options"),
        ("POST", PASSKEYS),
        ("DELETE", f"{PASSKEYS}/0123456789abcdef"),
        ("POST", f"{PASSKEYS}/0123456789abcdef/vault"),
        ("PUT", f"{PASSKEYS}/0123456789abcdef/vault"),
        ("DELETE", f"{PASSKEYS}/0123456789abcdef/vault"),
    ):
        answer = plain.request(method, path)
        assert (answer.status_code, answer.json()["reason"]) == (423, "elevation-required"), path


def test_a_stranger_reaches_nothing_but_the_question(server: LiveServer) -> None:
    """Without a session only the login's options answer, and they name no passkey."""
    stranger = server.client()
    options = ask(stranger)
    assert options["allowCredentials"] == []
    assert options["rpId"] == "localhost"
    assert options["userVerification"] == "required"
    for method, path in (
        ("GET", PASSKEYS),
        ("POST", f"{PASSKEYS}/options"),
        ("POST", f"{API}/elevate/options"),
        ("POST", "/login/passkey/"),
        ("POST", "//login/passkey"),
    ):
        assert stranger.request(method, path).status_code == 401, path
    assert stranger.post("/login/passkey?step=code").status_code == 404
    assert stranger.get("/login/passkey").status_code in (404, 405)
    no_token = requests.Session()
    no_token.trust_env = False
    url = f"{server.url}/login/passkey"
    with no_token:
        assert no_token.post(url, verify=stranger.verify, timeout=30).status_code == 403


@pytest.mark.usefixtures("passkey")
def test_beside_the_password_it_takes_the_codes_place(
    server: LiveServer, device: SoftAuthenticator
) -> None:
    """After the password the page offers the passkey, and its answer leads in."""
    client = server.client()
    assert client.log_in(next="/lab/tree/a.ipynb").status_code == 303
    page = client.get("/login?step=code")
    assert 'data-passkey="/login/passkey?step=code"' in page.text
    assert "script-src 'nonce-" in page.headers["Content-Security-Policy"]
    options = ask(client, step="code")
    assert [one["id"] for one in options["allowCredentials"]] == [
        b64(one.credential_id) for one in device.credentials
    ]
    answer = present(client, device.get(options), step="code", next="/lab/tree/a.ipynb")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/lab/tree/a.ipynb")
    assert client.get("/api/contents").status_code == 200
    found = client.get(PASSKEYS).json()["passkeys"]
    assert [one["last_used_at"] is None for one in found] == [False]


def test_who_has_none_is_offered_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The second step of an account without a passkey runs no script and offers none."""
    with running(set_up(tmp_path_factory.mktemp("other"))) as other:
        client = other.client()
        assert client.log_in().status_code == 303
        page = client.get("/login?step=code")
        assert "data-passkey=" not in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert client.post("/login/passkey?step=code").status_code == 404


@pytest.mark.usefixtures("passkey")
def test_alone_it_logs_in_while_the_vault_is_open(
    server: LiveServer, device: SoftAuthenticator
) -> None:
    """While someone is logged in, an unlocked passkey needs no password."""
    client = server.client()
    answer = present(client, device.get(ask(client)), next="/lab")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/lab")
    assert client.get("/api/me").json()["identity"]["username"] == "alice"
    again = server.client()
    again.get("/login")
    replayed = present(again, device.get(ask(client)) | {"id": "AAAA"})
    assert replayed.status_code == 401
    assert "not accepted" in said(replayed)


@pytest.mark.usefixtures("passkey")
@pytest.mark.parametrize(
    "passkey_field", ["", "x", "{", "[]", "null", "[" * 15_000, '{"type": "public-key"}']
)
def test_nonsense_is_refused_as_a_wrong_credential(server: LiveServer, passkey_field: str) -> None:
    """Whatever stands in the form's field, the answer is a 401 and no trace of it in the log."""
    client = server.client()
    client.get("/login")
    answer = client.post("/login", data={"passkey": passkey_field, "_xsrf": client.xsrf})
    assert answer.status_code == 401
    assert "Traceback" not in server.log


def test_it_elevates(server: LiveServer, client: Client, device: SoftAuthenticator) -> None:
    """A passkey confirms a second factor; its answer does so once, in this session only."""
    other = server.logged_in()
    options = other.post(f"{API}/elevate/options").json()
    answer = {"passkey": device.get(options)}
    refused = client.post(f"{API}/elevate", json=answer)
    assert (refused.status_code, refused.json()["reason"]) == (403, "wrong-passkey")
    answer = {"passkey": device.get(other.post(f"{API}/elevate/options").json())}
    assert other.post(f"{API}/elevate", json=answer).json()["elevated_seconds_left"] > 590
    assert other.post(f"{API}/elevate", json=answer).status_code == 403


def test_it_is_renamed(client: Client, passkey: dict[str, Any]) -> None:
    """A passkey gets another name; one that does not exist gets none."""
    answer = client.patch(f"{PASSKEYS}/{passkey['id']}", json={"name": "key ring"})
    assert (answer.status_code, answer.json()["name"]) == (200, "key ring")
    assert client.patch(f"{PASSKEYS}/{'0' * 16}", json={"name": "x"}).status_code == 404
    assert client.patch(f"{PASSKEYS}/{passkey['id']}", json={"name": ""}).status_code == 400


def test_an_address_says_that_it_takes_a_name(server: LiveServer) -> None:
    """At an IP address there are no passkeys, and the answer says what to do."""
    client = server.client()
    url = f"https://127.0.0.1:{server.port}"
    client.get(f"{url}/login")
    answer = client.post(f"{url}/login/passkey")
    assert (answer.status_code, answer.json()["reason"]) == (400, "invalid-input")
    assert "host name" in answer.json()["message"]


def test_adding_one_ends_the_other_sessions(server: LiveServer, client: Client) -> None:
    """A new factor ends every other session of the account; the one that added it stays."""
    other = server.logged_in()
    assert other.get("/api/contents").status_code == 200
    second = SoftAuthenticator(f"https://localhost:{server.port}")
    made = register(client, second, "second")
    assert other.get("/api/contents").status_code == 401
    assert client.get("/api/contents").status_code == 200
    assert client.delete(f"{PASSKEYS}/{made['id']}").status_code == 204
    assert client.get("/api/contents").status_code == 200
    assert client.delete(f"{PASSKEYS}/{made['id']}").status_code == 404
    stranger = server.client()
    assert present(stranger, second.get(ask(stranger))).status_code == 401


def test_after_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Sealed, the vault takes a password, or a passkey that has its own slot; removed, neither."""
    home = set_up(tmp_path_factory.mktemp("restarted"))
    with running(home) as first:
        device = SoftAuthenticator(f"https://localhost:{first.port}", has_prf=True)
        client = first.logged_in()
        client.elevate()
        made = register(client, device)
        assert made["opens_vault"] is False
    with running(home) as second:
        device.origin = f"https://localhost:{second.port}"
        stranger = second.client()
        answer = present(stranger, device.get(ask(stranger)))
        assert answer.status_code == 423
        assert "password" in said(answer)
        client = second.client()
        assert client.log_in().status_code == 303
        assert present(client, device.get(ask(client, step="code")), step="code").status_code == 302
        answer = {"passkey": device.get(client.post(f"{API}/elevate/options").json())}
        assert client.post(f"{API}/elevate", json=answer).status_code == 200
        vault = f"{PASSKEYS}/{made['id']}/vault"
        options = client.post(vault).json()
        opened = client.put(vault, json={"passkey": device.get(options)})
        assert (opened.status_code, opened.json()["opens_vault"]) == (200, True)
    kinds = [one["kind"] for one in json.loads((home.state / "vault.json").read_text())["slots"]]
    assert kinds == ["password", "passkey"]
    with running(home) as third:
        device.origin = f"https://localhost:{third.port}"
        client = third.client()
        assert present(client, device.get(ask(client))).status_code == 302
        assert client.get("/api/contents").status_code == 200
        answer = {"passkey": device.get(client.post(f"{API}/elevate/options").json())}
        assert client.post(f"{API}/elevate", json=answer).status_code == 200
        assert client.delete(f"{PASSKEYS}/{made['id']}").status_code == 204
        assert third.client().log_in(password=PASSWORD).status_code == 303
    kinds = [one["kind"] for one in json.loads((home.state / "vault.json").read_text())["slots"]]
    assert kinds == ["password"]
