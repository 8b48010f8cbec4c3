"""The handlers, held to docs/reference/openapi.yaml."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml
from support.home import Authenticator, Home, bare_variables
from support.live_server import Client, LiveServer, free_port, launch, notebook

pytestmark = pytest.mark.integration

SPECIFICATION = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml").read_text()
)
API = "/jupyter-secure/api"
GIVE = {"passphrase": "violet harbour ninety ducks"}
NO_PASSKEY = "/account/passkeys/0123456789abcdef"
SEAL = {"mode": "sealed", **GIVE}


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    client = server.logged_in()
    for name in ("a", "b", "p", "s"):
        assert client.save(f"{name}.ipynb", notebook("1")).status_code == 201
    assert client.put(f"{API}/locks/p.ipynb", json={"mode": "private"}).status_code == 200
    return client


def resolved(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        found: Any = SPECIFICATION
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def check(method: str, path: str, answer: requests.Response) -> None:
    """Fail unless the specification knows this answer, its status and its body."""
    operation = SPECIFICATION["paths"][path][method.lower()]
    described = resolved(operation["responses"].get(str(answer.status_code)))
    assert described, f"{answer.status_code} is not described: {answer.text}"
    for name, header in described.get("headers", {}).items():
        assert name in answer.headers
        jsonschema.validate(int(answer.headers[name]), header["schema"])
    if "content" not in described:
        assert answer.text == ""
        return
    assert answer.headers["Content-Type"].startswith("application/json")
    schema = described["content"]["application/json"]["schema"]
    whole = {**schema, "components": SPECIFICATION["components"]}
    jsonschema.validate(answer.json(), whole, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("method", "path", "filled", "body", "status", "reason"),
    [
        ("GET", "/status", "/status", None, 200, None),
        ("POST", "/activity", "/activity", None, 204, None),
        ("GET", "/audit", "/audit?limit=20", None, 200, None),
        ("GET", "/audit", "/audit?limit=501", None, 400, "invalid-input"),
        ("GET", "/audit/export", "/audit/export?format=pdf", None, 400, "invalid-input"),
        ("GET", "/audit/export", "/audit/export", None, 423, "elevation-required"),
        ("GET", "/account", "/account", None, 200, None),
        ("POST", "/account/password", "/account/password", {"current": "x"}, 400, "invalid-input"),
        (
            "POST",
            "/account/password",
            "/account/password",
            {"current": "x", "new": "an otter under Hay bridge"},
            403,
            "wrong-password",
        ),
        (
            "POST",
            "/account/password",
            "/account/password",
            {"current": "x", "new": "short"},
            400,
            "weak-password",
        ),
        ("POST", "/account/totp", "/account/totp", None, 423, "elevation-required"),
        ("PUT", "/account/totp", "/account/totp", {"code": "1"}, 423, "elevation-required"),
        ("DELETE", "/account/totp", "/account/totp", None, 423, "elevation-required"),
        (
            "POST",
            "/account/recovery-codes",
            "/account/recovery-codes",
            None,
            423,
            "elevation-required",
        ),
        ("GET", "/account/devices", "/account/devices", None, 200, None),
        ("DELETE", "/account/devices/{id}", "/account/devices/none", None, 404, "not-found"),
        ("DELETE", "/account/devices", "/account/devices", None, 204, None),
        ("DELETE", "/sessions", "/sessions", None, 400, "invalid-input"),
        ("DELETE", "/sessions", "/sessions?scope=others", None, 200, None),
        ("POST", "/elevate", "/elevate", {"code": "000000"}, 403, "wrong-code"),
        ("POST", "/elevate", "/elevate", {"code": 5}, 400, "invalid-input"),
        ("POST", "/elevate", "/elevate", {"passkey": {}}, 403, "wrong-passkey"),
        ("POST", "/elevate/options", "/elevate/options", None, 404, "not-found"),
        ("GET", "/account/passkeys", "/account/passkeys", None, 200, None),
        ("POST", "/account/passkeys", "/account/passkeys", {}, 423, "elevation-required"),
        ("POST", "/account/passkeys/options", "/account/passkeys/options", None, 423, None),
        ("PATCH", "/account/passkeys/{id}", NO_PASSKEY, {"name": "x"}, 404, "not-found"),
        ("DELETE", "/account/passkeys/{id}", NO_PASSKEY, None, 423, "elevation-required"),
        ("POST", "/account/passkeys/{id}/vault", f"{NO_PASSKEY}/vault", None, 423, None),
        ("PUT", "/account/passkeys/{id}/vault", f"{NO_PASSKEY}/vault", {}, 423, None),
        ("DELETE", "/account/passkeys/{id}/vault", f"{NO_PASSKEY}/vault", None, 423, None),
        ("POST", "/elevate", "/elevate", {}, 400, "invalid-input"),
        ("POST", "/elevate", "/elevate", ["code"], 400, "invalid-input"),
        ("POST", "/elevate", "/elevate", b"not json", 400, None),
        ("GET", "/locks", "/locks", None, 200, None),
        ("PUT", "/locks/{path}", "/locks/a.ipynb", {"mode": "read-only"}, 200, None),
        ("PUT", "/locks/{path}", "/locks/a.ipynb", {"mode": "secret"}, 400, "invalid-input"),
        ("PUT", "/locks/{path}", "/locks/a.ipynb", {}, 400, "invalid-input"),
        ("PUT", "/locks/{path}", "/locks/no.ipynb", {"mode": "private"}, 404, "not-found"),
        ("PUT", "/locks/{path}", "/locks/dir", {"mode": "private"}, 400, "invalid-input"),
        ("PUT", "/locks/{path}", "/locks/%2e%2e/x", {"mode": "private"}, 404, None),
        (
            "PUT",
            "/locks/{path}",
            "/locks/p.ipynb",
            {"mode": "read-only"},
            423,
            "elevation-required",
        ),
        ("PUT", "/locks/{path}", "/locks/a.ipynb", {"mode": "sealed"}, 400, "invalid-input"),
        ("PUT", "/locks/{path}", "/locks/s.ipynb", SEAL, 200, None),
        ("PUT", "/locks/{path}", "/locks/s.ipynb", SEAL, 423, "passphrase-required"),
        ("PUT", "/locks/{path}", "/locks/s.ipynb", {"mode": "private"}, 423, None),
        ("PUT", "/locks/{path}", "/locks/a.ipynb", SEAL | {"passphrase": 1}, 400, "invalid-input"),
        ("PUT", "/locks/{path}", "/locks/a.ipynb", SEAL | {"passphrase": "x"}, 400, None),
        ("GET", "/protection/{path}", "/protection/s.ipynb", None, 200, None),
        ("POST", "/locks/{path}", "/locks/s.ipynb", {"passphrase": "x"}, 403, "wrong-passphrase"),
        ("POST", "/locks/{path}", "/locks/s.ipynb", {}, 400, "invalid-input"),
        ("POST", "/locks/{path}", "/locks/s.ipynb", ["x"], 400, "invalid-input"),
        ("POST", "/locks/{path}", "/locks/b.ipynb", {"passphrase": "x"}, 400, "invalid-input"),
        ("POST", "/locks/{path}", "/locks/no.ipynb", {"passphrase": "x"}, 404, "not-found"),
        ("POST", "/locks/{path}", "/locks/dir", {"passphrase": "x"}, 400, "invalid-input"),
        ("DELETE", "/locks/{path}", "/locks/s.ipynb", None, 423, "passphrase-required"),
        ("POST", "/locks/{path}", "/locks/s.ipynb", GIVE, 204, None),
        ("DELETE", "/locks/{path}", "/locks/s.ipynb", None, 204, None),
        ("DELETE", "/locks/{path}", "/locks/a.ipynb", None, 204, None),
        ("DELETE", "/locks/{path}", "/locks/a.ipynb", None, 404, "not-found"),
        ("DELETE", "/locks/{path}", "/locks/p.ipynb", None, 423, "elevation-required"),
        ("GET", "/protection/{path}", "/protection/b.ipynb", None, 200, None),
        ("GET", "/protection/{path}", "/protection/p.ipynb", None, 200, None),
        ("GET", "/protection/{path}", "/protection/no.ipynb", None, 404, "not-found"),
        ("GET", "/protection/{path}", "/protection/dir", None, 400, "invalid-input"),
        ("GET", "/protection/{path}", "/protection/pipe", None, 404, "not-found"),
        ("GET", "/protection/{path}", "/protection/%2e%2e/%2e%2e/etc/passwd", None, 404, None),
        ("GET", "/catalogue", "/catalogue", None, 200, None),
        ("GET", "/catalogue/{path}", "/catalogue/a.ipynb", None, 200, None),
        ("GET", "/catalogue/{path}", "/catalogue/no.ipynb", None, 404, "not-found"),
        ("GET", "/catalogue/{path}", "/catalogue/%2e%2e/x", None, 404, None),
        ("POST", "/catalogue", "/catalogue", {"action": "accept"}, 200, None),
        ("POST", "/catalogue/{path}", "/catalogue/dir", {"action": "accept"}, 200, None),
        ("POST", "/catalogue/{path}", "/catalogue/a.ipynb", {"action": "x"}, 400, "invalid-input"),
        (
            "POST",
            "/catalogue/{path}",
            "/catalogue/no.ipynb",
            {"action": "restore"},
            404,
            "not-found",
        ),
        ("GET", "/migration", "/migration", None, 200, None),
        ("POST", "/migration", "/migration", {"action": "melt", "path": ""}, 400, "invalid-input"),
        ("POST", "/migration", "/migration", {"action": "seal"}, 400, "invalid-input"),
        (
            "POST",
            "/migration",
            "/migration",
            {"action": "open", "path": "dir"},
            423,
            "elevation-required",
        ),
        ("POST", "/migration", "/migration", {"action": "seal", "path": "no"}, 404, "not-found"),
        ("POST", "/migration", "/migration", {"action": "seal", "path": "dir"}, 202, None),
        ("DELETE", "/migration", "/migration", None, 204, None),
        ("GET", "/sealed-folders", "/sealed-folders", None, 200, None),
        ("PUT", "/sealed-folders/{path}", "/sealed-folders/dir", None, 204, None),
        ("PUT", "/sealed-folders/{path}", "/sealed-folders/no", None, 404, "not-found"),
        ("PUT", "/sealed-folders/{path}", "/sealed-folders/b.ipynb", None, 400, "invalid-input"),
        (
            "DELETE",
            "/sealed-folders/{path}",
            "/sealed-folders/dir",
            None,
            423,
            "elevation-required",
        ),
        ("DELETE", "/sealed-folders/{path}", "/sealed-folders/no", None, 404, "not-found"),
        ("GET", "/sessions", "/sessions", None, 200, None),
        ("DELETE", "/sessions/{id}", "/sessions/nobody", None, 404, "not-found"),
    ],
)
def test_the_api_answers_as_it_says(
    client: Client,
    method: str,
    path: str,
    filled: str,
    body: object,
    status: int,
    reason: str | None,
) -> None:
    """Each request is answered with a status, a reason and a body that the specification has."""
    client.server.home.forget_tries()
    (client.server.home.work / "dir").mkdir(exist_ok=True)
    if not (pipe := client.server.home.work / "pipe").exists():
        os.mkfifo(pipe)
    sent = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
    answer = client.request(method, API + filled, **sent)
    assert answer.status_code == status, answer.text
    if reason is not None:
        assert answer.json()["reason"] == reason
    check(method, path, answer)


def test_elevating_and_being_asked_to_wait(client: Client) -> None:
    """A right code elevates, too many wrong ones are told to wait."""
    client.server.home.forget_tries()
    check("POST", "/elevate", client.elevate())
    for _ in range(6):
        answer = client.post(f"{API}/elevate", json={"code": "000000"})
    assert answer.status_code == 429
    check("POST", "/elevate", answer)
    client.server.home.forget_tries()


def test_strangers_get_401_everywhere(server: LiveServer) -> None:
    """Every operation is closed without a session, and says so as specified."""
    for path, operations in SPECIFICATION["paths"].items():
        for method in set(operations) - {"parameters"}:
            filled = re.sub(r"\{\w+\}", "x", path)
            answer = server.client().request(method.upper(), API + filled)
            assert answer.status_code == 401
            check(method, path, answer)


def test_every_route_is_described() -> None:
    """The specification has every route and method that the server registers, and no other."""
    from jupyter_secure.server.api import api_handlers

    described = {
        (re.sub(r"\{\w+\}", "*", path), method)
        for path, operations in SPECIFICATION["paths"].items()
        for method in set(operations) - {"parameters"}
    }
    registered = {
        (re.sub(r"\(.+\)", "*", route.removeprefix("/jupyter-secure/api")), method)
        for route, handler in api_handlers()
        for method in ("get", "put", "post", "delete", "patch")
        if method in vars(handler)
    }
    assert described == registered


def test_installed_and_not_set_up(tmp_path: Path) -> None:
    """A server where nothing was set up is as it was, and says in ``status`` what to run."""
    home = Home(
        tmp_path, bare_variables(tmp_path), {}, Authenticator("otpauth://x/?secret=" + "A" * 32)
    )
    port, log_file = free_port(), tmp_path / "log"
    process = launch(home, port, log_file, "--IdentityProvider.token=t")
    try:
        answer = None
        while answer is None:
            assert process.poll() is None, log_file.read_text()
            try:
                url = f"http://localhost:{port}{API}/status?token=t"
                answer = requests.get(url, timeout=10)
            except requests.ConnectionError:
                time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(20)
    check("GET", "/status", answer)
    assert answer.json()["configured"] is False
    assert "jupyter secure init" in answer.json()["remedy"]


def test_access_tokens_as_described(server: LiveServer) -> None:
    """Making, listing and revoking answer as the specification says, elevated or not."""
    server.home.forget_tries()
    client = server.logged_in()
    wanted = {"name": "t", "rights": ["read"], "folder": "dir", "days": 3}

    def post(body: object) -> requests.Response:
        answer = client.post(f"{API}/tokens", json=body)
        check("POST", "/tokens", answer)
        return answer

    assert post(wanted).status_code == 423
    assert client.elevate().ok
    made = post(wanted)
    assert made.status_code == 201
    wrong: tuple[dict[str, object], ...] = (
        {"name": ""},
        {"name": 5},
        {"rights": []},
        {"rights": ["fly"]},
        {"rights": ["manage"]},
        {"rights": "read"},
        {"folder": "../x"},
        {"folder": 5},
        {"days": 0},
        {"days": 1000},
        {"days": "3"},
        {"days": True},
    )
    for change in wrong:
        assert post({**wanted, **change}).status_code == 400, change
    assert post(["name"]).status_code == 400
    check("GET", "/tokens", client.get(f"{API}/tokens"))
    for status in (204, 404):
        answer = client.delete(f"{API}/tokens/{made.json()['id']}")
        assert answer.status_code == status
        check("DELETE", "/tokens/{id}", answer)
