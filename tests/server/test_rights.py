from __future__ import annotations

import pytest
from support.routes import example

from jupyter_secure.identity.access_tokens import AccessToken, make
from jupyter_secure.identity.clock import utc_now
from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.locks import Actor
from jupyter_secure.server.admission import Admission
from jupyter_secure.server.rights import Door, needed_right, refusal, row_for

OURS = "jupyter-secure/api"


@pytest.mark.parametrize(
    ("method", "path", "need"),
    [
        ("GET", "api/contents", Right.READ),
        ("HEAD", "api/contents/a/b.ipynb", Right.READ),
        ("GET", "api/contents/a.ipynb/checkpoints", Right.READ),
        ("POST", "api/contents/a.ipynb/checkpoints/x", Right.WRITE),
        ("POST", "api/contents/a.ipynb/trust", Right.EXECUTE),
        ("POST", "api/contents/trust", Right.EXECUTE),
        ("PUT", "api/contents/a.ipynb", Right.WRITE),
        ("DELETE", "api/contents/a.ipynb", Right.WRITE),
        ("GET", "files/a.csv", Right.READ),
        ("GET", "view/a.html", Right.READ),
        ("GET", "nbconvert/html/a.ipynb", Right.READ),
        ("POST", "nbconvert/html", Right.EXECUTE),
        ("GET", "api/kernels", Door.EVERYONE),
        ("POST", "api/kernels", Right.EXECUTE),
        ("GET", "api/kernels/1-2-3-4-5/channels", Right.EXECUTE),
        ("POST", "api/kernels/1-2-3-4-5/restart", Right.EXECUTE),
        ("GET", "api/sessions", Right.READ),
        ("PATCH", "api/sessions/1-2-3-4-5", Right.EXECUTE),
        ("GET", "terminals/websocket/1", Right.EXECUTE),
        ("POST", "api/terminals", Right.EXECUTE),
        ("GET", "terminals/1", Door.PERSON),
        ("GET", "api/events/subscribe", Right.READ),
        ("POST", "api/shutdown", Right.MANAGE),
        ("GET", "", Door.PERSON),
        ("GET", "lab", Door.PERSON),
        ("GET", "lab/", Door.PERSON),
        ("GET", "lab/workspaces/auto-x/tree/a/b.ipynb", Door.PERSON),
        ("GET", "lab/api/settings", Door.PERSON),
        ("PUT", "lab/api/settings/@a/b:c", Right.WRITE),
        ("PUT", "lab/api/workspaces/default", Right.WRITE),
        ("POST", "lab/api/extensions", Right.MANAGE),
        ("POST", "lab/api/plugins", Right.MANAGE),
        ("GET", f"{OURS}/status", Door.PERSON),
        ("POST", f"{OURS}/tokens", Door.PERSON),
        ("DELETE", f"{OURS}/sessions/a", Door.PERSON),
        ("GET", f"{OURS}/users", Right.MANAGE),
        ("PUT", f"{OURS}/locks/a.ipynb", Right.WRITE),
        ("POST", f"{OURS}/migration", Right.MANAGE),
        ("DELETE", f"{OURS}/sealed-folders/a", Right.MANAGE),
        ("GET", f"{OURS}/audit/export", Right.AUDIT),
        ("GET", f"{OURS}/audit", Door.EVERYONE),
        # What only looks like one of these, and what is of others.
        ("GET", "api/contentsx", None),
        ("GET", "api//contents", None),
        ("GET", "x/api/contents", None),
        ("GET", "lab/other", None),
        ("GET", "git/status", None),
        ("POST", "lab", None),
        ("TRACE", "api", None),
        ("GET", "API/contents", None),
    ],
)
def test_the_table(method: str, path: str, need: object) -> None:
    """Each kind of route has its right, and what stands in no row has none."""
    assert needed_right(method, path) == need


def token(*rights: Right, folder: str = "") -> AccessToken:
    return make(
        username="alice",
        role=Role.OWNER,
        name="t",
        rights=rights,
        folder=folder,
        days=1,
        now=utc_now(),
    )[1]


def person(role: Role, *, elevated: bool = False) -> Admission:
    actor = Actor("alice", elevated=elevated)
    return Admission(None, actor, same_origin=True, rights=role.rights, role=role)


