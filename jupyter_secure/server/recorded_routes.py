"""Which request is which event: one table, read from the top, over whoever's routes.

What stands in no row is recorded too, as ``request:read`` or ``request:change``: nobody but its
author knows what another extension's route does. Only what is known to give no content, and is
asked for all the time, leaves no event (``_SILENT``), unless it is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from jupyter_secure.server.recorded_forms import action_of

#: A body beyond this is content, and not the few fields that are looked for here.
MOST_BODY_BYTES = 64 * 1024
_API = r"jupyter-secure/api"


@dataclass(frozen=True)
class Asked:
    """A request, as far as the table looks at it. ``path`` is below the base URL, decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    upgrade: bool
    body: Callable[[], bytes]
    is_folder: Callable[[str], bool]

    def field(self, name: str) -> str:
        """Return a text field of a JSON body; empty if there is none."""
        blob = self.body()
        if len(blob) > MOST_BODY_BYTES:
            return ""
        try:
            value = json.loads(blob).get(name)
        except (ValueError, AttributeError, RecursionError):
            return ""
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Planned:
    """The event that a request is: its action, the file it is about, where to, and whom."""

    action: str
    path: str = ""
    to: str = ""
    target: str = ""


_Made = Callable[[Asked, "re.Match[str]"], "Planned | None"]


def _is(action: str, *, path: str = "path", target: str = "") -> _Made:
    """Return a row's answer: the action, with the named groups as path and target."""

    def made(_: Asked, found: re.Match[str]) -> Planned:
        groups = found.groupdict()
        return Planned(action, path=groups.get(path) or "", target=groups.get(target) or "")

    return made


def _opened(asked: Asked, found: re.Match[str]) -> Planned | None:
    path = found["path"] or ""
    # Names, sizes and times are no content; the file browser asks for them every few seconds.
    if asked.query.get("content", "1") == "0" or asked.is_folder(path):
        return None
    return Planned("file:open", path)


def _history(asked: Asked, found: re.Match[str]) -> Planned:
    if "version" in asked.query:
        return Planned("version:open", found["path"], target=asked.query["version"][:20])
    action = "file:compare" if "from" in asked.query else "version:list"
    return Planned(action, found["path"])


def _undeleted(asked: Asked, found: re.Match[str]) -> Planned:
    return Planned("version:undelete", asked.field("path").strip("/"), target=found["id"][:64])


def _created(asked: Asked, found: re.Match[str]) -> Planned:
    folder = found["path"] or ""
    if source := asked.field("copy_from"):
        return Planned("file:copy", source.strip("/"), to=folder)
    return Planned("file:create", folder)


def _renamed(asked: Asked, found: re.Match[str]) -> Planned:
    return Planned("file:rename", found["path"] or "", to=asked.field("path").strip("/"))


def _reviewed(asked: Asked, found: re.Match[str]) -> Planned:
    action = "file:restore" if asked.field("action") == "restore" else "file:accept"
    return Planned(action, found["path"] or "")


def _started(asked: Asked, _: re.Match[str]) -> Planned:
    return Planned("kernel:start", asked.field("path").strip("/"))


def _reset(asked: Asked, found: re.Match[str]) -> Planned:
    what = "reset-2fa" if asked.field("what") == "two-factor" else "reset-password"
    return Planned(f"user:{what}", target=found["who"])


def _on_page(asked: Asked, _: re.Match[str]) -> Planned:
    action, about = action_of(asked.path, asked.body())
    return Planned(action or "request:change", target=about if action else asked.path[:200])


def _at_commit(asked: Asked, found: re.Match[str]) -> Planned:
    """A file's content, as jupyterlab-git asks for both sides of a comparison."""
    path = f"{found['path']}/{asked.field('filename')}".strip("/")
    return Planned("file:compare", path)


def _invited(asked: Asked, _: re.Match[str]) -> Planned:
    return Planned("user:invite", target=asked.field("username"))


