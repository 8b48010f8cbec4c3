"""The handlers for accounts, held to docs/reference/openapi.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from support.home import set_up
from support.live_server import Client, running
from support.team import as_owner

pytestmark = pytest.mark.integration

SPECIFICATION = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml").read_text()
)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(set_up(tmp_path_factory.mktemp("home"))) as server:
        yield as_owner(server)


@pytest.mark.parametrize(
    ("method", "path", "filled", "body", "status"),
    [
        ("POST", "/users", "/users", {"username": "Bob", "role": "editor"}, 201),
        ("GET", "/users", "/users", None, 200),
        ("POST", "/users", "/users", {"username": "alice", "role": "editor"}, 409),
        ("POST", "/users", "/users", {}, 400),
        ("DELETE", "/users/{name}/links", "/users/bob/links", None, 204),
        ("POST", "/users", "/users", {"username": "J. Ö/", "role": "editor"}, 400),
        ("POST", "/users", "/users", {"username": "jürgen öl", "role": "viewer"}, 201),
        ("DELETE", "/users/{name}", "/users/j%C3%BCrgen%20%C3%B6l", {"locks": "take"}, 200),
        ("DELETE", "/users/{name}", "/users/bob", {"locks": "take"}, 404),
        ("DELETE", "/users/{name}", "/users/bob", {"locks": "keep"}, 400),
        ("PATCH", "/users/{name}", "/users/bob", {"role": "viewer"}, 404),
        ("PATCH", "/users/{name}", "/users/bob", {"role": "king"}, 400),
        ("PATCH", "/users/{name}", "/users/alice", {"role": "viewer"}, 403),
        ("POST", "/users/{name}/reset", "/users/alice/reset", {"what": "password"}, 201),
        ("POST", "/users/{name}/reset", "/users/alice/reset", {"what": "two-factor"}, 201),
        ("POST", "/users/{name}/reset", "/users/alice/reset", {"what": "invitation"}, 400),
        ("POST", "/users/{name}/reset", "/users/bob/reset", {"what": "password"}, 404),
        ("POST", "/users/{name}/unlock", "/users/alice/unlock", None, 204),
        ("POST", "/users/{name}/unlock", "/users/bob/unlock", None, 404),
        ("GET", "/users", "/users?again", None, 200),
    ],
)
def test_it_answers_as_it_says(
    owner: Client, method: str, path: str, filled: str, body: Any, status: int
) -> None:
    """Every answer has a status, and a body, that the specification names."""
    answer = owner.request(method, f"/jupyter-secure/api{filled}", json=body)
    assert answer.status_code == status, answer.text
    described = SPECIFICATION["paths"][path][method.lower()]["responses"][str(status)]
    name = described.get("$ref", "").rpartition("/")[2]
    described = SPECIFICATION["components"]["responses"][name] if name else described
    if "content" not in described:
        assert answer.text == ""
        return
    schema = described["content"]["application/json"]["schema"]
    whole = {**schema, "components": SPECIFICATION["components"]}
    jsonschema.validate(answer.json(), whole, cls=jsonschema.Draft202012Validator)
