"""Which right a request needs: one table, read from the top, over whoever's routes.

What stands in no row (the routes of other extensions) is for owners and editors only, who may run
code here anyway: nobody but its author knows what such a route does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.server.admission import Admission
from jupyter_secure.server.refusal import Refusal


class Door(Enum):
    """What a row asks for that is no right."""

    #: Everyone who is logged in, and every access token.
    EVERYONE = "everyone"
    #: Everyone who is logged in; no access token: pages, and what is a person's own.
    PERSON = "person"


class Tokens(Enum):
    """Whether access tokens may use a route that they have the right for."""

    NO = "no"
    YES = "yes"
    #: Those for one folder too: what the route reaches is held to the folder (``token_folder``).
    IN_FOLDER = "in folder"


@dataclass(frozen=True)
class Row:
    """One line of the table. The pattern is that of the whole path below the base URL."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    need: Right | Door
    tokens: Tokens
    #: Whether a second factor must have been confirmed lately.
    elevated: bool


#: Roles that may use what stands in no row.
TRUSTED_WITH_ANYTHING = frozenset({Role.OWNER, Role.EDITOR})

_READ, _WRITE, _EXECUTE = Right.READ, Right.WRITE, Right.EXECUTE
_AUDIT, _MANAGE = Right.AUDIT, Right.MANAGE
_EVERYONE, _PERSON = Door.EVERYONE, Door.PERSON
_NO, _YES, _IN_FOLDER = Tokens.NO, Tokens.YES, Tokens.IN_FOLDER

_CHANGES = "POST PUT PATCH DELETE"
_ANY = f"GET {_CHANGES}"
_OURS = "jupyter-secure/api"
# What is made of a notebook without another program that has a will of its own.
PLAIN_FORMATS = (
    "asciidoc",
    "html",
    "latex",
    "markdown",
    "notebook",
    "python",
    "rst",
    "script",
    "slides",
)


def _row(
    methods: str,
    pattern: str,
    need: Right | Door,
    tokens: Tokens = _NO,
    *,
    elevated: bool = False,
) -> Row:
    # HEAD answers what GET does, and OPTIONS less.
    methods = methods.replace("GET", "GET HEAD OPTIONS")
    return Row(frozenset(methods.split()), re.compile(pattern), need, tokens, elevated)


_TABLE = (
    # Notebooks and files.
    _row("GET", r"api/contents(/.*)?", _READ, _IN_FOLDER),
    # What is trusted runs, in the browser of whoever opens it.
    _row("POST", r"api/contents(/.*)?/trust", _EXECUTE, _IN_FOLDER),
    _row(_CHANGES, r"api/contents(/.*)?", _WRITE, _IN_FOLDER),
    _row("GET", r"(files|view)/.*", _READ, _IN_FOLDER),
    _row("GET", rf"nbconvert/({'|'.join(PLAIN_FORMATS)})/.*", _READ, _IN_FOLDER),
    # LaTeX and browsers do what the text tells them, and read files that no folder holds. Who may
    # not run code must not get a text of their own to them.
    _row("GET", r"nbconvert/\w+/.*", _READ),
    _row("POST", r"nbconvert/\w+", _EXECUTE, _YES),
    _row("GET", r"api/resolvePath", _READ),
    _row(_ANY, r"api/notebooks(/.*)?", _READ),  # only redirects
    # Code. That a kernel or terminal is there, everyone may see: JupyterLab asks as it starts.
    _row("GET", r"api/kernels/[^/]+/channels", _EXECUTE, _IN_FOLDER),
    _row("GET", r"api/kernels(/[^/]+)?", _EVERYONE, _IN_FOLDER),
    _row(_CHANGES, r"api/kernels(/.*)?", _EXECUTE, _IN_FOLDER),
    # Sessions name the files that kernels were started for.
    _row("GET", r"api/sessions(/[^/]+)?", _READ, _IN_FOLDER),
    _row(_CHANGES, r"api/sessions(/.*)?", _EXECUTE, _IN_FOLDER),
    _row("GET", r"api/terminals(/[^/]+)?", _EVERYONE, _YES),
    _row(_CHANGES, r"api/terminals(/.*)?", _EXECUTE, _YES),
    _row("GET", r"terminals/websocket/[^/]+", _EXECUTE, _YES),
    _row("GET", r"api/kernelspecs(/.*)?", _EVERYONE, _IN_FOLDER),
    _row("GET", r"kernelspecs/.*", _EVERYONE, _IN_FOLDER),
    _row("GET", r"api/nbconvert", _EVERYONE, _IN_FOLDER),
    # The server.
    _row("GET", r"api", _EVERYONE, _IN_FOLDER),
    _row("GET", r"api/(status|me|spec\.yaml)", _EVERYONE, _IN_FOLDER),
    _row("GET", r"api/events/subscribe", _READ, _YES),
    _row("POST", r"api/events", _WRITE),
    _row("GET", r"metrics", _READ, _YES),
    _row("POST", r"api/shutdown", _MANAGE),
    _row("GET", r"api/config/\w+", _PERSON),
    _row(_CHANGES, r"api/config/\w+", _WRITE),
    _row("POST", r"api/security/csp-report", _PERSON),
    # JupyterLab and Notebook: their pages and what they are made of.
    _row("GET", r"", _PERSON),
    _row("GET", r"(lab|doc)(/workspaces/[\w-]+)?(/tree/.*)?", _PERSON),
    _row("GET", r"(tree|notebooks|edit|consoles|terminals)(/.*)?", _PERSON),
    _row(
        "GET",
        r"(static|lab/extensions|lab/api/(themes|translations|listings|licenses))(/.*)?",
        _PERSON,
    ),
    _row("GET", r"(favicon\.ico|robots\.txt|custom/custom\.css)", _PERSON),
    _row("GET", r"lab/api/(settings|workspaces)(/.*)?", _PERSON),
    _row(_CHANGES, r"lab/api/(settings|workspaces)(/.*)?", _WRITE),
    _row("GET", r"lab/api/(news|update|build)", _PERSON),
    # What is installed here runs in everyone's browser and with the server's rights.
    _row("GET", r"lab/api/(extensions|plugins)", _PERSON),
    _row("POST", r"lab/api/(extensions|plugins)", _MANAGE, elevated=True),
    _row("POST DELETE", r"lab/api/build", _MANAGE, elevated=True),
    # Ours. What is a person's own, then content, then what is everyone's.
    _row(_ANY, _OURS + r"/(status|activity|elevate(/options)?|watch)", _PERSON),
    _row(_ANY, _OURS + r"/(account|sessions|tokens)(/.*)?", _PERSON),
    _row("GET POST", r"jupyter-secure/(account|confirm|enrol)(/.*)?", _PERSON),
    _row("GET", _OURS + r"/(locks|protection|catalogue|history|deleted)(/.*)?", _READ),
    _row("POST", _OURS + r"/locks/.*", _READ),  # opens by passphrase
    _row(_CHANGES, _OURS + r"/(locks|catalogue|history|deleted)(/.*)?", _WRITE),
    _row("GET", _OURS + r"/(migration|sealed-folders)(/.*)?", _READ),
    _row("PUT", _OURS + r"/sealed-folders/.*", _WRITE),
    _row("DELETE", _OURS + r"/sealed-folders/.*", _MANAGE),
    _row(_CHANGES, _OURS + r"/migration", _MANAGE),
    _row(_ANY, _OURS + r"/users(/.*)?", _MANAGE),
    _row(_ANY, r"jupyter-secure/users(/.*)?", _MANAGE),
    # All of it with the right to it, else what one did oneself: the handler says which.
    _row("GET", _OURS + r"/audit", _EVERYONE, _YES),
    _row(_ANY, _OURS + r"/audit(/.*)?", _AUDIT, _YES),
)


