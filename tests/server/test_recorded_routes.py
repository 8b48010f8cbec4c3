"""Which request is which event, for routes of other extensions whose way to content is known."""

from __future__ import annotations

import json

import pytest

from jupyter_secure.server.recorded_routes import Asked, Planned, planned

_CHANGED = "request:change"


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "git/nb/content", {"filename": "a.ipynb"}, ("file:compare", "nb/a.ipynb")),
        ("POST", "git/nb/repo/content", None, ("file:compare", "nb/repo")),
        ("POST", "git/nb/repo/log", None, ("version:list", "nb/repo")),
        ("POST", "git/nb/repo/status", None, None),
        ("POST", "git/nb/repo/remote/show", None, None),
        ("GET", "git/settings", None, None),
        ("POST", "git/nb/repo/commit", None, (_CHANGED, "")),
        ("POST", "git/nb/repo/stash", None, (_CHANGED, "")),
        ("POST", "git/nb/status/checkout", None, (_CHANGED, "")),
        ("PUT", "api/collaboration/session/nb/a.ipynb", None, ("file:open", "nb/a.ipynb")),
        ("GET", "lsp/status", None, None),
        ("GET", "terminals/websocket/1", None, ("terminal:connect", "")),
        ("POST", "nbconvert/html", None, ("file:export", "")),
        ("GET", "kernelspecs/python3/logo.svg", None, None),
    ],
)  # fmt: skip
def test_others(
    method: str, path: str, body: dict[str, str] | None, expected: tuple[str, str] | None
) -> None:
    """What gives content or changes something leaves its event; what is asked all the time none."""
    found = asked(method, path, body=body)
    assert (found and (found.action, found.path)) == expected
    if found and found.action == _CHANGED:
        assert found.target == path


@pytest.mark.parametrize("path", ["lsp/ws/pylsp", "api/collaboration/room/json:notebook:1"])
def test_sockets(path: str) -> None:
    """A websocket counts as a change, as anything may come over it; its path is on record."""
    assert asked("GET", path, upgrade=True) == Planned(_CHANGED, target=path)


def asked(
    method: str, path: str, *, body: dict[str, str] | None = None, upgrade: bool = False
) -> Planned | None:
    blob = json.dumps(body or {}).encode()
    return planned(Asked(method, path, {}, upgrade, lambda: blob, lambda _: False))
