"""What JupyterLab's page is told about who loads it."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application

from jupyter_secure.identity.roles import Role
from jupyter_secure.locks import Actor
from jupyter_secure.server.admission import Admission, admit
from jupyter_secure.server.page_config import tell_pages_the_role


class _Handler:
    def __init__(self, role: Role | None) -> None:
        self.request = HTTPServerRequest(
            start_line=RequestStartLine("GET", "/lab", "HTTP/1.1"),
            headers=HTTPHeaders({"Host": "localhost"}),
        )
        if role is not None:
            actor = Actor("ann", elevated=False)
            admit(self.request, Admission(None, actor, True, rights=role.rights, role=role))


@pytest.mark.parametrize(
    ("role", "told"),
    [
        (Role.OWNER, {"jupyterSecureRole": "owner"}),
        (Role.EDITOR, {"jupyterSecureRole": "editor"}),
        (Role.VIEWER, {"jupyterSecureRole": "viewer", "notebookStartsKernel": "false"}),
        (Role.AUDITOR, {"jupyterSecureRole": "auditor", "notebookStartsKernel": "false"}),
        (None, {}),
    ],
)
def test_a_page_is_told_the_role(role: Role | None, told: dict[str, str]) -> None:
    """Whoever may not run code gets a page that does not start kernels by itself."""
    app = Application()
    tell_pages_the_role(app)
    assert app.settings["page_config_hook"](_Handler(role), {}) == told


def test_the_hook_of_another_extension_is_asked_first() -> None:
    """What somebody else puts into the page is still there, and cannot change the role."""

    def other(_: object, page_config: dict[str, Any]) -> dict[str, Any]:
        return {**page_config, "theirs": "1", "jupyterSecureRole": "owner"}

    app = Application(page_config_hook=other)
    tell_pages_the_role(app)
    assert app.settings["page_config_hook"](_Handler(Role.VIEWER), {"ours": "1"}) == {
        "ours": "1",
        "theirs": "1",
        "jupyterSecureRole": "viewer",
        "notebookStartsKernel": "false",
    }