def row_for(method: str, path: str) -> Row | None:
    """Return the row of a request, or ``None``. ``path`` is raw, and relative to the base URL."""
    path = path.removesuffix("/")  # which Jupyter answers with a redirect, or not at all
    for row in _TABLE:
        if method in row.methods and row.pattern.fullmatch(path):
            return row
    return None


def needed_right(method: str, path: str) -> Right | Door | None:
    """Return what a request needs; ``None``: it stands in no row, and is for the trusted roles."""
    row = row_for(method, path)
    return None if row is None else row.need


WRONG_TOKEN = Refusal(
    401,
    "This access token opens nothing. It is mistyped, has expired or was revoked. Make another one "
    "in the account page, or with `jupyter secure token create`.",
    "wrong-token",
)

_DOES = {
    Right.READ: "see notebooks and files",
    Right.WRITE: "change notebooks, files and settings",
    Right.EXECUTE: "run code",
    Right.AUDIT: "see the record",
    Right.MANAGE: "look after accounts, keys and the server",
}


def refusal(row: Row | None, who: Admission) -> Refusal | None:
    """Say why ``who`` may not do what ``row`` stands for, or ``None``."""
    if who.token is not None:
        return _token_refusal(row, who)
    if row is None:
        if who.role in TRUSTED_WITH_ANYTHING:
            return None
        return _not_allowed(
            "This belongs to an extension, and what it does is not known here. Only owners and "
            f"editors may use it, and your role is {_name(who.role)}."
        )
    if isinstance(row.need, Right) and row.need not in who.rights:
        return _not_allowed(
            f"Your account may not {_DOES[row.need]}: its role is {_name(who.role)}. "
            "Ask an owner of this server for another one."
        )
    if row.elevated and not who.actor.elevated:
        return Refusal(
            423,
            "This needs a second factor that was confirmed within the last minutes. Confirm a code "
            "or a passkey and try again.",
            "elevation-required",
        )
    return None


def _token_refusal(row: Row | None, who: Admission) -> Refusal | None:
    assert who.token is not None
    if row is None or row.tokens is Tokens.NO or row.elevated:
        return _not_allowed("Access tokens cannot be used for this. Log in in a browser.")
    if isinstance(row.need, Right) and row.need not in who.rights:
        return _not_allowed(
            f"This access token may not {_DOES[row.need]}. It may do no more than it was made for, "
            "and no more than its account. Make one that has the right."
        )
    if who.token.folder and row.tokens is not Tokens.IN_FOLDER:
        return _not_allowed(
            f"This access token is for the folder “{who.token.folder}”, and this is not held to "
            "one. Make one without a folder."
        )
    return None


def _name(role: Role | None) -> str:
    return "none" if role is None else role.value


def _not_allowed(message: str) -> Refusal:
    return Refusal(403, message, "not-allowed")