_P = r"(?P<path>.*)"
_TABLE: tuple[tuple[str, str, _Made], ...] = (
    # content
    ("GET", rf"api/contents/{_P}/checkpoints", lambda *_: None),
    ("POST", rf"api/contents/{_P}/checkpoints", _is("checkpoint:create")),
    ("POST", rf"api/contents/{_P}/checkpoints/[\w-]+", _is("checkpoint:restore")),
    ("DELETE", rf"api/contents/{_P}/checkpoints/[\w-]+", _is("checkpoint:delete")),
    ("POST", rf"api/contents/{_P}/trust", _is("file:trust")),
    ("GET", rf"api/contents(/{_P})?", _opened),
    ("POST", rf"api/contents(/{_P})?", _created),
    ("PUT", rf"api/contents(/{_P})?", _is("file:save")),
    ("PATCH", rf"api/contents(/{_P})?", _renamed),
    ("DELETE", rf"api/contents(/{_P})?", _is("file:delete")),
    ("GET", rf"files/{_P}", _is("file:download")),
    ("GET", rf"view/{_P}", _is("file:open")),
    ("GET", rf"nbconvert/\w+/{_P}", _is("file:export")),
    ("POST", r"nbconvert/\w+", _is("file:export")),
    # other extensions whose way to a file's content is known
    ("POST", rf"git/{_P}/content", _at_commit),
    ("POST", rf"git/{_P}/(log|detailed_log)", _is("version:list")),
    ("PUT", rf"api/collaboration/session/{_P}", _is("file:open")),
    ("GET", rf"{_API}/history/{_P}", _history),
    ("POST", rf"{_API}/history/{_P}", _is("version:restore")),
    ("GET", rf"{_API}/deleted", _is("version:list")),
    ("POST", rf"{_API}/deleted/(?P<id>.*)", _undeleted),
    # protection
    ("PUT", rf"{_API}/locks/{_P}", _is("file:lock")),
    ("POST", rf"{_API}/locks/{_P}", _is("file:open-lock")),
    ("DELETE", rf"{_API}/locks/{_P}", _is("file:unlock")),
    ("PUT", rf"{_API}/sealed-folders(/{_P})?", _is("folder:seal")),
    ("DELETE", rf"{_API}/sealed-folders(/{_P})?", _is("folder:unseal")),
    ("POST", rf"{_API}/catalogue(/{_P})?", _reviewed),
    (
        "POST",
        rf"{_API}/migration",
        lambda asked, _: Planned("migration:begin", asked.field("path")),
    ),
    ("DELETE", rf"{_API}/migration", _is("migration:stop")),
    # identity
    ("POST", r"login/?", _is("session:begin")),
    ("POST", r"logout", _is("session:end")),
    ("POST", rf"({_API}/elevate|jupyter-secure/confirm)", _is("session:elevate")),
    ("DELETE", rf"{_API}/sessions(/(?P<who>[\w-]+))?", _is("session:end", target="who")),
    ("POST", rf"{_API}/account/password", _is("account:password")),
    ("POST|PUT", rf"{_API}/account/totp", _is("account:totp-add")),
    ("DELETE", rf"{_API}/account/totp", _is("account:totp-remove")),
    ("POST", rf"{_API}/account/recovery-codes", _is("account:recovery-codes")),
    ("POST", rf"{_API}/account/passkeys", _is("account:passkey-add")),
    ("PUT", rf"{_API}/account/passkeys/(?P<id>[^/]*)/vault", _is("vault:slot-add", target="id")),
    (
        "DELETE",
        rf"{_API}/account/passkeys/(?P<id>[^/]*)/vault",
        _is("vault:slot-remove", target="id"),
    ),
    ("PATCH", rf"{_API}/account/passkeys/(?P<id>.*)", _is("account:passkey-rename", target="id")),
    ("DELETE", rf"{_API}/account/passkeys/(?P<id>.*)", _is("account:passkey-remove", target="id")),
    ("DELETE", rf"{_API}/account/devices(/(?P<id>.*))?", _is("account:device-forget", target="id")),
    ("POST", rf"{_API}/tokens", _is("token:create")),
    ("DELETE", rf"{_API}/tokens/(?P<id>.*)", _is("token:revoke", target="id")),
    ("POST", rf"{_API}/users", _invited),
    ("PATCH", rf"{_API}/users/(?P<who>[^/]+)", _is("user:role", target="who")),
    ("DELETE", rf"{_API}/users/(?P<who>[^/]+)", _is("user:remove", target="who")),
    ("POST", rf"{_API}/users/(?P<who>[^/]+)/reset", _reset),
    ("POST", rf"{_API}/users/(?P<who>[^/]+)/unlock", _is("user:unlock", target="who")),
    ("DELETE", rf"{_API}/users/(?P<who>[^/]+)/links", _is("link:withdraw", target="who")),
    ("POST", r"jupyter-secure/join", _is("link:use")),
    ("POST", r"jupyter-secure/(account|users|enrol)", _on_page),
    # kernels and terminals
    ("POST", r"api/(kernels|sessions)", _started),
    ("DELETE", r"api/(kernels|sessions)/(?P<id>[^/]+)", _is("kernel:stop", target="id")),
    ("POST", r"api/kernels/(?P<id>[^/]+)/restart", _is("kernel:restart", target="id")),
    ("POST", r"api/kernels/(?P<id>[^/]+)/interrupt", _is("kernel:interrupt", target="id")),
    ("GET", r"api/kernels/(?P<id>[^/]+)/channels", _is("kernel:connect", target="id")),
    ("POST", r"api/terminals", _is("terminal:start")),
    ("DELETE", r"api/terminals/(?P<id>[^/]+)", _is("terminal:stop", target="id")),
    ("GET", r"terminals/websocket/(?P<id>[^/]+)", _is("terminal:connect", target="id")),
    ("GET", rf"jupyter-secure/data/{_P}", _is("kernel:read")),
    ("PUT", rf"jupyter-secure/data/{_P}", _is("kernel:write")),
    ("POST", rf"jupyter-secure/data/{_P}", _is("kernel:write")),  # a move says so itself
    ("DELETE", rf"jupyter-secure/data/{_P}", _is("kernel:delete")),
    # the server
    ("POST", r"api/shutdown", _is("server:stop")),
    ("POST|PUT|PATCH|DELETE", r"(lab/api/settings|api/config)(/.*)?", _is("settings:change")),
    ("GET", rf"{_API}/audit", _is("record:read")),
    ("GET", rf"{_API}/audit/export", _is("record:export")),
)
_ROWS = tuple((frozenset(m.split("|")), re.compile(p, re.DOTALL), made) for m, p, made in _TABLE)