def bearer(*rights: Right, folder: str = "") -> Admission:
    made = token(*rights, folder=folder)
    actor = Actor("alice", elevated=False)
    return Admission(None, actor, same_origin=False, token=made, rights=made.rights)


OWNER, EDITOR, VIEWER, AUDITOR = map(person, Role)
READER = bearer(Right.READ)


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        (OWNER, "POST", "lab/api/extensions", 423),
        (person(Role.OWNER, elevated=True), "POST", "lab/api/extensions", None),
        (person(Role.EDITOR, elevated=True), "POST", "lab/api/extensions", 403),
        (OWNER, "GET", "git/status", None),
        (EDITOR, "GET", "git/status", None),
        (VIEWER, "GET", "git/status", 403),
        (AUDITOR, "GET", "git/status", 403),
        (READER, "GET", "git/status", 403),
        (EDITOR, "POST", "api/kernels", None),
        (EDITOR, "GET", f"{OURS}/users", 403),
        (EDITOR, "GET", f"{OURS}/audit/export", 403),
        (VIEWER, "GET", "lab", None),
        (VIEWER, "GET", "api/contents/a.ipynb", None),
        (VIEWER, "PUT", "api/contents/a.ipynb", 403),
        (VIEWER, "POST", "api/sessions", 403),
        (VIEWER, "GET", "api/kernels/a/channels", 403),
        (VIEWER, "GET", "terminals/websocket/1", 403),
        (VIEWER, "PUT", "lab/api/workspaces/default", 403),
        (VIEWER, "POST", f"{OURS}/account/password", None),
        (AUDITOR, "GET", "lab", None),
        (AUDITOR, "GET", f"{OURS}/status", None),
        (AUDITOR, "GET", f"{OURS}/audit/export", None),
        (AUDITOR, "GET", "api/contents", 403),
        (AUDITOR, "GET", "files/a.ipynb", 403),
        (AUDITOR, "GET", "nbconvert/html/a.ipynb", 403),
        (AUDITOR, "GET", f"{OURS}/locks", 403),
        (READER, "GET", "api/contents", None),
        (READER, "PUT", "api/contents/a", 403),
        (READER, "GET", "nbconvert/html/a.ipynb", None),
        (READER, "GET", "nbconvert/pdf/a.ipynb", 403),
        (READER, "GET", "nbconvert/webpdf/a.ipynb", 403),
        (READER, "POST", "nbconvert/html", 403),
        (VIEWER, "GET", "nbconvert/pdf/a.ipynb", None),
        (VIEWER, "POST", "nbconvert/pdf", 403),
        (READER, "GET", f"{OURS}/status", 403),
        (bearer(Right.READ, folder="a"), "GET", "api/contents/a", None),
        (bearer(Right.READ, folder="a"), "GET", "api/events/subscribe", 403),
        (bearer(Right.EXECUTE, folder="a"), "POST", "api/terminals", 403),
        (bearer(Right.AUDIT), "GET", f"{OURS}/audit/export", None),
    ],
)
def test_who_may_what(who: Admission, method: str, path: str, status: int | None) -> None:
    """Roles, access tokens and elevation, each held to the table; a refusal says why."""
    refused = refusal(row_for(method, path), who)
    assert (None if refused is None else refused.status) == status
    if refused is not None:
        assert refused.message.endswith(".")
        assert refused.reason == {403: "not-allowed", 423: "elevation-required"}[refused.status]


def test_every_route_of_ours_is_classified() -> None:
    """What we register ourselves stands in the table, each method of it; kernels' data apart."""
    from jupyter_secure.server.api import api_handlers
    from jupyter_secure.server.own_pages import own_pages
    from jupyter_secure.server.users_page import people_pages

    missing = [
        (method.upper(), route)
        for route, handler in (*api_handlers(), *own_pages(), *people_pages())
        for method in ("get", "post", "put", "patch", "delete")
        if method in vars(handler)
        and route not in ("/login/passkey", "/jupyter-secure/join")  # open pages
        and needed_right(method.upper(), example(route).strip("/")) is None
    ]
    assert missing == []