# What gives no content and changes none: programs, pages, lists of what runs, and our own state.
_SILENT = (
    ("GET", r"|lab|doc|tree|notebooks|edit|consoles|terminals|login|logout"),
    ("GET", r"favicon\.ico|robots\.txt"),
    ("GET", r"(lab|doc|tree|notebooks|edit|consoles|terminals)/(?!websocket/|api/).*"),
    ("GET", r"(static|custom|kernelspecs|lab/extensions)/.*"),
    ("GET", r"lab/api/.*"),
    ("POST|PUT|DELETE", r"lab/api/workspaces(/.*)?"),  # which tabs are open, every few seconds
    ("GET", r"api|api/(status|me|spec\.yaml|kernelspecs|nbconvert|terminals|kernels|sessions)"),
    ("GET", r"api/(kernelspecs|terminals|kernels|sessions|config)/[^/]+"),
    ("GET", r"metrics|api/metrics/v1|lsp/status|server-proxy/servers-info|api/events/subscribe"),
    ("POST", r"api/security/csp-report"),
    # jupyterlab-git asks every few seconds: names, and no content.
    ("POST", r"git/.*/(status|branch|changed_files|remote/show|show_prefix|show_top_level|tags)"),
    ("POST", r"git/.*/(upstream|submodules)"),
    ("GET", r"git/settings"),
    # Our pages, and what our panel asks; history, audit and what changes anything stand above.
    ("GET", rf"jupyter-secure/(?!api/|data/).*|{_API}/(?!audit|history|deleted).*"),
    ("POST", rf"{_API}/activity|{_API}/(account/)?passkeys/options|{_API}/elevate/options"),
    ("POST", rf"{_API}/account/passkeys/[^/]*/vault|login/passkey"),  # what to ask it; no change
)  # fmt: skip
_QUIET = tuple((frozenset(m.split("|")), re.compile(p, re.DOTALL)) for m, p in _SILENT)


def planned(asked: Asked) -> Planned | None:
    """Return the event that a request is, or ``None`` for what leaves none."""
    if asked.method in ("OPTIONS", "HEAD"):
        return None  # they give and change nothing
    for methods, pattern, made in _ROWS:
        if asked.method in methods and (found := pattern.fullmatch(asked.path)):
            return made(asked, found)
    for methods, pattern in _QUIET:
        if asked.method in methods and pattern.fullmatch(asked.path):
            return None
    reads = asked.method == "GET" and not asked.upgrade
    return Planned("request:read" if reads else "request:change", target=asked.path[:200])


def below(base_url: str, path: str) -> str:
    """Return a request's path below the base URL as the routes see it, decoded."""
    return unquote(path.removeprefix(base_url) if path.startswith(base_url) else path.lstrip("/"))
